//! Challenges: issued, claimed by at most one submission at a time, decided once.

use engine::prompt::Policy;

use super::row::row;
use super::{Connection, violates};
use crate::domain::{ChallengeId, LeaseId, SessionId, UserId};

/// A challenge as it is issued.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// The user that it belongs to.
    pub user_id: UserId,
    /// The browser's key, base64url.
    pub public_key: String,
    /// 32 random bytes, base64url.
    pub nonce: String,
    /// The server's origin.
    pub audience: String,
    /// The kind of challenge.
    pub policy: Policy,
    /// Frames per second that the browser analyses, times ten.
    pub rate: u32,
    /// SHA-256 of the information shown to the person, base64url.
    pub consent: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Time to complete the challenge.
    pub timeout_ms: u32,
    /// Name of the thresholds.
    pub thresholds: String,
    /// When it was issued.
    pub issued_at: i64,
    /// Until when a submission is accepted.
    pub expires_at: i64,
}

row! {
    /// A challenge as it is stored.
    #[derive(Clone, Debug)]
    pub struct Challenge {
        /// Its id.
        pub id: ChallengeId,
        /// The session that it belongs to.
        pub session_id: SessionId,
        /// The user that it belongs to.
        pub user_id: UserId,
        /// The browser's key, base64url.
        pub public_key: String,
        /// 32 random bytes, base64url.
        pub nonce: String,
        /// The server's origin at the time.
        pub audience: String,
        /// Name of the kind of challenge.
        pub policy: String,
        /// Frames per second that the browser analyses, times ten.
        pub rate: u32 as i64,
        /// SHA-256 of the information shown to the person, base64url.
        pub consent: String,
        /// Number of the attempt, from 1.
        pub attempt: u32 as i64,
        /// Time to complete the challenge.
        pub timeout_ms: u32 as i64,
        /// Name of the thresholds.
        pub thresholds: String,
        /// Its state.
        pub state: ChallengeState,
        /// When it was issued.
        pub issued_at: i64,
        /// Until when a submission is accepted.
        pub expires_at: i64,
        /// Until when the current claim is valid.
        pub lease_until: Option<i64>,
        /// Idempotency key of the request that claimed or decided it.
        pub idempotency_key: Option<String>,
        /// The answer that was given, JSON.
        pub answer: Option<String>,
    }
}

/// State of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ChallengeState {
    /// Waiting for a submission.
    Issued,
    /// A submission is being scored.
    Scoring,
    /// Answered; final.
    Decided,
    /// Replaced by a newer challenge before it was used.
    Superseded,
}

/// Result of issuing a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueResult {
    /// It is stored.
    Issued,
    /// A submission of the same session is being scored; a second challenge would be a second try.
    Busy,
    /// The key was registered before.
    KeyUsed,
}

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

/// Stores a new challenge and replaces an unused one of the same session. Unless it returns `Issued`, the caller must
/// roll back.
pub async fn issue(db: &mut Connection, new: &NewChallenge) -> sqlx::Result<IssueResult> {
    db.query(
        "update challenges set state = 'superseded'
         where session_id = $1 and (state = 'issued' or (state = 'scoring' and lease_until <= $2))",
    )
    .bind(&new.session_id)
    .bind(new.issued_at)
    .execute()
    .await?;
    let inserted = db
        .query(
            "insert into challenges (id, session_id, user_id, public_key, nonce, audience, policy, rate, attempt,
             timeout_ms, thresholds, state, issued_at, expires_at, consent)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'issued', $12, $13, $14)",
        )
        .bind(&new.id)
        .bind(&new.session_id)
        .bind(&new.user_id)
        .bind(&new.public_key)
        .bind(&new.nonce)
        .bind(&new.audience)
        .bind(new.policy.name())
        .bind(i64::from(new.rate))
        .bind(i64::from(new.attempt))
        .bind(i64::from(new.timeout_ms))
        .bind(&new.thresholds)
        .bind(new.issued_at)
        .bind(new.expires_at)
        .bind(&new.consent)
        .execute()
        .await;
    match inserted {
        Ok(_) => Ok(IssueResult::Issued),
        Err(error) if violates(&error, "challenges_public_key_once", "challenges.public_key") => {
            Ok(IssueResult::KeyUsed)
        }
        Err(error) if violates(&error, "challenges_one_open_per_session_id", "challenges.session_id") => {
            Ok(IssueResult::Busy)
        }
        Err(error) => Err(error),
    }
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
         returning id, session_id, user_id, public_key, nonce, audience, policy, rate, consent, attempt, timeout_ms,
             thresholds, state, issued_at, expires_at, lease_until, idempotency_key, answer",
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

/// Returns the challenge, if it belongs to this session.
pub async fn find(db: &mut Connection, id: &ChallengeId, session: &SessionId) -> sqlx::Result<Option<Challenge>> {
    db.query(
        "select id, session_id, user_id, public_key, nonce, audience, policy, rate, consent, attempt, timeout_ms, thresholds,
             state, issued_at, expires_at, lease_until, idempotency_key, answer
         from challenges where id = $1 and session_id = $2",
    )
    .bind(id)
    .bind(session)
    .fetch_optional()
    .await
}

/// Returns when the challenge was issued, if it still exists.
pub async fn issued_at(db: &mut Connection, id: &ChallengeId) -> sqlx::Result<Option<i64>> {
    let row: Option<(i64,)> =
        db.query("select issued_at from challenges where id = $1").bind(id).fetch_optional().await?;
    Ok(row.map(|(issued_at,)| issued_at))
}

/// Releases an undecided claim. The challenge can be claimed again at least until `usable_until`.
pub async fn release(db: &mut Connection, id: &ChallengeId, lease: &LeaseId, usable_until: i64) -> sqlx::Result<()> {
    db.query(
        "update challenges set state = 'issued', lease_id = null, lease_until = null, idempotency_key = null,
             expires_at = case when expires_at < $3 then $3 else expires_at end
         where id = $1 and lease_id = $2 and state = 'scoring'",
    )
    .bind(id)
    .bind(lease)
    .bind(usable_until)
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

/// Returns the answer to the session's most recently decided challenge, JSON.
pub async fn last_answer(db: &mut Connection, session: &SessionId) -> sqlx::Result<Option<String>> {
    let last: Option<(String,)> = db
        .query(
            "select answer from challenges where session_id = $1 and state = 'decided'
         order by decided_at desc, id desc limit 1",
        )
        .bind(session)
        .fetch_optional()
        .await?;
    Ok(last.map(|(answer,)| answer))
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
