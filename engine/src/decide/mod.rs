//! The decision: what the server issued, what came back, and how long that took in; a verdict and its record out.
//!
//! A function of its arguments alone, so it can be repeated offline. Checks run from cheap to expensive, and the first
//! that fails gives the reason. Nothing in the transcript is believed that the pixels could contradict.

mod binding;
mod pixels;
mod record;
mod recording;
mod replay;
mod rounds;
mod submission;

pub use record::{Decision, Fingerprints, Record, Verdict};
pub(crate) use recording::check_natural;
pub use submission::{Issued, Submission};

use crate::error::EngineError;
use crate::reason::Reason;
use crate::score::Scorer;
use crate::stop::Stop;
use crate::strip::Moment;
use crate::thresholds::Thresholds;
use crate::transcript::Transcript;

/// Judges a submission for an issued challenge.
///
/// # Errors
/// [`EngineError`] if no verdict could be computed. That is our own fault and says nothing about the person.
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
        turn: Some(issued.terms.turn),
        ..Record::default()
    };
    let verdict = match judge(issued, submission, scorer, thresholds, &mut record) {
        Ok(()) => Verdict::Accepted,
        Err(Stop::Rejected(reason)) => Verdict::Rejected(reason),
        Err(Stop::Fault(error)) => return Err(error),
    };
    let fingerprints = Fingerprints::of(&record);
    Ok(Decision { verdict, record, fingerprints })
}

/// Runs every check. `record` keeps what was found up to the first that fails.
fn judge(
    issued: &Issued,
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<(), Stop> {
    let (transcript, moments) = judge_transcript(issued, submission, thresholds, record)?;
    pixels::judge(&transcript, &moments, submission, scorer, thresholds, record)
}

/// The checks that need no pixels.
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
    let moments = recording::check(&transcript, issued, submission.strip, thresholds)?;
    record.closures = Some(moments.iter().flat_map(|moment| moment.eye_closures.iter().copied()).collect());
    binding::check_hash(&transcript.cap.open.sha256, transcript.cap.open.bytes, submission.open)?;
    binding::check_hash(&transcript.cap.closed.sha256, transcript.cap.closed.bytes, submission.closed)?;
    binding::check_hash(&transcript.strip.sha256, transcript.strip.bytes, submission.strip)?;
    Ok((transcript, moments))
}
