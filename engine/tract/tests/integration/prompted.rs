//! A whole prompted challenge without a browser: the free portrait answers three cues, and the decision is made as on
//! the server. Then rounds and strip are tampered with in many ways.

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::prompt::{Gesture, Next, Outcome, Pictures, Policy, ServedRound, commitment, next_cue};
use engine::{
    Ask, Attempt, Decision, Issued, KeyKind, Phase, Picture, Reason, Scorer, Submission, Terms, Thresholds, Verdict,
    decide, jpeg, transcript,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{self, MODELS, SECRET};

const FRAME_MS: f64 = 40.0;
/// From a cue to the response.
const LATENCY_S: f32 = 0.4;

/// What the server issued and receives.
#[derive(Clone)]
struct Case {
    issued: Issued,
    payload: Value,
    open: Vec<u8>,
    closed: Vec<u8>,
    strip: Vec<u8>,
}

impl Case {
    fn verdict(&self) -> Verdict {
        self.decision().verdict
    }

    fn decision(&self) -> Decision {
        let payload = serde_json::to_vec(&self.payload).unwrap();
        let input = transcript::signing_input(&payload, &self.issued.public_key);
        let jws = transcript::sign(&input, &SECRET);
        let Case { issued, open, closed, strip, .. } = self;
        let submission = Submission { transcript: jws.as_bytes(), open, closed, strip };
        let mut scorer = Scorer::new(MODELS.networks());
        decide(issued, &submission, &mut scorer, &Thresholds::V8).unwrap()
    }

    /// Replaces the strip and states its hash, as a forger with the key would who has committed to other pictures.
    fn replace_strip(&mut self, strip: Vec<u8>) {
        self.payload["strip"] = json!({ "sha256": sha256(&strip), "bytes": strip.len() });
        self.strip = strip;
    }

    /// The same by a forger who made the rows in time to commit to them.
    fn replace_rows(&mut self, rows: &[Vec<u8>]) {
        self.replace_strip(jpeg::join_rows(rows).unwrap());
        let frames = transcript::unpack(self.payload["frames"].as_str().unwrap()).unwrap();
        let mut chain = self.issued.terms.nonce.clone();
        let (mut from, mut rows) = (0, rows.iter());
        for (number, served) in self.issued.rounds.iter_mut().enumerate() {
            let round = &mut self.payload["rounds"][number];
            if served.outcome == Outcome::Done {
                round["pictures"]["row"] = json!(sha256(rows.next().unwrap()));
            }
            let pictures: Option<Pictures> = serde_json::from_value(round["pictures"].clone()).unwrap();
            let to = round["frames"].as_u64().unwrap() as usize;
            chain = commitment(&chain, &frames[from..to], pictures.as_ref());
            served.commitment.clone_from(&chain);
            from = to;
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

/// An honest attempt without a turn, in which the eyes are held closed for longer and longer.
fn honest() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let scene = clip_maker::scene(Path::new(clip_maker::PORTRAIT), &MODELS, Vec::new()).unwrap();
        let public_key = support::public_key();
        let terms = Terms { timeout_ms: 60_000, policy: Policy::Prompted, rate: 250, ..support::terms() };
        let rules = Policy::Prompted.rules(&Thresholds::V8);
        let mut attempt = Attempt::new(MODELS.networks(), Thresholds::V8);
        attempt.begin(terms.clone(), KeyKind::Soft, public_key, 0.0);
        let (mut rounds, mut cue, mut asked): (Vec<ServedRound>, _, _) = (Vec::new(), None, None);
        let mut lids = Lids::default();
        for index in 0..1000_u32 {
            let now = f64::from(index) * FRAME_MS;
            let t_s = now as f32 / 1000.0;
            let picture = scene.posed(t_s, lids.closure(t_s), 0.0, index).unwrap();
            let (_, progress) = attempt.push(&picture.as_frame(), now).unwrap();
            let ask = progress.prompt.unwrap().ask;
            if ask != Ask::Fetch && progress.phase != Phase::Complete {
                if asked.replace(ask) != Some(ask) {
                    lids.answer(ask, t_s);
                }
                continue;
            }
            if let (Some((cue, revealed_ms)), Some(made)) = (cue.take(), attempt.commitment()) {
                let (commitment, outcome) = (made.commitment.clone(), made.outcome);
                rounds.push(ServedRound { cue, revealed_ms, commitment, outcome, committed_ms: now as u64 + 30 });
            }
            let history = rounds.iter().map(|round| (round.cue, round.outcome));
            let hold = rounds.len() as u32 * (u32::MAX / 6);
            match next_cue(terms.turn, history, || hold, rules) {
                Next::Cue(next) => {
                    cue = Some((next, now as u64 + 10));
                    attempt.reveal(next, now + 20.0);
                }
                end => {
                    assert_eq!(end, Next::Complete);
                    break;
                }
            }
        }
        let evidence = attempt.evidence().unwrap();
        let (_, payload) = evidence.signing_input.split_once('.').unwrap();
        let payload = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        Case {
            issued: Issued { terms, public_key, rounds, elapsed_ms: 30_000 },
            payload,
            open: evidence.open.clone(),
            closed: evidence.closed.clone(),
            strip: evidence.strip.clone(),
        }
    })
}

/// The lids of a person who answers every prompt after [`LATENCY_S`]. Times are in seconds.
#[derive(Default)]
struct Lids {
    /// When the lids begin to close and to open.
    closures: Vec<(f32, f32)>,
}

impl Lids {
    const MOVE_S: f32 = 0.1;
    const BLINK_S: f32 = 0.2;

    fn answer(&mut self, ask: Ask, t_s: f32) {
        let at = t_s + LATENCY_S;
        match ask {
            Ask::Once => self.closures.push((at, at + Self::BLINK_S)),
            Ask::Twice => self.closures.extend([at, at + 0.6].map(|at| (at, at + Self::BLINK_S))),
            Ask::Hold => self.closures.push((at, f32::INFINITY)),
            Ask::Tone => self.closures.last_mut().unwrap().1 = at,
            _ => {}
        }
    }

    /// How far the lids are down: 0 is open, 1 is closed.
    fn closure(&self, t_s: f32) -> f32 {
        let down = |&(from, to): &(f32, f32)| {
            ((t_s - from) / Self::MOVE_S).clamp(0.0, 1.0).min(1.0 - ((t_s - to) / Self::MOVE_S).clamp(0.0, 1.0))
        };
        self.closures.iter().map(down).fold(0.0, f32::max)
    }
}

#[test]
fn a_person_who_answers_every_cue_is_accepted() {
    let case = honest();
    let gestures: Vec<Gesture> = case.issued.rounds.iter().map(|round| round.cue.gesture).collect();
    assert_eq!(gestures, [Gesture::Hold; 4]);
    assert_eq!(case.verdict(), Verdict::Accepted);
}

#[test]
fn rounds_that_contradict_the_server_are_rejected_with_their_reason() {
    type Bend = fn(&mut Case);
    let cases: [(&str, Reason, Bend); 13] = [
        ("a cue received before it was revealed", Reason::PromptTimes, |c| c.issued.rounds[1].revealed_ms += 900),
        ("a commitment before its frames", Reason::PromptTimes, |c| c.issued.rounds[0].committed_ms -= 900),
        ("an answer that took minutes", Reason::PromptTimes, |c| {
            for round in &mut c.issued.rounds[1..] {
                round.committed_ms += 60_000;
            }
            c.issued.rounds[2].revealed_ms += 60_000;
            c.issued.elapsed_ms += 60_000;
        }),
        ("a step committed to four seconds late", Reason::PromptLate, |c| c.issued.rounds[2].committed_ms += 4000),
        ("a round that begins before the one before has ended", Reason::PromptTimes, |c| {
            c.payload["rounds"][1]["received"] = json!(100);
        }),
        ("another commitment", Reason::PromptCommitment, |c| c.issued.rounds[1].commitment = "A".repeat(43)),
        ("frames that were changed afterwards", Reason::PromptCommitment, |c| {
            let mut frames = transcript::unpack(c.payload["frames"].as_str().unwrap()).unwrap();
            frames[3].1 += 1;
            c.payload["frames"] = json!(transcript::pack(&frames));
        }),
        ("another gesture asked for", Reason::PromptMismatch, |c| c.issued.rounds[1].cue.gesture = Gesture::TurnLeft),
        ("held where a blink was asked for", Reason::PromptMismatch, |c| {
            c.issued.rounds[0].cue.gesture = Gesture::Once
        }),
        ("a longer delay", Reason::PromptMismatch, |c| c.issued.rounds[2].cue.delay_ms += 700),
        ("another outcome", Reason::PromptMismatch, |c| c.issued.rounds[0].outcome = Outcome::Early),
        ("a round that was left out", Reason::PromptMismatch, |c| {
            _ = c.payload["rounds"].as_array_mut().unwrap().remove(0)
        }),
        ("steps that are missing", Reason::PromptMissed, |c| {
            // As if only the first had been asked for, and everything else fits.
            let frames = transcript::unpack(c.payload["frames"].as_str().unwrap()).unwrap();
            let first = c.payload["rounds"][0]["frames"].as_u64().unwrap() as usize;
            c.payload["frames"] = json!(transcript::pack(&frames[..first]));
            c.payload["rounds"].as_array_mut().unwrap().truncate(1);
            c.issued.rounds.truncate(1);
        }),
    ];
    for (what, expected, bend) in cases {
        let mut case = honest().clone();
        bend(&mut case);
        assert_eq!(case.verdict(), Verdict::Rejected(expected), "{what}");
    }
}

#[test]
fn pictures_that_were_not_committed_to_in_time_are_rejected() {
    type Bend = fn(&mut Case);
    let cases: [(&str, Reason, Bend); 7] = [
        ("a strip made later", Reason::PictureCommitment, |c| {
            c.replace_strip(jpeg::join_rows(&painted(&same)).unwrap())
        }),
        ("a strip made later, with its rows' hashes in the transcript", Reason::PromptCommitment, |c| {
            let commitments: Vec<String> = c.issued.rounds.iter().map(|round| round.commitment.clone()).collect();
            c.replace_rows(&painted(&same));
            for (round, commitment) in c.issued.rounds.iter_mut().zip(commitments) {
                round.commitment = commitment;
            }
        }),
        ("rows in another order", Reason::PictureCommitment, |c| {
            let mut rows = jpeg::split_rows(&c.strip).unwrap();
            rows.swap(0, 2);
            c.replace_strip(jpeg::join_rows(&rows).unwrap());
        }),
        ("a row too few", Reason::PictureCommitment, |c| {
            let rows = jpeg::split_rows(&c.strip).unwrap();
            c.replace_strip(jpeg::join_rows(&rows[..2]).unwrap());
        }),
        ("a capture made later", Reason::PictureCommitment, |c| {
            let later = jpeg::encode(&jpeg::decode(&c.open, &Thresholds::V8.capture).unwrap().as_frame(), 12_000);
            c.open = later.unwrap().unwrap().bytes;
            c.payload["cap"]["open"]["sha256"] = json!(sha256(&c.open));
            c.payload["cap"]["open"]["bytes"] = json!(c.open.len());
        }),
        ("captures of two steps", Reason::PictureCommitment, |c| {
            let other = c.payload["rounds"][0]["pictures"]["captures"]["open"].clone();
            c.payload["cap"]["open"]["t"] = other["t"].clone();
        }),
        ("a step without its pictures", Reason::PromptMismatch, |c| c.payload["rounds"][0]["pictures"] = Value::Null),
    ];
    for (what, expected, bend) in cases {
        let mut case = honest().clone();
        bend(&mut case);
        assert_eq!(case.verdict(), Verdict::Rejected(expected), "{what}");
    }
}

/// Width and height of the honest strip, which has a row of six cells for each of four steps.
const SHEET: (usize, usize) = (576, 384);

/// Where a painted pixel's colour comes from.
type From<'a> = &'a dyn Fn(usize, usize) -> (usize, usize);

fn same(x: usize, y: usize) -> (usize, usize) {
    (x, y)
}

/// The honest strip's rows, painted anew from its own pixels and changed by `light`.
fn painted_in(from: From, light: &dyn Fn(usize, usize) -> f32) -> Vec<Vec<u8>> {
    let limits = engine::CaptureThresholds { max_bytes: 40_000, ..Thresholds::V8.capture };
    let rows = jpeg::split_rows(&honest().strip).unwrap();
    let rows: Vec<Picture> = rows.iter().map(|row| jpeg::decode(row, &limits).unwrap()).collect();
    let mut encoder = jpeg::RowEncoder::new(9900);
    let row = |number: usize| {
        let pixel = |i: usize| {
            let (x, y) = (i % SHEET.0, 96 * number + i / SHEET.0);
            let (from_x, from_y) = from(x, y);
            let rgb = rows[from_y / 96].as_frame().rgb(from_x, from_y % 96);
            rgb.map(|v| (f32::from(v) * light(x, y)) as u8)
        };
        let rgb: Vec<u8> = (0..SHEET.0 * 96).flat_map(pixel).collect();
        encoder.encode(&Picture::from_rgb(&rgb, SHEET.0, 96).unwrap().as_frame()).unwrap().unwrap()
    };
    (0..SHEET.1 / 96).map(row).collect()
}

fn painted(from: From) -> Vec<Vec<u8>> {
    painted_in(from, &|_, _| 1.0)
}

#[test]
fn strips_that_are_not_strips_are_rejected() {
    let mut case = honest().clone();
    for (what, expected, strip) in [
        ("no picture", Reason::CaptureFormat, b"hello".to_vec()),
        ("a capture", Reason::CaptureFormat, honest().open.clone()),
        ("a row alone", Reason::CaptureFormat, jpeg::split_rows(&honest().strip).unwrap().remove(0)),
    ] {
        case.replace_strip(strip);
        assert_eq!(case.verdict(), Verdict::Rejected(expected), "{what}");
    }
}

#[test]
fn signed_strips_that_do_not_show_what_was_recorded_are_rejected() {
    type Painted<'a> = (&'a str, &'a [Reason], Vec<Vec<u8>>);
    let cases: [Painted; 3] = [
        ("no faces", &[Reason::StripUnclear], painted_in(&same, &|_, _| 0.0)),
        (
            "the first cell everywhere",
            &[Reason::CapturesIdentical, Reason::StripNoBlink],
            painted(&|x, y| (x % 96, y % 96)),
        ),
        (
            "the cells of each row in another order",
            &[Reason::StripNoBlink, Reason::StripMismatch, Reason::StripDiffers],
            painted(&|x, y| ((x + 288) % SHEET.0, y)),
        ),
    ];
    for (what, expected, rows) in cases {
        let mut case = honest().clone();
        case.replace_rows(&rows);
        let Verdict::Rejected(reason) = case.verdict() else { panic!("{what}: accepted") };
        assert!(expected.contains(&reason), "{what}: {reason}");
    }
    let mut case = honest().clone();
    case.replace_rows(&painted(&same));
    assert_eq!(case.verdict(), Verdict::Accepted, "painted anew without a change");
}

/// The strip with one cell, given by row and column, lit from one side.
fn with_shade_on((row, column): (u8, u8)) -> Vec<Vec<u8>> {
    painted_in(&same, &|x, y| {
        let shaded = (x / 96, y / 96) == (usize::from(column), usize::from(row));
        if shaded { (1.4 - (x % 96) as f32 / 52.0).clamp(0.25, 1.0) } else { 1.0 }
    })
}

#[test]
fn each_capture_must_agree_with_its_matching_cell_as_one_picture_with_itself() {
    let cells = honest().decision().record.strip.unwrap().cells;
    let captures = &honest().payload["cap"];
    let match_of = |part: &str| {
        let t_ms = captures[part]["t"].as_u64().unwrap() as u32;
        cells.iter().find(|cell| cell.t_ms == t_ms).and_then(|cell| cell.place).unwrap()
    };
    let matches = [match_of("open"), match_of("closed")];
    for place in matches {
        let mut case = honest().clone();
        case.replace_rows(&with_shade_on(place));
        assert_eq!(case.verdict(), Verdict::Rejected(Reason::StripDiffers), "cell {place:?}");
    }
    // The same shade on any other cell passes as the light of a room.
    let mut case = honest().clone();
    let other = cells.iter().filter_map(|cell| cell.place).find(|place| !matches.contains(place));
    case.replace_rows(&with_shade_on(other.unwrap()));
    assert_eq!(case.verdict(), Verdict::Accepted);
}
