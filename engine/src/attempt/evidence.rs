//! The evidence of an attempt: captures, strip and transcript, made once the recording is complete.

use super::pairs::Pair;
use super::recording::Recording;
use crate::capture::Capture;
use crate::compress::{Compressed, compress};
use crate::decide::check_natural;
use crate::digest::sha256_text;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::score;
use crate::session::Session;
use crate::strip::{self, Moment, choose};
use crate::transcript::{self, Camera, CaptureRecord, Captures, EngineVersions, StripRecord, Transcript};

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

/// A pair as it is uploaded.
struct CompressedPair<'a> {
    pair: &'a Pair,
    open: Compressed,
    closed: Compressed,
}

/// Makes the evidence if the server would accept it: both captures are scored as the server will see them, decoded from
/// their JPEG bytes. `None` lets the attempt go on.
pub(super) fn gather(
    recording: &Recording,
    frame: &Frame,
    session: &mut Session,
    models: &str,
) -> Result<Option<Evidence>, EngineError> {
    let Some(best) = best_pair(recording, session)? else { return Ok(None) };
    let moments: Vec<Moment> = recording.moments.iter().map(|moment| best.pair.shown_in(moment)).collect();
    let times = choose(&recording.frames, &moments).into_iter().map(|i| recording.frames[i].t_ms());
    let cells: Vec<_> = times.map(|t_ms| recording.cells.at(t_ms).or_else(|| best.pair.cell_at(t_ms))).collect();
    let Some(strip) = strip::encode(&cells)? else { return Ok(None) };
    let transcript = write(recording, frame, &best, &strip.bytes, session, models);
    // The oldest frames may have been dropped. The server sees only the frames that are left and must reach the same
    // result.
    if recording.prompts.is_none() && check_natural(&transcript, session.thresholds()).is_err() {
        return Ok(None);
    }
    let payload = serde_json::to_vec(&transcript)?;
    let signing_input = transcript::signing_input(&payload, &recording.public_key);
    let losses = [best.open.loss, best.closed.loss];
    let (open, closed) = (best.open.jpeg.bytes, best.closed.jpeg.bytes);
    Ok(Some(Evidence { signing_input, open, closed, strip: strip.bytes, losses }))
}

/// The newest pair that passes the checks. In a prompted challenge, where every step has been seen, the newest pair
/// that can be sent at all will do.
fn best_pair<'a>(recording: &'a Recording, session: &mut Session) -> Result<Option<CompressedPair<'a>>, EngineError> {
    let thresholds = session.thresholds().clone();
    let mut fallback = None;
    let is_one_moment = |pair: &&Pair| pair.gap_ms() <= thresholds.capture.max_capture_gap_ms;
    for pair in recording.pairs.iter().rev().filter(is_one_moment) {
        let Some(open) = compress(&pair.open.picture, session)? else { continue };
        let Some(closed) = compress(&pair.closed.picture, session)? else { continue };
        let compared = open.score.compare(&closed.score);
        let passes =
            compared.is_some_and(|compared| score::judge(&open.score, &closed.score, &compared, &thresholds).is_ok());
        let compressed = CompressedPair { pair, open, closed };
        if passes {
            return Ok(Some(compressed));
        }
        if recording.prompts.is_some() {
            fallback.get_or_insert(compressed);
        }
    }
    Ok(fallback)
}

fn write(
    recording: &Recording,
    frame: &Frame,
    best: &CompressedPair,
    strip: &[u8],
    session: &Session,
    models: &str,
) -> Transcript {
    let terms = &recording.terms;
    let record = |capture: &Capture, compressed: &Compressed| CaptureRecord {
        t: capture.t_ms,
        sha256: sha256_text(&compressed.jpeg.bytes),
        bytes: compressed.jpeg.bytes.len() as u32,
        ear: [compressed.score.ears.right, compressed.score.ears.left].map(|v| (v * 1e4).round() as i32),
    };
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
        blink: best.pair.eye_closure,
        cap: Captures { open: record(&best.pair.open, &best.open), closed: record(&best.pair.closed, &best.closed) },
        strip: StripRecord { sha256: sha256_text(strip), bytes: strip.len() as u32 },
    }
}
