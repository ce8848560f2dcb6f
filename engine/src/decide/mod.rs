//! The decision: what the server laid down, what came back, and how long it took in; a verdict and its record out.
//!
//! A function of its arguments alone, so that it can be repeated offline. Checks run from cheap to expensive, and the
//! first that fails gives the reason. The transcript is believed in nothing that the pixels could show otherwise.

mod binding;
mod pixels;
mod recording;
mod rounds;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::blink::Blink;
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::pair::PairScore;
use crate::prompt::{Policy, ServedRound};
use crate::reason::Reason;
use crate::score::{CaptureScore, Scorer};
use crate::strip::{Moment, StripScore};
use crate::thresholds::Thresholds;
use crate::transcript::{KeyKind, Terms, Transcript};

pub(crate) use recording::check_natural;

/// What came back from the browser.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The compact JWS.
    pub transcript: &'a [u8],
    /// JPEG of the open eyes.
    pub open: &'a [u8],
    /// JPEG of the closed eyes.
    pub closed: &'a [u8],
    /// JPEG of the evidence strip.
    pub strip: &'a [u8],
}

/// What the server laid down for a challenge and saw of it: public facts, from which anybody can repeat the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// The terms.
    pub terms: Terms,
    /// The Ed25519 key that was registered for it.
    pub public_key: [u8; 32],
    /// The rounds of a prompted challenge, oldest first.
    pub rounds: Vec<ServedRound>,
    /// Time from issuing the challenge to receiving the submission.
    pub elapsed_ms: u64,
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything the server could recompute agrees.
    Accepted,
    /// The first thing that does not.
    Rejected(Reason),
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// What was found on the way to it; fields that were not reached are `None`.
    pub record: Record,
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
    /// How the challenge was put.
    pub policy: Option<Policy>,
    /// Where the transcript says its key lives.
    pub key: Option<KeyKind>,
    /// Frames in the transcript.
    pub frames: Option<usize>,
    /// The closures that were counted, by the transcript's own values.
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
    /// A hash of the pixels of each picture that was read, in the order open, closed, strip: the same for files that decode
    /// to the same picture.
    #[serde(default)]
    pub pixels: Vec<String>,
}

/// Judges a submission for an issued challenge.
///
/// # Errors
/// [`EngineError`] if it could not be computed: that is a fault of ours and says nothing about the person.
pub fn decide(
    issued: &Issued,
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
) -> Result<Decision, EngineError> {
    let mut record = Record {
        engine: crate::VERSION.into(),
        models: scorer.models().into(),
        thresholds: thresholds.name.into(),
        policy: Some(issued.terms.policy),
        key: None,
        frames: None,
        closures: None,
        open_claimed: None,
        open: None,
        closed_claimed: None,
        closed: None,
        pair: None,
        strip: None,
        pixels: Vec::new(),
    };
    let outcome = match judge_transcript(issued, submission, thresholds, &mut record) {
        Ok((transcript, moments)) => pixels::judge(&transcript, &moments, submission, scorer, thresholds, &mut record)?,
        Err(reason) => Err(reason),
    };
    let verdict = outcome.map_or_else(Verdict::Rejected, |()| Verdict::Accepted);
    Ok(Decision { verdict, record })
}

/// Everything that needs no pixels.
fn judge_transcript(
    issued: &Issued,
    submission: &Submission,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<(Transcript, Vec<Moment>), Reason> {
    let transcript = Transcript::verified(submission.transcript, &issued.public_key)?;
    record.key = Some(transcript.key);
    record.frames = Some(transcript.frames.len());
    binding::check_terms(&transcript, &issued.terms)?;
    binding::check_versions(&transcript, record)?;
    binding::check_times(&transcript.frames, issued)?;
    let moments = recording::check(&transcript, &issued.rounds, thresholds)?;
    record.closures = Some(moments.iter().flat_map(|moment| moment.closures.iter().copied()).collect());
    binding::check_hash(&transcript.cap.open.sha256, transcript.cap.open.bytes, submission.open)?;
    binding::check_hash(&transcript.cap.closed.sha256, transcript.cap.closed.bytes, submission.closed)?;
    binding::check_hash(&transcript.strip.sha256, transcript.strip.bytes, submission.strip)?;
    Ok((transcript, moments))
}

/// SHA-256 as transcripts write it: base64url without padding.
pub(crate) fn sha256_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}
