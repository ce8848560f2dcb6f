//! The rounds of a prompted challenge: the browser commits to what it recorded, the next cue is drawn and revealed, and
//! the server's clock records when.
//!
//! Each request may be repeated until its answer arrives: it gets the same answer as the first time.

use engine::prompt::{Commitment, Next, Outcome, Policy, next_cue};
use engine::{PromptThresholds, Thresholds};

use super::counting;
use super::outcome::VerificationError;
use super::upload::require_open;
use crate::clock;
use crate::config::CoolDown;
use crate::db::cues::{self, PromptRound, RoundEnd};
use crate::db::sessions::Session;
use crate::db::{Db, LockScope};
use crate::domain::{ChallengeId, random_u32};

/// Longest commitment: SHA-256 as base64url.
const MAX_COMMITMENT_LENGTH: usize = 43;

/// Records how the last round ended (`None`: there was none yet) and returns what comes next.
///
/// # Errors
/// [`VerificationError::Round`] if the commitment does not end the current round, and as [`super::Verifier::submit`].
pub async fn next(
    db: &Db,
    cool_down: CoolDown,
    session: &Session,
    challenge: &ChallengeId,
    commitment: Option<Commitment>,
) -> Result<Next, VerificationError> {
    if commitment.as_ref().is_some_and(|commitment| !could_be_a_commitment(&commitment.commitment)) {
        return Err(VerificationError::Round);
    }
    let (user, mailbox) = (&session.user_id, session.email.folded_key());
    let scope = match commitment {
        // The first cue begins an attempt.
        None => LockScope::Attempts { user, mailbox: &mailbox },
        Some(_) => LockScope::User(user),
    };
    let mut tx = db.write(scope).await?;
    let found = require_open(&mut tx, session, challenge).await?;
    let policy = Policy::from_name(&found.policy).filter(|policy| policy.is_prompted());
    let policy = policy.ok_or(VerificationError::Round)?;
    let rules = policy.rules(&Thresholds::V8);
    let mut rounds = cues::list(&mut tx, challenge).await?;
    match classify(&rounds, commitment.as_ref()) {
        RoundRequest::Repeated => return Ok(after(found.turn != 0, rules, &rounds)),
        RoundRequest::Invalid => return Err(VerificationError::Round),
        RoundRequest::New => {}
    }
    let now = clock::now_ms();
    if let (Some(commitment), Some(round)) = (commitment, rounds.last_mut()) {
        cues::end(&mut tx, challenge, &commitment, now).await?;
        let Commitment { commitment, outcome, .. } = commitment;
        round.end = Some(RoundEnd { commitment, outcome, committed_at: now });
    }
    let next = next_cue(found.turn != 0, history(&rounds), random_u32, rules);
    if let Next::Cue(cue) = &next {
        if rounds.is_empty() {
            counting::begin(&mut tx, cool_down, session, challenge, now).await?;
        }
        cues::insert(&mut tx, challenge, cue, now).await?;
    }
    tx.commit().await?;
    Ok(next)
}

fn could_be_a_commitment(text: &str) -> bool {
    text.len() <= MAX_COMMITMENT_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

enum RoundRequest {
    /// It ends the current round, or begins the first.
    New,
    /// It was answered before.
    Repeated,
    Invalid,
}

fn classify(rounds: &[PromptRound], commitment: Option<&Commitment>) -> RoundRequest {
    let same = |round: &PromptRound, commitment: &Commitment| {
        round.cue.round == commitment.round
            && round
                .end
                .as_ref()
                .is_some_and(|end| end.commitment == commitment.commitment && end.outcome == commitment.outcome)
    };
    match (rounds, commitment) {
        ([], None) => RoundRequest::New,
        ([first], None) if first.end.is_none() => RoundRequest::Repeated,
        ([.., last], Some(commitment)) if last.end.is_none() && last.cue.round == commitment.round => RoundRequest::New,
        // Its answer revealed the cue of the round after it, or said that there is none.
        ([.., before, last], Some(commitment)) if last.end.is_none() && same(before, commitment) => {
            RoundRequest::Repeated
        }
        ([.., last], Some(commitment)) if same(last, commitment) => RoundRequest::Repeated,
        _ => RoundRequest::Invalid,
    }
}

/// The answer that was given after these rounds.
fn after(turn: bool, rules: &PromptThresholds, rounds: &[PromptRound]) -> Next {
    match rounds.last() {
        Some(last) if last.end.is_none() => Next::Cue(last.cue),
        _ => next_cue(turn, history(rounds), || 0, rules),
    }
}

fn history(rounds: &[PromptRound]) -> impl Iterator<Item = (engine::prompt::Cue, Outcome)> + '_ {
    rounds.iter().filter_map(|round| Some((round.cue, round.end.as_ref()?.outcome)))
}
