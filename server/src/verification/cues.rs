//! The story of a prompted challenge: the browser commits to what it recorded, the next cue is drawn and revealed, and what
//! happened when is noted on our clock.
//!
//! Each request may be repeated until its answer has arrived: it is answered as it was the first time.

use engine::Thresholds;
use engine::prompt::{Commitment, Next, Outcome, Policy, ServedRound, next_cue};

use super::VerificationError;
use super::upload::require_open;
use crate::app::App;
use crate::clock;
use crate::db::Hold;
use crate::db::cues::{self, End, Round};
use crate::db::sessions::Session;
use crate::domain::{ChallengeId, random_u32};

/// Longest commitment: SHA-256 as base64url.
const MAX_COMMITMENT_LENGTH: usize = 43;

/// Notes how the last round ended (`None`: there was none yet) and gives what comes next.
///
/// # Errors
/// [`VerificationError::Round`] if that is not the round that goes on, and as [`super::submit`].
pub async fn next(
    app: &App,
    session: &Session,
    challenge: &ChallengeId,
    commitment: Option<Commitment>,
) -> Result<Next, VerificationError> {
    if commitment.as_ref().is_some_and(|commitment| !could_be_a_commitment(&commitment.commitment)) {
        return Err(VerificationError::Round);
    }
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    let found = require_open(&mut tx, session, challenge).await?;
    let policy = Policy::from_name(&found.policy).filter(|policy| policy.is_prompted());
    let policy = policy.ok_or(VerificationError::Round)?;
    let mut rounds = cues::list(&mut tx, challenge).await?;
    match place(&rounds, commitment.as_ref()) {
        Place::Repeated => return Ok(after(policy, &rounds)),
        Place::Wrong => return Err(VerificationError::Round),
        Place::New => {}
    }
    let now = clock::now_ms();
    if let (Some(commitment), Some(round)) = (commitment, rounds.last_mut()) {
        cues::end(&mut tx, challenge, &commitment, now).await?;
        let Commitment { commitment, outcome, .. } = commitment;
        round.end = Some(End { commitment, outcome, committed_at: now });
    }
    let next = next_cue(policy, history(&rounds), random_u32, &Thresholds::V4.prompt);
    if let Next::Cue(cue) = &next {
        cues::insert(&mut tx, challenge, cue, now).await?;
    }
    tx.commit().await?;
    Ok(next)
}

fn could_be_a_commitment(text: &str) -> bool {
    text.len() <= MAX_COMMITMENT_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The rounds that have ended, as the decision takes them.
pub(super) fn served(rounds: Vec<Round>, issued_at: i64) -> Vec<ServedRound> {
    let since = |at: i64| at.saturating_sub(issued_at).max(0).unsigned_abs();
    let served = |Round { cue, revealed_at, end }: Round| {
        let End { commitment, outcome, committed_at } = end?;
        let (revealed_ms, committed_ms) = (since(revealed_at), since(committed_at));
        Some(ServedRound { cue, revealed_ms, commitment, outcome, committed_ms })
    };
    rounds.into_iter().filter_map(served).collect()
}

enum Place {
    /// The round that goes on.
    New,
    /// It was answered before.
    Repeated,
    Wrong,
}

fn place(rounds: &[Round], commitment: Option<&Commitment>) -> Place {
    let same = |round: &Round, commitment: &Commitment| {
        round.cue.round == commitment.round
            && round
                .end
                .as_ref()
                .is_some_and(|end| end.commitment == commitment.commitment && end.outcome == commitment.outcome)
    };
    match (rounds, commitment) {
        ([], None) => Place::New,
        ([first], None) if first.end.is_none() => Place::Repeated,
        ([.., last], Some(commitment)) if last.end.is_none() && last.cue.round == commitment.round => Place::New,
        // The cue after it was revealed, or there was none.
        ([.., before, last], Some(commitment)) if last.end.is_none() && same(before, commitment) => Place::Repeated,
        ([.., last], Some(commitment)) if same(last, commitment) => Place::Repeated,
        _ => Place::Wrong,
    }
}

/// What was said to come after these rounds.
fn after(policy: Policy, rounds: &[Round]) -> Next {
    match rounds.last() {
        Some(last) if last.end.is_none() => Next::Cue(last.cue),
        _ => next_cue(policy, history(rounds), || 0, &Thresholds::V4.prompt),
    }
}

fn history(rounds: &[Round]) -> impl Iterator<Item = (engine::prompt::Cue, Outcome)> + '_ {
    rounds.iter().filter_map(|round| Some((round.cue, round.end.as_ref()?.outcome)))
}
