//! The rounds of a prompted challenge: checks what the browser recorded against what the server revealed and when.

use super::replay::updates;
use super::submission::Issued;
use crate::digest::sha256_text;
use crate::prompt::{Next, Outcome, Policy, Round, ServedRound, commitment, next_cue};
use crate::reason::Reason;
use crate::strip::{self, Moment};
use crate::thresholds::{PromptThresholds, Thresholds};
use crate::transcript::{FrameRecord, RoundRecord, Transcript};

/// The moments of the steps that were done.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(super) fn check(
    transcript: &Transcript,
    Issued { terms, rounds: served, .. }: &Issued,
    strip: &[u8],
    thresholds: &Thresholds,
) -> Result<Vec<Moment>, Reason> {
    let Transcript { rounds, frames, .. } = transcript;
    check_shape(rounds, served, frames.len())?;
    check_commitments(&transcript.nonce, frames, rounds, served)?;
    let limits = terms.policy.rules(thresholds);
    check_clock(frames, rounds, served, limits)?;
    let history = served.iter().map(|round| (round.cue, round.outcome));
    if next_cue(terms.turn, history, || 0, limits) != Next::Complete {
        return Err(Reason::PromptMissed);
    }
    check_rows(rounds, &strip::rows(strip, thresholds)?)?;
    replay(frames, rounds, served, terms.policy, thresholds)
}

/// There are as many rounds as were served, they ended as the browser said at the time, and together they cover all
/// frames.
fn check_shape(rounds: &[RoundRecord], served: &[ServedRound], frames: usize) -> Result<(), Reason> {
    let same = rounds.len() == served.len()
        && rounds.iter().zip(served).all(|(round, served)| round.outcome == served.outcome)
        && rounds.iter().all(|round| round.pictures.is_some() == (round.outcome == Outcome::Done))
        && rounds.is_sorted_by(|a, b| a.frames < b.frames)
        && rounds.first().is_some_and(|round| round.frames > 0)
        && rounds.last().is_some_and(|round| round.frames as usize == frames);
    same.then_some(()).ok_or(Reason::PromptMismatch)
}

/// The frames and the hashes of the pictures are those that the browser committed to before it learned the next cue.
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
        chain = commitment(&chain, &frames[from..to], round.pictures.as_ref());
        if chain != served.commitment {
            return Err(Reason::PromptCommitment);
        }
        from = to;
    }
    Ok(())
}

/// The rows of the strip are those that the steps committed to, one each.
fn check_rows(rounds: &[RoundRecord], rows: &[Vec<u8>]) -> Result<(), Reason> {
    let committed = rounds.iter().filter_map(|round| round.pictures.as_ref()).map(|pictures| &pictures.row);
    let same = committed.eq(rows.iter().map(|row| sha256_text(row)).collect::<Vec<_>>().iter());
    same.then_some(()).ok_or(Reason::PictureCommitment)
}

/// There is one offset between both clocks with which no cue was received before it was revealed and no commitment came
/// before its frames; no round took much more time on our clock than on the browser's; and each step that was done was
/// committed to soon after its last frame, so that its pictures were not made much later.
fn check_clock(
    frames: &[FrameRecord],
    rounds: &[RoundRecord],
    served: &[ServedRound],
    limits: &PromptThresholds,
) -> Result<(), Reason> {
    let (mut least, mut most) = (0, i64::MAX);
    let mut last_ms = 0;
    let mut lags_ms = Vec::with_capacity(rounds.len());
    for (round, served) in rounds.iter().zip(served) {
        let end_ms = frames[round.frames as usize - 1].t_ms();
        let (revealed_ms, committed_ms) = (served.revealed_ms.cast_signed(), served.committed_ms.cast_signed());
        let took_ms = i64::from(end_ms) - i64::from(round.received);
        let lag_ms = committed_ms - revealed_ms - took_ms;
        if round.received < last_ms || took_ms < 0 || lag_ms > i64::from(limits.max_lag_ms) {
            return Err(Reason::PromptTimes);
        }
        lags_ms.push(lag_ms);
        least = least.max(revealed_ms - i64::from(round.received));
        most = most.min(committed_ms - i64::from(end_ms));
        last_ms = end_ms;
    }
    if least > most + i64::from(limits.max_drift_ms) {
        return Err(Reason::PromptTimes);
    }
    // What the fastest round took besides its frames is the network and the browser's own work.
    let usual_ms = lags_ms.iter().copied().min().unwrap_or(0).clamp(0, limits.max_network_ms.into());
    let latest_ms = usual_ms + i64::from(limits.max_late_ms);
    let is_late = |(lag_ms, round): (i64, &RoundRecord)| round.outcome == Outcome::Done && lag_ms > latest_ms;
    if lags_ms.into_iter().zip(rounds).any(is_late) { Err(Reason::PromptLate) } else { Ok(()) }
}

/// Replays every round over the recorded numbers: each must end with its last frame, and as the browser said.
///
/// Runs after [`check_clock`], which bounds the times that [`Round`] adds up.
fn replay(
    frames: &[FrameRecord],
    rounds: &[RoundRecord],
    served: &[ServedRound],
    policy: Policy,
    thresholds: &Thresholds,
) -> Result<Vec<Moment>, Reason> {
    let limits = policy.rules(thresholds);
    let mut updates = updates(frames, thresholds);
    let steps = rounds.iter().filter(|round| round.outcome == Outcome::Done).count();
    let mut moments = Vec::with_capacity(steps);
    let mut from = 0;
    for (record, served) in rounds.iter().zip(served) {
        let to = record.frames as usize;
        let mut round = Round::new(served.cue, record.received);
        let mut ended = None;
        for (frame, update) in frames[from..to].iter().zip(updates.by_ref()) {
            if ended.is_some() {
                return Err(Reason::PromptMismatch);
            }
            ended = round.push(frame.t_ms(), &update, frame.yaw(), limits);
        }
        if ended != Some(record.outcome) {
            return Err(Reason::PromptMismatch);
        }
        if record.outcome == Outcome::Done {
            let captures = record.pictures.as_ref().and_then(|pictures| pictures.captures.as_ref());
            let captures = captures.map(|pair| vec![pair.open.t, pair.closed.t]).unwrap_or_default();
            moments.push(Moment { captures, ..Moment::of_round(frames, from..to, &round, steps) });
        }
        from = to;
    }
    Ok(moments)
}
