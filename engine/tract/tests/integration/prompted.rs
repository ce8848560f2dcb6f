//! A whole prompted challenge without a browser: the free portrait answers three cues, and the decision is made as on
//! the server. Then rounds and strip are tampered with in many ways.

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::prompt::{Gesture, Next, Outcome, Policy, ServedRound, next_cue};
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
        decide(issued, &submission, &mut scorer, &Thresholds::V5).unwrap()
    }

    /// Replaces the strip and states its hash, as a forger with the key would.
    fn replace_strip(&mut self, strip: Vec<u8>) {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&strip));
        self.payload["strip"] = json!({ "sha256": hash, "bytes": strip.len() });
        self.strip = strip;
    }
}

/// An honest attempt that is asked for once, twice, once: the draw if all randomness is zero.
fn honest() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let mut scene = clip_maker::scene(Path::new(clip_maker::PORTRAIT), &MODELS, Vec::new()).unwrap();
        let public_key = support::public_key();
        let terms = Terms { timeout_ms: 60_000, policy: Policy::Prompted, rate: 250, ..support::terms() };
        let mut attempt = Attempt::new(MODELS.networks(), Thresholds::V5);
        attempt.begin(terms.clone(), KeyKind::Soft, public_key, 0.0);
        let (mut rounds, mut cue, mut asked): (Vec<ServedRound>, _, _) = (Vec::new(), None, None);
        for index in 0..600_u32 {
            let now = f64::from(index) * FRAME_MS;
            let picture = scene.picture(now as f32 / 1000.0, index).unwrap();
            let (_, progress) = attempt.push(&picture.as_frame(), now).unwrap();
            let ask = progress.prompt.unwrap().ask;
            if ask != Ask::Fetch && progress.phase != Phase::Complete {
                if asked != Some(ask) && matches!(ask, Ask::Once | Ask::Twice) {
                    let first = now as f32 / 1000.0 + LATENCY_S;
                    scene.set_blinks(if ask == Ask::Twice { vec![first, first + 0.6] } else { vec![first] });
                }
                asked = Some(ask);
                continue;
            }
            if let (Some((cue, revealed_ms)), Some(made)) = (cue.take(), attempt.commitment()) {
                let (commitment, outcome) = (made.commitment.clone(), made.outcome);
                rounds.push(ServedRound { cue, revealed_ms, commitment, outcome, committed_ms: now as u64 + 30 });
            }
            let history = rounds.iter().map(|round| (round.cue, round.outcome));
            match next_cue(Policy::Prompted, history, || 0, &Thresholds::V5.prompt) {
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

#[test]
fn a_person_who_answers_every_cue_is_accepted() {
    let case = honest();
    let gestures: Vec<Gesture> = case.issued.rounds.iter().map(|round| round.cue.gesture).collect();
    assert_eq!(gestures, [Gesture::Once, Gesture::Twice, Gesture::Once]);
    assert_eq!(case.verdict(), Verdict::Accepted);
}

#[test]
fn rounds_that_contradict_the_server_are_rejected_with_their_reason() {
    type Bend = fn(&mut Case);
    let cases: [(&str, Reason, Bend); 12] = [
        ("a cue received before it was revealed", Reason::PromptTimes, |c| c.issued.rounds[1].revealed_ms += 900),
        ("a commitment before its frames", Reason::PromptTimes, |c| c.issued.rounds[0].committed_ms -= 900),
        ("an answer that took minutes", Reason::PromptTimes, |c| {
            for round in &mut c.issued.rounds[1..] {
                round.committed_ms += 60_000;
            }
            c.issued.rounds[2].revealed_ms += 60_000;
            c.issued.elapsed_ms += 60_000;
        }),
        ("a round that begins before the one before has ended", Reason::PromptTimes, |c| {
            c.payload["rounds"][1]["received"] = json!(100);
        }),
        ("another commitment", Reason::PromptCommitment, |c| c.issued.rounds[1].commitment = "A".repeat(43)),
        ("frames that were changed afterwards", Reason::PromptCommitment, |c| {
            let mut frames = transcript::unpack(c.payload["frames"].as_str().unwrap()).unwrap();
            frames[3].1 += 1;
            c.payload["frames"] = json!(transcript::pack(&frames));
        }),
        ("another gesture asked for", Reason::PromptMismatch, |c| c.issued.rounds[1].cue.gesture = Gesture::Hold),
        ("once where twice was asked for", Reason::PromptMismatch, |c| c.issued.rounds[0].cue.gesture = Gesture::Twice),
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
fn signed_strips_that_do_not_show_what_was_recorded_are_rejected() {
    let limits = engine::CaptureThresholds { max_bytes: 40_000, ..Thresholds::V5.capture };
    let sheet = jpeg::decode(&honest().strip, &limits).unwrap();
    let paint = |from: &dyn Fn(usize, usize) -> (usize, usize)| {
        let frame = sheet.as_frame();
        let pixel = |i: usize| {
            let (x, y) = from(i % frame.width(), i / frame.width());
            frame.rgb(x, y)
        };
        let rgb: Vec<u8> = (0..frame.width() * frame.height()).flat_map(pixel).collect();
        let picture = Picture::from_rgb(&rgb, frame.width(), frame.height()).unwrap();
        jpeg::encode(&picture.as_frame(), 40_000).unwrap().unwrap().bytes
    };
    let grey = Picture::from_rgb(&[90; 576 * 384 * 3], 576, 384).unwrap();
    let cases: [(&str, &[Reason], Vec<u8>); 5] = [
        ("no picture", &[Reason::CaptureFormat], b"hello".to_vec()),
        ("a capture", &[Reason::CaptureSize], honest().open.clone()),
        ("no faces", &[Reason::StripUnclear], jpeg::encode(&grey.as_frame(), 40_000).unwrap().unwrap().bytes),
        (
            "the first cell everywhere",
            &[Reason::CapturesIdentical, Reason::StripNoBlink],
            paint(&|x, y| (x % 96, y % 96)),
        ),
        (
            "the rows in another order",
            &[Reason::StripNoBlink, Reason::StripMismatch],
            paint(&|x, y| (x, (y + 96) % 384)),
        ),
    ];
    for (what, expected, strip) in cases {
        let mut case = honest().clone();
        case.replace_strip(strip);
        let Verdict::Rejected(reason) = case.verdict() else { panic!("{what}: accepted") };
        assert!(expected.contains(&reason), "{what}: {reason}");
    }
}

/// The strip with one cell, counted from 0, lit from one side.
fn with_shade_on(cell: usize) -> Vec<u8> {
    let limits = engine::CaptureThresholds { max_bytes: 40_000, ..Thresholds::V5.capture };
    let sheet = jpeg::decode(&honest().strip, &limits).unwrap();
    let frame = sheet.as_frame();
    let pixel = |i: usize| {
        let (x, y) = (i % frame.width(), i / frame.width());
        let shaded = (x / 96, y / 96) == (cell % 6, cell / 6);
        let light = if shaded { (1.4 - (x % 96) as f32 / 52.0).clamp(0.25, 1.0) } else { 1.0 };
        frame.rgb(x, y).map(|v| (f32::from(v) * light) as u8)
    };
    let rgb: Vec<u8> = (0..frame.width() * frame.height()).flat_map(pixel).collect();
    let picture = Picture::from_rgb(&rgb, frame.width(), frame.height()).unwrap();
    jpeg::encode(&picture.as_frame(), 40_000).unwrap().unwrap().bytes
}

#[test]
fn each_capture_must_agree_with_its_matching_cell_as_one_picture_with_itself() {
    let score = honest().decision().record.strip.unwrap();
    let times: Vec<u32> = score.cells.iter().map(|cell| cell.t_ms).collect();
    let captures = &honest().payload["cap"];
    let match_of = |part: &str| {
        let t_ms = captures[part]["t"].as_u64().unwrap() as u32;
        times.iter().position(|&t| t == t_ms).unwrap()
    };
    let matches = [match_of("open"), match_of("closed")];
    for cell in matches {
        let mut case = honest().clone();
        case.replace_strip(with_shade_on(cell));
        assert_eq!(case.verdict(), Verdict::Rejected(Reason::StripDiffers), "cell {cell}");
    }
    // The same shade on any other cell passes as the light of a room.
    let mut case = honest().clone();
    case.replace_strip(with_shade_on((0..times.len()).find(|cell| !matches.contains(cell)).unwrap()));
    assert_eq!(case.verdict(), Verdict::Accepted);
}
