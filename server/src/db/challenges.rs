//! Challenges: issued (here), claimed by at most one submission at a time and decided once (`claims.rs`), or left
//! before that. Each ends once.

use engine::prompt::Policy;

use super::row::row;
use super::{Connection, violates};
use crate::domain::{ChallengeId, SessionId, UserId};

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
    /// Whether one of the gestures is a turn of the head.
    pub turn: bool,
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
    /// Whether the browser asked for tones although its frame rate needs none.
    pub tone_guided_asked: bool,
    /// How its session came to this device; empty if nothing was handed over.
    pub handoff: String,
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
        /// Whether one of the gestures is a turn of the head: 0 or 1.
        pub turn: i64,
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
        /// When a fault of ours last kept it from being decided.
        pub fault_at: Option<i64>,
        /// Whether the browser asked for tones although its frame rate needs none: 0 or 1.
        pub tone_guided_asked: i64,
        /// How its session came to this device: `qr`, `link`, or empty if nothing was handed over.
        pub handoff: String,
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
    /// Left: replaced by a newer challenge, or expired, before it was decided; final.
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

/// Stores a new challenge. Unless it returns `Issued`, the caller must roll back.
pub async fn issue(db: &mut Connection, new: &NewChallenge) -> sqlx::Result<IssueResult> {
    let inserted = db
        .query(
            "insert into challenges (id, session_id, user_id, public_key, nonce, audience, policy, rate, attempt,
             timeout_ms, thresholds, state, issued_at, expires_at, consent, tone_guided_asked, turn,
             handoff)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'issued', $12, $13, $14, $15, $16, $17)",
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
        .bind(i64::from(new.tone_guided_asked))
        .bind(i64::from(new.turn))
        .bind(&new.handoff)
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

/// Returns the challenge, if it belongs to this session.
pub async fn find(db: &mut Connection, id: &ChallengeId, session: &SessionId) -> sqlx::Result<Option<Challenge>> {
    db.query(
        "select id, session_id, user_id, public_key, nonce, audience, policy, turn, rate, consent, attempt, timeout_ms,
             thresholds, state, issued_at, expires_at, lease_until, idempotency_key, answer, fault_at,
             tone_guided_asked, handoff
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

/// Returns the answer to the session's last attempt that was decided or left and counted, JSON.
pub async fn last_answer(db: &mut Connection, session: &SessionId) -> sqlx::Result<Option<String>> {
    let last: Option<(String,)> = db
        .query(
            "select answer from challenges where session_id = $1 and answer is not null
         order by decided_at desc, id desc limit 1",
        )
        .bind(session)
        .fetch_optional()
        .await?;
    Ok(last.map(|(answer,)| answer))
}

/// Ends the open challenge of the session, because a new one replaces it. Returns it. If it has a lease, the process
/// that had claimed it died.
pub async fn supersede(db: &mut Connection, session: &SessionId, now_ms: i64) -> sqlx::Result<Option<Challenge>> {
    db.query(
        "update challenges set state = 'superseded', decided_at = $2
         where session_id = $1 and (state = 'issued' or (state = 'scoring' and lease_until <= $2))
         returning id, session_id, user_id, public_key, nonce, audience, policy, turn, rate, consent, attempt, timeout_ms,
             thresholds, state, issued_at, expires_at, lease_until, idempotency_key, answer, fault_at,
             tone_guided_asked, handoff",
    )
    .bind(session)
    .bind(now_ms)
    .fetch_optional()
    .await
}

/// Ends a challenge that expired, or whose claim ended before `lost_before` with its process. Returns it if this call
/// ended it.
pub async fn lapse(
    db: &mut Connection,
    id: &ChallengeId,
    now_ms: i64,
    lost_before: i64,
) -> sqlx::Result<Option<Challenge>> {
    db.query(
        "update challenges set state = 'superseded', decided_at = $2
         where id = $1 and ((state = 'issued' and expires_at <= $2) or (state = 'scoring' and lease_until <= $3))
         returning id, session_id, user_id, public_key, nonce, audience, policy, turn, rate, consent, attempt, timeout_ms,
             thresholds, state, issued_at, expires_at, lease_until, idempotency_key, answer, fault_at,
             tone_guided_asked, handoff",
    )
    .bind(id)
    .bind(now_ms)
    .bind(lost_before)
    .fetch_optional()
    .await
}

/// Stores what the person is told of a challenge that was left and counted, JSON.
pub async fn note_answer(db: &mut Connection, id: &ChallengeId, answer: &str) -> sqlx::Result<()> {
    db.query("update challenges set answer = $2 where id = $1").bind(id).bind(answer).execute().await?;
    Ok(())
}

/// Records that a fault of ours keeps the challenge from being decided now.
pub async fn note_fault(db: &mut Connection, id: &ChallengeId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update challenges set fault_at = $2 where id = $1").bind(id).bind(now_ms).execute().await?;
    Ok(())
}
