//! The verdict and the figures behind it.

use serde::{Deserialize, Serialize};

use crate::blink::Blink;
use crate::ear::EyeRatios;
use crate::pair::PairScore;
use crate::perceptual_hash::PerceptualHash;
use crate::prompt::Policy;
use crate::reason::Reason;
use crate::score::CaptureScore;
use crate::strip::StripScore;
use crate::transcript::KeyKind;

/// The verdict on an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything the server could recompute agrees.
    Accepted,
    /// The first check that failed.
    Rejected(Reason),
}

/// A verdict and the figures behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The figures found until then. Fields that were not reached are `None`.
    pub record: Record,
    /// Perceptual hashes of the pictures that were read.
    #[serde(default)]
    pub fingerprints: Fingerprints,
}

/// Perceptual hashes by which near copies are found. Not part of the record, which is kept longer than they are.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of the open capture.
    pub open: Option<PerceptualHash>,
    /// Of the closed capture.
    pub closed: Option<PerceptualHash>,
    /// Of the strip's whole sheet.
    pub strip: Option<PerceptualHash>,
    /// Of the face in the open capture alone, however it is framed.
    pub face: Option<PerceptualHash>,
}

impl Fingerprints {
    pub(super) fn of(record: &Record) -> Fingerprints {
        Fingerprints {
            open: record.open.as_ref().map(CaptureScore::fingerprint),
            closed: record.closed.as_ref().map(CaptureScore::fingerprint),
            strip: record.strip.as_ref().and_then(|strip| strip.fingerprint),
            face: record.open.as_ref().and_then(CaptureScore::face_fingerprint),
        }
    }
}

/// What the audit event keeps of a decision: figures, no landmarks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Version of the engine that decided.
    pub engine: String,
    /// The weights it scored with.
    pub models: String,
    /// Name of the thresholds it judged by.
    pub thresholds: String,
    /// The kind of challenge.
    pub policy: Option<Policy>,
    /// Whether a turn of the head was asked for.
    #[serde(default)]
    pub turn: Option<bool>,
    /// Where the key lives, according to the transcript.
    pub key: Option<KeyKind>,
    /// Number of frames in the transcript.
    pub frames: Option<usize>,
    /// The eye closures that were counted, from the transcript's own values.
    pub closures: Option<Vec<Blink>>,
    /// EAR that the transcript claims for the open capture.
    pub open_claimed: Option<EyeRatios>,
    /// The server's reading of the open capture.
    pub open: Option<CaptureScore>,
    /// EAR that the transcript claims for the closed capture.
    pub closed_claimed: Option<EyeRatios>,
    /// The server's reading of the closed capture.
    pub closed: Option<CaptureScore>,
    /// How the captures compare.
    pub pair: Option<PairScore>,
    /// The server's reading of the strip.
    pub strip: Option<StripScore>,
    /// A hash of the pixels of each picture that was read, in the order open, closed, strip. Files that decode to the
    /// same picture have the same hash.
    #[serde(default)]
    pub pixels: Vec<String>,
}
