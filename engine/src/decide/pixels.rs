//! What the pixels show: the captures, then the strip, scored by the server itself.

use super::record::Record;
use super::submission::Submission;
use crate::ear::EyeRatios;
use crate::reason::Reason;
use crate::score::{self, CaptureScore, Scorer};
use crate::stop::Stop;
use crate::strip::{self, CaptureInStrip, Moment};
use crate::thresholds::Thresholds;
use crate::transcript::{CaptureRecord, Captures, Transcript};

/// Scores captures and strip and judges them.
pub(super) fn judge(
    transcript: &Transcript,
    moments: &[Moment],
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<(), Stop> {
    let Record { open_claimed, open, closed_claimed, closed, pair, strip, pixels, .. } = record;
    let claims = &transcript.cap;
    let open = open.insert(scorer.score(submission.open, thresholds)?);
    pixels.push(open.pixel_hash());
    let closed = closed.insert(scorer.score(submission.closed, thresholds)?);
    pixels.push(closed.pixel_hash());
    *open_claimed = Some(claims.open.ears());
    *closed_claimed = Some(claims.closed.ears());
    let pair = pair.insert(open.compare(closed).ok_or(Reason::CaptureUnclear)?);
    score::judge(open, closed, pair, thresholds)?;
    check_claims(claims, open, closed, thresholds)?;
    let captures =
        [CaptureInStrip { t_ms: claims.open.t, score: open }, CaptureInStrip { t_ms: claims.closed.t, score: closed }];
    let recorded = (transcript.frames.as_slice(), moments);
    let rows = strip::rows(submission.strip, thresholds)?;
    let strip = strip.insert(strip::score(&rows, recorded, captures, scorer, thresholds)?);
    pixels.push(strip.pixels.clone());
    strip::check(strip, moments, thresholds)?;
    Ok(())
}

/// The transcript claims what the server reads in the captures itself.
fn check_claims(
    claims: &Captures,
    open: &CaptureScore,
    closed: &CaptureScore,
    thresholds: &Thresholds,
) -> Result<(), Reason> {
    let agrees = |claim: &CaptureRecord, scored: EyeRatios| {
        claim.ears().greatest_difference(scored) <= thresholds.capture.max_ear_difference
    };
    let both = agrees(&claims.open, open.ears) && agrees(&claims.closed, closed.ears);
    both.then_some(()).ok_or(Reason::ScoreMismatch)
}
