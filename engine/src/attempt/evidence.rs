//! The evidence of an attempt: captures, strip and transcript, made once the recording is complete.

use super::pairs::CompressedPair;
use super::recording::Recording;
use super::step::Step;
use crate::decide::check_natural;
use crate::digest::sha256_text;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::session::Session;
use crate::strip;
use crate::transcript::{self, Camera, EngineVersions, StripRecord, Transcript};

/// What is uploaded.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The text to sign.
    pub signing_input: String,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
    /// JPEG of the evidence strip.
    pub strip: Vec<u8>,
    /// The most that compression changed an eye's ratio: in the open and in the closed capture.
    pub losses: [f32; 2],
}

/// Makes the evidence from the steps that were done, if the server would accept its captures. `None` lets an attempt
/// without prompts go on.
pub(super) fn gather(
    recording: &Recording,
    steps: &[Step],
    frame: &Frame,
    session: &Session,
    models: &str,
) -> Result<Option<Evidence>, EngineError> {
    let is_prompted = recording.prompts.is_some();
    let pairs = || steps.iter().rev().filter_map(|step| step.pair.as_ref());
    // Where every step has been seen, the newest pair that can be sent at all will do.
    let Some(pair) = pairs().find(|pair| pair.passes).or_else(|| pairs().next().filter(|_| is_prompted)) else {
        return Ok(None);
    };
    let rows: Vec<Vec<u8>> = steps.iter().flat_map(|step| step.rows.iter().cloned()).collect();
    let Some(strip) = strip::join(&rows) else { return Ok(None) };
    let transcript = write(recording, frame, pair, &strip, session, models);
    // The oldest frames may have been dropped. The server sees only the frames that are left and must reach the same
    // result.
    if !is_prompted && check_natural(&transcript, session.thresholds()).is_err() {
        return Ok(None);
    }
    let payload = serde_json::to_vec(&transcript)?;
    let signing_input = transcript::signing_input(&payload, &recording.public_key);
    let losses = [pair.open.loss(), pair.closed.loss()];
    let (open, closed) = (pair.open.jpeg().to_vec(), pair.closed.jpeg().to_vec());
    Ok(Some(Evidence { signing_input, open, closed, strip, losses }))
}

fn write(
    recording: &Recording,
    frame: &Frame,
    pair: &CompressedPair,
    strip: &[u8],
    session: &Session,
    models: &str,
) -> Transcript {
    let terms = &recording.terms;
    Transcript {
        v: transcript::VERSION,
        aud: terms.audience.clone(),
        chal: terms.challenge_id.clone(),
        nonce: terms.nonce.clone(),
        att: terms.attempt,
        policy: terms.policy,
        consent: terms.consent.clone(),
        key: recording.key,
        engine: EngineVersions {
            ver: crate::VERSION.into(),
            models: models.into(),
            thresholds: session.thresholds().name.into(),
        },
        cam: Camera { w: frame.width() as u32, h: frame.height() as u32, rate: terms.rate },
        frames: recording.frames.clone(),
        rounds: recording.prompts.as_ref().map(|prompts| prompts.ended().to_vec()).unwrap_or_default(),
        blink: pair.eye_closure,
        cap: pair.record(),
        strip: StripRecord { sha256: sha256_text(strip), bytes: strip.len() as u32 },
    }
}
