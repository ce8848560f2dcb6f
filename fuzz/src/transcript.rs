//! Transcripts: the JWS, its payload, the frames inside it, and the checks that need no pixels.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use engine::prompt::Policy;
use engine::transcript::{
    Camera, CaptureRecord, Captures, EngineVersions, FrameRecord, StripRecord, Transcript, VERSION, pack, sign,
    signing_input, unpack,
};
use engine::{
    Blink, Issued, KeyKind, Network, NetworkError, Networks, Scorer, Submission, Terms, Thresholds, Verdict, decide,
};
use sha2::{Digest, Sha256};

const SECRET: [u8; 32] = [7; 32];
const MODELS: &str = "none";
/// Sent as every picture. It is not a picture, so nothing can be accepted.
const CAPTURE: &[u8] = b"no picture";

/// The first byte says what the rest is: a JWS, a payload to sign, frames as text, frames as bytes, or the bytes of the
/// frames in an otherwise valid transcript. Nothing may be accepted, and frames have only one text form.
pub fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 5 {
        0 => judge(rest),
        1 => judge(&signed(rest)),
        2 => _ = std::str::from_utf8(rest).map(read_frames),
        3 => read_frames(&URL_SAFE_NO_PAD.encode(rest)),
        _ => judge(&signed(&with_frames(rest))),
    }
}

fn judge(jws: &[u8]) {
    let terms = Terms {
        audience: "https://check.example".to_owned(),
        challenge_id: "c".to_owned(),
        nonce: "n".to_owned(),
        attempt: 1,
        timeout_ms: 30_000,
        thresholds: Thresholds::V8.name.to_owned(),
        policy: Policy::Natural,
        turn: false,
        rate: 250,
        consent: engine::transcript::consent_hash("what people are told"),
    };
    let issued = Issued { terms, public_key: public_key(), rounds: Vec::new(), elapsed_ms: 30_000 };
    let submission = Submission { transcript: jws, open: CAPTURE, closed: CAPTURE, strip: CAPTURE };
    let mut scorer = Scorer::new(no_networks());
    let decision = decide(&issued, &submission, &mut scorer, &Thresholds::V8).unwrap();
    assert_ne!(decision.verdict, Verdict::Accepted);
}

fn read_frames(text: &str) {
    if let Some(frames) = unpack(text) {
        assert_eq!(pack(&frames), text);
    }
}

fn public_key() -> [u8; 32] {
    SigningKey::from_bytes(&SECRET).verifying_key().to_bytes()
}

fn signed(payload: &[u8]) -> Vec<u8> {
    sign(&signing_input(payload, &public_key()), &SECRET).into_bytes()
}

/// The payload of [`sample`] with these frames.
fn with_frames(bytes: &[u8]) -> Vec<u8> {
    let sample = sample();
    let text = serde_json::to_string(&sample).unwrap();
    text.replace(&pack(&sample.frames), &URL_SAFE_NO_PAD.encode(bytes)).into_bytes()
}

/// A transcript with one blink, valid except for its captures.
pub(crate) fn sample() -> Transcript {
    let ear = |i: u32| if (20..24).contains(&i) { 900 } else { 3000 + (i as i32 * 7) % 40 };
    let capture = |t: u32| CaptureRecord {
        t,
        sha256: URL_SAFE_NO_PAD.encode(Sha256::digest(CAPTURE)),
        bytes: CAPTURE.len() as u32,
        ear: [ear(t / 40); 2],
    };
    Transcript {
        v: VERSION,
        aud: "https://check.example".to_owned(),
        chal: "c".to_owned(),
        nonce: "n".to_owned(),
        att: 1,
        policy: Policy::Natural,
        consent: engine::transcript::consent_hash("what people are told"),
        key: KeyKind::Soft,
        engine: EngineVersions {
            ver: engine::VERSION.to_owned(),
            models: MODELS.to_owned(),
            thresholds: Thresholds::V8.name.to_owned(),
        },
        cam: Camera { w: 640, h: 480, rate: 250 },
        frames: (0..40).map(|i| FrameRecord(i * 40, ear(i), ear(i), -5, 12, 0)).collect(),
        rounds: Vec::new(),
        blink: Blink { start_ms: 800, closed_ms: 800, end_ms: 960 },
        cap: Captures { open: capture(600), closed: capture(800) },
        strip: StripRecord { sha256: capture(0).sha256, bytes: CAPTURE.len() as u32 },
    }
}

/// Seeds of every kind.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let payload = serde_json::to_vec(&sample()).unwrap();
    let text = pack(&sample().frames);
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
    let kinds = [signed(&payload), payload, text.into_bytes(), bytes.clone(), bytes];
    kinds.into_iter().enumerate().map(|(kind, rest)| [vec![kind as u8], rest].concat()).collect()
}

/// Networks that never run, since the captures are not pictures.
fn no_networks() -> Networks {
    struct Absent;
    impl Network for Absent {
        fn input_len(&self) -> usize {
            0
        }
        fn run(&mut self, _: &[f32], _: &mut [Vec<f32>]) -> Result<(), NetworkError> {
            Err(NetworkError::Runtime("there are no networks here".to_owned()))
        }
    }
    Networks {
        id: MODELS.to_owned(),
        detector: Box::new(Absent),
        trunk: Box::new(Absent),
        eye_right: Box::new(Absent),
        eye_left: Box::new(Absent),
    }
}
