//! The evidence of an attempt: captures, strip and transcript, once the recording is complete.

use super::recording::Recording;
use crate::blink::Blink;
use crate::capture::Capture;
use crate::compress::{Compressed, compress};
use crate::decide::{check_natural, sha256_text};
use crate::error::EngineError;
use crate::frame::Frame;
use crate::score;
use crate::session::Session;
use crate::strip::{self, Cell, Moment, choose};
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
    /// By how much compression changed an eye's ratio at most: in the open and in the closed capture.
    pub losses: [f32; 2],
}

/// Two captures and the closure that they show.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) closure: Blink,
    open: Capture,
    closed: Capture,
}

impl Pair {
    pub(super) fn new(closure: Blink, (open, closed): (&Capture, &Capture)) -> Pair {
        Pair { closure, open: open.clone(), closed: closed.clone() }
    }

    fn gap_ms(&self) -> u32 {
        self.open.t_ms.abs_diff(self.closed.t_ms)
    }

    /// The moment with this pair's frames among its cells, if the pair is of it.
    pub(super) fn shown_in(&self, moment: &Moment) -> Moment {
        let captures = if moment.has(&self.closure) { vec![self.open.t_ms, self.closed.t_ms] } else { Vec::new() };
        Moment { captures, ..moment.clone() }
    }

    /// The cell of this time, if it is that of a capture.
    fn cell_at(&self, t_ms: u32) -> Option<&Cell> {
        [&self.open, &self.closed].into_iter().find(|capture| capture.t_ms == t_ms)?.cell.as_ref()
    }
}

/// A pair as it is sent.
struct Sent<'a> {
    pair: &'a Pair,
    open: Compressed,
    closed: Compressed,
}

/// The evidence, if it would stand before the server: both captures are scored as they will arrive there, decoded from their
/// JPEG bytes. `None` lets the attempt go on.
pub(super) fn gather(
    recording: &Recording,
    frame: &Frame,
    session: &mut Session,
    models: &str,
) -> Result<Option<Evidence>, EngineError> {
    let Some(sent) = best_pair(recording, session)? else { return Ok(None) };
    let moments: Vec<Moment> = recording.moments.iter().map(|moment| sent.pair.shown_in(moment)).collect();
    let times = choose(&recording.frames, &moments).into_iter().map(|i| recording.frames[i].t_ms());
    let cells: Vec<_> = times.map(|t_ms| recording.cells.at(t_ms).or_else(|| sent.pair.cell_at(t_ms))).collect();
    let Some(strip) = strip::encode(&cells)? else { return Ok(None) };
    let transcript = write(recording, frame, &sent, &strip.bytes, session, models);
    // The oldest frames may have fallen away: the server sees only what is left, and must come to the same.
    if recording.prompts.is_none() && check_natural(&transcript, session.thresholds()).is_err() {
        return Ok(None);
    }
    let payload = serde_json::to_vec(&transcript)?;
    let signing_input = transcript::signing_input(&payload, &recording.public_key);
    let losses = [sent.open.loss, sent.closed.loss];
    let (open, closed) = (sent.open.jpeg.bytes, sent.closed.jpeg.bytes);
    Ok(Some(Evidence { signing_input, open, closed, strip: strip.bytes, losses }))
}

/// The newest pair that stands, or where something was prompted and all is seen, the newest that can be sent at all.
fn best_pair<'a>(recording: &'a Recording, session: &mut Session) -> Result<Option<Sent<'a>>, EngineError> {
    let thresholds = session.thresholds().clone();
    let mut fallback = None;
    let of_one_moment = |pair: &&Pair| pair.gap_ms() <= thresholds.capture.max_capture_gap_ms;
    for pair in recording.pairs.iter().rev().filter(of_one_moment) {
        let tracker = session.tracker_mut();
        let Some(open) = compress(&pair.open.picture, tracker, &thresholds)? else { continue };
        let Some(closed) = compress(&pair.closed.picture, tracker, &thresholds)? else { continue };
        let compared = open.score.compare(&closed.score);
        let stands =
            compared.is_some_and(|compared| score::judge(&open.score, &closed.score, &compared, &thresholds).is_ok());
        let sent = Sent { pair, open, closed };
        if stands {
            return Ok(Some(sent));
        }
        if recording.prompts.is_some() {
            fallback.get_or_insert(sent);
        }
    }
    Ok(fallback)
}

fn write(
    recording: &Recording,
    frame: &Frame,
    sent: &Sent,
    strip: &[u8],
    session: &Session,
    models: &str,
) -> Transcript {
    let terms = &recording.terms;
    let record = |capture: &Capture, sent: &Compressed| CaptureRecord {
        t: capture.t_ms,
        sha256: sha256_text(&sent.jpeg.bytes),
        bytes: sent.jpeg.bytes.len() as u32,
        ear: [sent.score.ears.right, sent.score.ears.left].map(|v| (v * 1e4).round() as i32),
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
        blink: sent.pair.closure,
        cap: Captures { open: record(&sent.pair.open, &sent.open), closed: record(&sent.pair.closed, &sent.closed) },
        strip: StripRecord { sha256: sha256_text(strip), bytes: strip.len() as u32 },
    }
}
