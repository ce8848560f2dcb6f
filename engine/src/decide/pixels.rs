//! What the pixels show: the captures, then the strip, scored by the server itself.

use super::{Record, Submission};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::reason::Reason;
use crate::score::{self, Scorer};
use crate::strip::{Moment, Shown};
use crate::thresholds::Thresholds;
use crate::transcript::{CaptureRecord, Transcript};

/// Scores captures and strip.
///
/// # Errors
/// The outer one is a fault of ours; the inner one is the answer.
pub(super) fn judge(
    transcript: &Transcript,
    moments: &[Moment],
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<Result<(), Reason>, EngineError> {
    if let Err(reason) = judge_captures(transcript, submission, scorer, thresholds, record)? {
        return Ok(Err(reason));
    }
    let (Some(open), Some(closed)) = (&record.open, &record.closed) else { return Ok(Err(Reason::CaptureUnclear)) };
    let claims = &transcript.cap;
    let captures = [Shown { t_ms: claims.open.t, score: open }, Shown { t_ms: claims.closed.t, score: closed }];
    let recorded = (transcript.frames.as_slice(), moments);
    let judged = scorer.judge_strip(submission.strip, recorded, captures, thresholds, &mut record.strip)?;
    record.pixels.extend(record.strip.as_ref().map(|strip| strip.pixels.clone()));
    Ok(judged)
}

fn judge_captures(
    transcript: &Transcript,
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<Result<(), Reason>, EngineError> {
    let claims = &transcript.cap;
    let open = match scorer.score(submission.open, thresholds)? {
        Ok(open) => record.open.insert(open),
        Err(reason) => return Ok(Err(reason)),
    };
    record.pixels.push(open.pixel_hash());
    let closed = match scorer.score(submission.closed, thresholds)? {
        Ok(closed) => record.closed.insert(closed),
        Err(reason) => return Ok(Err(reason)),
    };
    record.pixels.push(closed.pixel_hash());
    record.open_claimed = Some(claimed_ears(&claims.open));
    record.closed_claimed = Some(claimed_ears(&claims.closed));
    let Some(pair) = open.compare(closed) else { return Ok(Err(Reason::CaptureUnclear)) };
    record.pair = Some(pair);
    if let Err(reason) = score::judge(open, closed, &pair, thresholds) {
        return Ok(Err(reason));
    }
    let agrees = |claim: &CaptureRecord, scored: EyeRatios| {
        claimed_ears(claim).greatest_difference(scored) <= thresholds.capture.max_ear_difference
    };
    let both = agrees(&claims.open, open.ears) && agrees(&claims.closed, closed.ears);
    Ok(both.then_some(()).ok_or(Reason::ScoreMismatch))
}

/// The ratios that the transcript claims for a capture.
pub(super) fn claimed_ears(claim: &CaptureRecord) -> EyeRatios {
    let [right, left] = claim.ear.map(|e4| e4 as f32 / 1e4);
    EyeRatios { right, left }
}
