//! The rounds of a prompted challenge: checks what the browser recorded against what the server revealed and when.

use super::replay::updates;
use crate::prompt::{Next, Outcome, Round, ServedRound, commitment, next_cue};
use crate::reason::Reason;
use crate::strip::Moment;
use crate::thresholds::{PromptThresholds, Thresholds};
use crate::transcript::{FrameRecord, RoundRecord, Transcript};

/// The moments of the steps that were done.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(super) fn check(
    transcript: &Transcript,
    served: &[ServedRound],
    thresholds: &Thresholds,
) -> Result<Vec<Moment>, Reason> {
    let Transcript { rounds, frames, .. } = transcript;
    check_shape(rounds, served, frames.len())?;
    check_commitments(&transcript.nonce, frames, rounds, served)?;
    check_clock(frames, rounds, served, &thresholds.prompt)?;
    let history = served.iter().map(|round| (round.cue, round.outcome));
    if next_cue(transcript.policy, history, || 0, &thresholds.prompt) != Next::Complete {
        return Err(Reason::PromptMissed);
    }
    replay(frames, rounds, served, thresholds)
}

/// There are as many rounds as were served, they ended as the browser said at the time, and together they cover all
/// frames.
fn check_shape(rounds: &[RoundRecord], served: &[ServedRound], frames: usize) -> Result<(), Reason> {
    let same = rounds.len() == served.len()
        && rounds.iter().zip(served).all(|(round, served)| round.outcome == served.outcome)
        && rounds.is_sorted_by(|a, b| a.frames < b.frames)
        && rounds.first().is_some_and(|round| round.frames > 0)
        && rounds.last().is_some_and(|round| round.frames as usize == frames);
    same.then_some(()).ok_or(Reason::PromptMismatch)
}

/// The frames are those that the browser committed to before it learned the next cue.
fn check_commitments(
    nonce: &str,
    frames: &[FrameRecord],
    rounds: &[RoundRecord],
    served: &[ServedRound],
) -> Result<(), Reason> {
    let mut chain = nonce.to_owned();
    let mut from = 0;
    for (round, served) in rounds.iter().zip(served) {
        let to = round.frames as usize;
        chain = commitment(&chain, &frames[from..to]);
        if chain != served.commitment {
            return Err(Reason::PromptCommitment);
        }
        from = to;
    }
    Ok(())
}

/// There is one offset between both clocks with which no cue was received before it was revealed and no commitment came
/// before its frames; and no round took much more time on our clock than on the browser's.
fn check_clock(
    frames: &[FrameRecord],
    rounds: &[RoundRecord],
    served: &[ServedRound],
    limits: &PromptThresholds,
) -> Result<(), Reason> {
    let (mut least, mut most) = (0, i64::MAX);
    let mut last_ms = 0;
    for (round, served) in rounds.iter().zip(served) {
        let end_ms = frames[round.frames as usize - 1].t_ms();
        let (revealed_ms, committed_ms) = (served.revealed_ms.cast_signed(), served.committed_ms.cast_signed());
        let took_ms = i64::from(end_ms) - i64::from(round.received);
        let lag_ms = committed_ms - revealed_ms - took_ms;
        if round.received < last_ms || took_ms < 0 || lag_ms > i64::from(limits.max_lag_ms) {
            return Err(Reason::PromptTimes);
        }
        least = least.max(revealed_ms - i64::from(round.received));
        most = most.min(committed_ms - i64::from(end_ms));
        last_ms = end_ms;
    }
    (least <= most + i64::from(limits.max_drift_ms)).then_some(()).ok_or(Reason::PromptTimes)
}

/// Replays every round over the recorded numbers: each must end with its last frame, and as the browser said.
///
/// Runs after [`check_clock`], which bounds the times that [`Round`] adds up.
fn replay(
    frames: &[FrameRecord],
    rounds: &[RoundRecord],
    served: &[ServedRound],
    thresholds: &Thresholds,
) -> Result<Vec<Moment>, Reason> {
    let mut updates = updates(frames, thresholds);
    let mut moments = Vec::new();
    let mut from = 0;
    for (record, served) in rounds.iter().zip(served) {
        let to = record.frames as usize;
        let mut round = Round::new(served.cue, record.received);
        let mut ended = None;
        for (frame, update) in frames[from..to].iter().zip(updates.by_ref()) {
            if ended.is_some() {
                return Err(Reason::PromptMismatch);
            }
            ended = round.push(frame.t_ms(), &update, &thresholds.prompt);
        }
        if ended != Some(record.outcome) {
            return Err(Reason::PromptMismatch);
        }
        if record.outcome == Outcome::Done {
            moments.push(Moment::of_round(frames, from..to, &round));
        }
        from = to;
    }
    Ok(moments)
}
