//! Whole attempts without a browser: the free portrait blinks, an attempt gathers its evidence, and the decision is
//! made as on the server. Then the evidence is tampered with in many ways.

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clip_maker::Scene;
use engine::transcript::FrameRecord;
use engine::{
    Attempt, Evidence, Frame, Issued, KeyKind, Phase, Picture, Reason, Scorer, Submission, Terms, Thresholds, Verdict,
    decide, jpeg, transcript,
};
use serde_json::{Value, json};

use crate::support::{MODELS, SECRET, public_key, terms};

/// Longer than the recording.
const ELAPSED_MS: u64 = 10_000;

fn scene(blinks: &[f32]) -> Scene {
    clip_maker::scene(Path::new(clip_maker::PORTRAIT), &MODELS, blinks.to_vec()).unwrap()
}

fn issued(elapsed_ms: u64) -> Issued {
    Issued { terms: terms(), public_key: public_key(), rounds: Vec::new(), elapsed_ms }
}

/// Plays three seconds of the scene at 20 frames a second into an attempt.
fn attempt(scene: &Scene) -> Attempt {
    let mut attempt = Attempt::new(MODELS.networks(), Thresholds::V8);
    attempt.begin(terms(), KeyKind::Soft, public_key(), 1000.0);
    for index in 0..60 {
        let t_ms = 50.0 * f64::from(index);
        let picture = scene.picture(t_ms as f32 / 1000.0, index).unwrap();
        let (_, progress) = attempt.push(&picture.as_frame(), 1000.0 + t_ms).unwrap();
        if progress.phase == Phase::Complete {
            break;
        }
    }
    attempt
}

/// The evidence of one honest attempt, gathered once for all tests.
fn honest() -> &'static Evidence {
    static EVIDENCE: OnceLock<Evidence> = OnceLock::new();
    EVIDENCE.get_or_init(|| attempt(&scene(&[1.0])).evidence().unwrap().clone())
}

/// What arrives at the server.
#[derive(Clone)]
struct Sent {
    /// The payload with its frames as lists of numbers.
    payload: Value,
    open: Vec<u8>,
    closed: Vec<u8>,
    strip: Vec<u8>,
}

impl Sent {
    fn honest() -> Sent {
        let evidence = honest();
        let (_, payload) = evidence.signing_input.split_once('.').unwrap();
        let mut payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let frames = transcript::unpack(payload["frames"].as_str().unwrap()).unwrap();
        payload["frames"] = frames.iter().map(|f| json!([f.0, f.1, f.2, f.3, f.4, f.5])).collect();
        Sent { payload, open: evidence.open.clone(), closed: evidence.closed.clone(), strip: evidence.strip.clone() }
    }

    /// Replaces a capture and states its hash, size and reading, as a forger with the key would.
    fn replace(&mut self, role: &str, bytes: Vec<u8>, ear: Value) {
        let hash = URL_SAFE_NO_PAD.encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
        let capture = &mut self.payload["cap"][role];
        (capture["sha256"], capture["bytes"], capture["ear"]) = (json!(hash), json!(bytes.len()), ear);
        *(if role == "open" { &mut self.open } else { &mut self.closed }) = bytes;
    }

    fn signed(&self) -> String {
        let number = |frame: &Value, field: usize| frame[field].as_i64().unwrap();
        let record = |f: &Value| {
            let [right, left, yaw, pitch] = [1, 2, 3, 4].map(|field| number(f, field) as i32);
            FrameRecord(number(f, 0) as u32, right, left, yaw, pitch, number(f, 5) as u8)
        };
        let frames: Vec<FrameRecord> = self.payload["frames"].as_array().unwrap().iter().map(record).collect();
        let mut payload = self.payload.clone();
        payload["frames"] = json!(transcript::pack(&frames));
        let payload = serde_json::to_vec(&payload).unwrap();
        transcript::sign(&transcript::signing_input(&payload, &public_key()), &SECRET)
    }

    fn verdict(&self) -> Verdict {
        judged(self.signed().as_bytes(), self, ELAPSED_MS)
    }
}

fn judged(transcript: &[u8], sent: &Sent, elapsed_ms: u64) -> Verdict {
    let mut scorer = Scorer::new(MODELS.networks());
    let submission = Submission { transcript, open: &sent.open, closed: &sent.closed, strip: &sent.strip };
    decide(&issued(elapsed_ms), &submission, &mut scorer, &Thresholds::V8).unwrap().verdict
}

#[test]
fn an_honest_attempt_is_accepted_and_its_record_holds_the_readings() {
    let sent = Sent::honest();
    let jws = sent.signed();
    let mut scorer = Scorer::new(MODELS.networks());
    let submission =
        Submission { transcript: jws.as_bytes(), open: &sent.open, closed: &sent.closed, strip: &sent.strip };
    let decision = decide(&issued(ELAPSED_MS), &submission, &mut scorer, &Thresholds::V8).unwrap();
    assert_eq!(decision.verdict, Verdict::Accepted, "{:?}", decision.record);
    let record = serde_json::to_value(&decision.record).unwrap();
    assert_eq!(record["thresholds"], "v8");
    assert!(record["closed"]["ears"]["right"].as_f64().unwrap() < 0.15, "{record}");
    let text = record.to_string();
    assert!(!text.contains("points") && !text.contains("picture"), "a record must not hold landmarks or pixels");
}

#[test]
fn a_face_that_never_blinks_gives_no_evidence_and_times_out() {
    let scene = scene(&[]);
    let mut attempt = Attempt::new(MODELS.networks(), Thresholds::V8);
    attempt.begin(Terms { timeout_ms: 300, ..terms() }, KeyKind::Soft, public_key(), 0.0);
    let mut timed_out = false;
    for index in 0..10 {
        let picture = scene.picture(index as f32 / 20.0, index).unwrap();
        timed_out = attempt.push(&picture.as_frame(), f64::from(index) * 50.0).unwrap().1.timed_out;
    }
    assert!(timed_out);
    assert!(attempt.evidence().is_none());
}

#[test]
fn a_forged_transcript_is_rejected_with_its_reason() {
    type Bend = fn(&mut Value);
    let cases: [(&str, Reason, Bend); 21] = [
        ("another version", Reason::TranscriptVersion, |p| p["v"] = json!(1)),
        ("an unknown field", Reason::TranscriptMalformed, |p| p["admin"] = json!(1)),
        ("another site", Reason::TranscriptBinding, |p| p["aud"] = json!("https://evil.example")),
        ("another challenge", Reason::TranscriptBinding, |p| p["chal"] = json!("other")),
        ("another nonce", Reason::TranscriptBinding, |p| p["nonce"] = json!("other")),
        ("another policy", Reason::TranscriptBinding, |p| p["policy"] = json!("prompted")),
        ("another frame rate", Reason::TranscriptBinding, |p| p["cam"]["rate"] = json!(300)),
        ("rounds that nobody asked for", Reason::PromptMismatch, |p| {
            p["rounds"] = json!([{ "received": 1, "frames": 2, "outcome": "done" }]);
        }),
        ("another attempt", Reason::TranscriptBinding, |p| p["att"] = json!(2)),
        ("another engine", Reason::EngineVersion, |p| p["engine"]["ver"] = json!("0.0.1")),
        ("other models", Reason::EngineVersion, |p| p["engine"]["models"] = json!("0")),
        ("other thresholds", Reason::EngineVersion, |p| p["engine"]["thresholds"] = json!("v0")),
        ("times that go back", Reason::TranscriptTimes, |p| p["frames"][3][0] = json!(0)),
        ("a gate that is none", Reason::TranscriptMalformed, |p| p["frames"][3][5] = json!(99)),
        ("another blink", Reason::NoBlink, |p| p["blink"]["end_ms"] = json!(9000)),
        ("open eyes all along", Reason::NoBlink, |p| {
            for frame in p["frames"].as_array_mut().unwrap() {
                (frame[1], frame[2]) = (json!(3000), json!(3000));
            }
        }),
        ("a closed capture of another moment", Reason::NoBlink, |p| p["cap"]["closed"]["t"] = json!(0)),
        ("an open capture of long before", Reason::NoBlink, |p| {
            let open = p["cap"]["open"]["t"].as_u64().unwrap();
            let later = |t: &mut Value| *t = json!(t.as_u64().unwrap() + 8050);
            let frames = p["frames"].as_array_mut().unwrap();
            frames.iter_mut().map(|frame| &mut frame[0]).filter(|t| t.as_u64().unwrap() > open).for_each(later);
            ["start_ms", "closed_ms", "end_ms"].into_iter().for_each(|field| later(&mut p["blink"][field]));
            later(&mut p["cap"]["closed"]["t"]);
        }),
        ("an open capture of a frame that reads otherwise", Reason::ScoreMismatch, |p| {
            let open = p["cap"]["open"]["t"].clone();
            let frames = p["frames"].as_array_mut().unwrap();
            let frame = frames.iter_mut().find(|frame| frame[0] == open).unwrap();
            (frame[1], frame[2]) = (json!(4500), json!(4500));
        }),
        ("an open capture of a frame without a face", Reason::ScoreMismatch, |p| {
            let open = p["cap"]["open"]["t"].clone();
            let frames = p["frames"].as_array_mut().unwrap();
            let frame = frames.iter_mut().find(|frame| frame[0] == open).unwrap();
            (frame[1], frame[2], frame[5]) = (json!(-1), json!(-1), json!(1));
        }),
        ("another hash", Reason::CaptureHash, |p| p["cap"]["open"]["sha256"] = json!("A")),
    ];
    for (what, expected, bend) in cases {
        let mut sent = Sent::honest();
        bend(&mut sent.payload);
        assert_eq!(sent.verdict(), Verdict::Rejected(expected), "{what}");
    }
}

#[test]
fn sr_11_a_bad_signature_and_an_impossible_time_are_refused() {
    let sent = Sent::honest();
    let jws = sent.signed();
    let mut altered = jws.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    assert_eq!(judged(&altered, &sent, ELAPSED_MS), Verdict::Rejected(Reason::TranscriptSignature));
    assert_eq!(judged(jws.as_bytes(), &sent, 100), Verdict::Rejected(Reason::TranscriptTimes));
}

#[test]
fn sr_09_13_15_captures_that_were_swapped_or_made_up_are_refused_although_they_are_signed() {
    let honest = Sent::honest();
    let open_ear = honest.payload["cap"]["open"]["ear"].clone();
    let closed_ear = honest.payload["cap"]["closed"]["ear"].clone();
    let eyes_open = scene(&[]);
    let another_open = head(&eyes_open.picture(0.2, 7).unwrap());
    let wall = compressed(&Picture::from_rgb(&[90; 200 * 200 * 3], 200, 200).unwrap().as_frame());
    let cut = honest.closed[..honest.closed.len() - 500].to_vec();

    type Bend<'a> = Box<dyn Fn(&mut Sent) + 'a>;
    let cases: Vec<(&str, Reason, Bend)> = vec![
        (
            "a picture without a face",
            Reason::CaptureNoFace,
            Box::new(|s| s.replace("open", wall.clone(), open_ear.clone())),
        ),
        (
            "two faces",
            Reason::CaptureSeveralFaces,
            Box::new(|s| s.replace("open", two_faces(&eyes_open), open_ear.clone())),
        ),
        ("text", Reason::CaptureFormat, Box::new(|s| s.replace("open", b"hello".to_vec(), open_ear.clone()))),
        ("a cut JPEG", Reason::CaptureDamaged, Box::new(|s| s.replace("closed", cut.clone(), closed_ear.clone()))),
        (
            "65535 × 65535",
            Reason::CaptureSize,
            Box::new(|s| {
                let mut bomb = honest.closed.clone();
                let at = bomb.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap() + 5;
                bomb[at..at + 4].fill(0xFF);
                s.replace("closed", bomb, closed_ear.clone());
            }),
        ),
        (
            "two open frames",
            Reason::ClosedNotClosed,
            Box::new(|s| s.replace("closed", another_open.clone(), closed_ear.clone())),
        ),
        (
            "two closed frames",
            Reason::OpenNotOpen,
            Box::new(|s| s.replace("open", honest.closed.clone(), open_ear.clone())),
        ),
        (
            "another scene",
            Reason::CapturesDiffer,
            Box::new(|s| s.replace("open", another_scene(&eyes_open), open_ear.clone())),
        ),
        (
            "a made-up reading",
            Reason::ScoreMismatch,
            Box::new(|s| s.payload["cap"]["open"]["ear"] = json!([4000, 4000])),
        ),
        ("bytes that were not signed", Reason::CaptureHash, Box::new(|s| s.open = another_open.clone())),
    ];
    for (what, expected, bend) in cases {
        let mut sent = honest.clone();
        bend(&mut sent);
        assert_eq!(sent.verdict(), Verdict::Rejected(expected), "{what}");
    }
}

fn compressed(frame: &Frame) -> Vec<u8> {
    jpeg::encode(frame, Thresholds::V8.capture.max_bytes).unwrap().unwrap().bytes
}

/// The middle of a frame, as a capture shows it.
fn head(picture: &Picture) -> Vec<u8> {
    compressed(&cut(&picture.as_frame(), |x, y| (x + 120, y + 40), 400).as_frame())
}

/// The scene's head twice, side by side, each as large as in a capture.
fn two_faces(scene: &Scene) -> Vec<u8> {
    let picture = scene.picture(0.2, 3).unwrap();
    compressed(&cut(&picture.as_frame(), |x, y| (x % 240 + 200, y), 480).as_frame())
}

/// The same portrait mirrored: a face and a light that the closed capture does not show.
fn another_scene(scene: &Scene) -> Vec<u8> {
    let picture = scene.picture(0.2, 3).unwrap();
    compressed(&cut(&picture.as_frame(), |x, y| (519 - x, y + 40), 400).as_frame())
}

fn cut(frame: &Frame, from: impl Fn(usize, usize) -> (usize, usize), side: usize) -> Picture {
    let pixel = |i: usize| {
        let (x, y) = from(i % side, i / side);
        frame.rgb(x.min(frame.width() - 1), y.min(frame.height() - 1))
    };
    let rgb: Vec<u8> = (0..side * side).flat_map(pixel).collect();
    Picture::from_rgb(&rgb, side, side).unwrap()
}
