//! Pairs of captures: one with open eyes and one with closed eyes, around the same eye closure.

use crate::blink::Blink;
use crate::capture::Capture;
use crate::compress::{Compressed, compress};
use crate::digest::sha256_text;
use crate::error::EngineError;
use crate::prompt::{Candidate, CandidatePair};
use crate::score;
use crate::session::Session;
use crate::strip::Cell;
use crate::transcript::{CaptureRecord, Captures};

/// Two captures and the eye closure they show.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) eye_closure: Blink,
    open: Capture,
    closed: Capture,
}

impl Pair {
    pub(super) fn new(eye_closure: Blink, (open, closed): (&Capture, &Capture)) -> Pair {
        Pair { eye_closure, open: open.clone(), closed: closed.clone() }
    }

    /// Times of the frames that the captures were cut from.
    pub(super) fn times(&self) -> [u32; 2] {
        [self.open.t_ms, self.closed.t_ms]
    }

    /// The cell of this time, if one of the captures was cut from that frame.
    pub(super) fn cell_at(&self, t_ms: u32) -> Option<&Cell> {
        [&self.open, &self.closed].into_iter().find(|capture| capture.t_ms == t_ms).map(|capture| &capture.cell)
    }
}

/// A pair as it can be uploaded.
#[derive(Clone, Debug)]
pub(super) struct CompressedPair {
    pub(super) eye_closure: Blink,
    pub(super) open: Sent,
    pub(super) closed: Sent,
    /// Whether the server would accept it.
    pub(super) passes: bool,
}

/// A capture as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    t_ms: u32,
    compressed: Compressed,
}

impl CompressedPair {
    /// The newest pair that passes the checks, else the newest that can be sent at all. Both captures are scored as the
    /// server will see them, decoded from their JPEG bytes.
    ///
    /// # Errors
    /// [`EngineError`] if a network fails or a picture cannot be encoded.
    pub(super) fn best_of<'a>(
        pairs: impl DoubleEndedIterator<Item = &'a Pair>,
        session: &mut Session,
    ) -> Result<Option<(&'a Pair, CompressedPair)>, EngineError> {
        let thresholds = session.thresholds().clone();
        let mut fallback = None;
        let is_one_moment =
            |pair: &&Pair| pair.open.t_ms.abs_diff(pair.closed.t_ms) <= thresholds.capture.max_capture_gap_ms;
        for pair in pairs.rev().filter(is_one_moment) {
            let Some(open) = compress(&pair.open.picture, session)? else { continue };
            let Some(closed) = compress(&pair.closed.picture, session)? else { continue };
            let passes = open
                .score
                .compare(&closed.score)
                .is_some_and(|compared| score::judge(&open.score, &closed.score, &compared, &thresholds).is_ok());
            let sent = |capture: &Capture, compressed| Sent { t_ms: capture.t_ms, compressed };
            let (open, closed) = (sent(&pair.open, open), sent(&pair.closed, closed));
            let compressed = CompressedPair { eye_closure: pair.eye_closure, open, closed, passes };
            if passes {
                return Ok(Some((pair, compressed)));
            }
            fallback.get_or_insert((pair, compressed));
        }
        Ok(fallback)
    }

    /// The candidates that a commitment covers.
    pub(super) fn candidates(&self) -> CandidatePair {
        let candidate = |sent: &Sent| Candidate { t: sent.t_ms, sha256: sha256_text(sent.jpeg()) };
        CandidatePair { open: candidate(&self.open), closed: candidate(&self.closed) }
    }

    /// What the transcript says about the captures.
    pub(super) fn record(&self) -> Captures {
        let record = |sent: &Sent| {
            let ears = sent.compressed.score.ears;
            CaptureRecord {
                t: sent.t_ms,
                sha256: sha256_text(sent.jpeg()),
                bytes: sent.jpeg().len() as u32,
                ear: [ears.right, ears.left].map(|v| (v * 1e4).round() as i32),
            }
        };
        Captures { open: record(&self.open), closed: record(&self.closed) }
    }
}

impl Sent {
    /// The JPEG's bytes.
    pub(super) fn jpeg(&self) -> &[u8] {
        &self.compressed.jpeg.bytes
    }

    /// The most that compression changed an eye's ratio.
    pub(super) fn loss(&self) -> f32 {
        self.compressed.loss
    }
}
