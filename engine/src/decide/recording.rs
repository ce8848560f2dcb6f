//! What the recorded frames show to the detector that the browser ran too: the moments that count, and whether the
//! captures belong to one of them.

use super::replay::updates;
use super::rounds;
use super::submission::Issued;
use crate::blink::Blink;
use crate::gate::Gate;
use crate::prompt::Candidate;
use crate::reason::Reason;
use crate::strip::Moment;
use crate::thresholds::{CaptureThresholds, Thresholds};
use crate::transcript::{CaptureRecord, Captures, FrameRecord, Transcript};

/// The moments of a recording: one for each step that was asked for, or that of the last blink. The captures must come
/// from one of their eye closures and read about as their frames did. How far the eyes are closed in them is left to
/// the pixels.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(super) fn check(
    transcript: &Transcript,
    issued: &Issued,
    strip: &[u8],
    thresholds: &Thresholds,
) -> Result<Vec<Moment>, Reason> {
    if !transcript.policy.is_prompted() {
        let asked = !(transcript.rounds.is_empty() && issued.rounds.is_empty());
        return if asked { Err(Reason::PromptMismatch) } else { check_natural(transcript, thresholds) };
    }
    check_gates(transcript)?;
    let moments = rounds::check(transcript, issued, strip, thresholds)?;
    check_candidates(transcript)?;
    check_captures(transcript, &moments, thresholds)?;
    Ok(moments)
}

/// The same for a challenge without prompts, in which the last blink counts.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(crate) fn check_natural(transcript: &Transcript, thresholds: &Thresholds) -> Result<Vec<Moment>, Reason> {
    check_gates(transcript)?;
    let last = updates(&transcript.frames, thresholds).filter_map(|update| update.blink).last();
    let blink = last.ok_or(Reason::NoBlink)?;
    let captures = vec![transcript.cap.open.t, transcript.cap.closed.t];
    let moments = vec![Moment { captures, ..Moment::of_blink(&transcript.frames, blink) }];
    check_captures(transcript, &moments, thresholds)?;
    Ok(moments)
}

/// The captures are the candidates that one step committed to.
fn check_candidates(transcript: &Transcript) -> Result<(), Reason> {
    let Captures { open, closed } = &transcript.cap;
    let is =
        |candidate: &Candidate, capture: &CaptureRecord| candidate.t == capture.t && candidate.sha256 == capture.sha256;
    let mut pairs = transcript.rounds.iter().filter_map(|round| round.pictures.as_ref()?.captures.as_ref());
    let committed = pairs.any(|pair| is(&pair.open, open) && is(&pair.closed, closed));
    committed.then_some(()).ok_or(Reason::PictureCommitment)
}

fn check_gates(transcript: &Transcript) -> Result<(), Reason> {
    let known = transcript.frames.iter().all(|frame| frame.gate().is_some());
    known.then_some(()).ok_or(Reason::TranscriptMalformed)
}

/// The captures belong to one of the moments and read about as their frames did.
fn check_captures(transcript: &Transcript, moments: &[Moment], thresholds: &Thresholds) -> Result<(), Reason> {
    let Captures { open, closed } = &transcript.cap;
    let is_own = |moment: &Moment| moment.has(&transcript.blink) && moment.captures == [open.t, closed.t];
    let belong = belong_to(&transcript.cap, &transcript.blink, &thresholds.capture);
    if !(belong && moments.iter().any(is_own)) {
        return Err(Reason::NoBlink);
    }
    let as_recorded = [open, closed].into_iter().all(|capture| reads_as_recorded(capture, transcript, thresholds));
    as_recorded.then_some(()).ok_or(Reason::ScoreMismatch)
}

/// Whether the captures come from just before or after an eye closure (open) and from within it (closed).
fn belong_to(Captures { open, closed }: &Captures, eye_closure: &Blink, limits: &CaptureThresholds) -> bool {
    let open_outside = open.t < eye_closure.start_ms || open.t >= eye_closure.end_ms;
    let is_one_moment = open.t.abs_diff(closed.t) <= limits.max_capture_gap_ms;
    open_outside && is_one_moment && (eye_closure.start_ms..eye_closure.end_ms).contains(&closed.t)
}

fn reads_as_recorded(capture: &CaptureRecord, transcript: &Transcript, thresholds: &Thresholds) -> bool {
    let frame = transcript.frames.iter().find(|frame| frame.t_ms() == capture.t);
    let ears = frame.filter(|frame| frame.gate().is_some_and(Gate::eyes_usable)).and_then(FrameRecord::ears);
    let limit = thresholds.capture.max_frame_difference;
    ears.is_some_and(|ears| ears.greatest_difference(capture.ears()) <= limit)
}
