//! Claims on challenges: at most one submission at a time holds one, and only its holder may decide.

use super::Connection;
use super::challenges::{Challenge, ChallengeState, find};
use crate::domain::{ChallengeId, LeaseId, SessionId};

/// Result of a claim.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Only the caller may decide the challenge, under this lease.
    Granted(Box<Challenge>, LeaseId),
    /// There is no such challenge in this session.
    Unknown,
    /// It was decided for this same request. Contains the answer.
    Answered(String),
    /// It was decided for another request.
    Used,
    /// It is being scored.
    InProgress,
    /// It expired, or a newer challenge replaced it.
    Expired,
}

/// Claims the challenge for the request named by `key` (`None`: giving up), until `lease_until`.
///
/// A claim whose process died can be taken over once its lease has expired, even if the challenge has expired
/// meanwhile: the request arrived in time.
pub async fn claim(
    db: &mut Connection,
    id: &ChallengeId,
    session: &SessionId,
    key: Option<&str>,
    now_ms: i64,
    lease_until: i64,
) -> sqlx::Result<Claim> {
    let lease = LeaseId::new(now_ms);
    let granted: Option<Challenge> = db
        .query(
            "update challenges set state = 'scoring', lease_id = $3, lease_until = $4, idempotency_key = $5
         where id = $1 and session_id = $2
           and ((state = 'issued' and expires_at > $6) or (state = 'scoring' and lease_until <= $6))
         returning id, session_id, user_id, public_key, nonce, audience, policy, turn, rate, consent, attempt, timeout_ms,
             thresholds, state, issued_at, expires_at, lease_until, idempotency_key, answer, fault_at,
             tone_guided_asked, handoff",
        )
        .bind(id)
        .bind(session)
        .bind(&lease)
        .bind(lease_until)
        .bind(key)
        .bind(now_ms)
        .fetch_optional()
        .await?;
    if let Some(challenge) = granted {
        return Ok(Claim::Granted(Box::new(challenge), lease));
    }
    Ok(match find(db, id, session).await? {
        None => Claim::Unknown,
        Some(challenge) => match (challenge.state, challenge.answer) {
            (ChallengeState::Decided, Some(answer)) if challenge.idempotency_key.as_deref() == key => {
                Claim::Answered(answer)
            }
            (ChallengeState::Decided, _) => Claim::Used,
            (ChallengeState::Scoring, _) => Claim::InProgress,
            (ChallengeState::Issued | ChallengeState::Superseded, _) => Claim::Expired,
        },
    })
}

/// Releases a claim that a fault of ours left undecided. The challenge can be claimed again at least until
/// `usable_until`.
pub async fn release(
    db: &mut Connection,
    id: &ChallengeId,
    lease: &LeaseId,
    now_ms: i64,
    usable_until: i64,
) -> sqlx::Result<()> {
    db.query(
        "update challenges set state = 'issued', lease_id = null, lease_until = null, idempotency_key = null,
             fault_at = $4, expires_at = case when expires_at < $3 then $3 else expires_at end
         where id = $1 and lease_id = $2 and state = 'scoring'",
    )
    .bind(id)
    .bind(lease)
    .bind(usable_until)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Stores the final answer. Returns whether the caller still held the claim. If not, nothing was changed, and the
/// caller must store nothing of the decision.
pub async fn finish(
    db: &mut Connection,
    id: &ChallengeId,
    lease: &LeaseId,
    answer: &str,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let updated = db
        .query(
            "update challenges set state = 'decided', answer = $3, decided_at = $4, lease_id = null, lease_until = null
         where id = $1 and lease_id = $2 and state = 'scoring'",
        )
        .bind(id)
        .bind(lease)
        .bind(answer)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(updated == 1)
}

/// Whether a submission of this session is being scored.
pub async fn is_scoring(db: &mut Connection, session: &SessionId, now_ms: i64) -> sqlx::Result<bool> {
    let (claims,): (i64,) = db
        .query("select count(*) from challenges where session_id = $1 and state = 'scoring' and lease_until > $2")
        .bind(session)
        .bind(now_ms)
        .fetch_one()
        .await?;
    Ok(claims > 0)
}
