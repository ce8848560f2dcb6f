//! Capture sessions: opened by a mailed link, found by the hash of the cookie's secret.

use super::row::row;
use super::{Connection, number};
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::{CheckId, EmailAddress, EndReason, HashedToken, SessionId, UserId, UserStatus, Way};

row! {
    /// A session with the user that it belongs to.
    #[derive(Clone, Debug)]
    pub struct Session {
        /// The row's id.
        pub id: SessionId,
        /// The session's user. No request can choose another one.
        pub user_id: UserId,
        /// The user's address.
        pub email: EmailAddress,
        /// The user's status.
        pub status: UserStatus,
        /// Attempts counted so far.
        pub attempts: u32 as i64,
        /// When it was opened.
        pub created_at: i64,
        /// When it ends.
        pub expires_at: i64,
        /// When it was ended early.
        pub ended_at: Option<i64>,
        /// Why, if the check went on on another device.
        pub end_reason: Option<EndReason>,
        /// How it came to this device: a [`Way`], or empty if nothing was handed over.
        pub handoff: String,
        /// The check that it is for.
        pub check_id: Option<CheckId>,
    }
}

impl Session {
    /// Whether the session is open at `now_ms`.
    pub fn is_live(&self, now_ms: i64) -> bool {
        self.ended_at.is_none() && self.expires_at > now_ms && self.created_at <= now_ms + MAY_BE_AHEAD_MS
    }
}

/// A new session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The session's user.
    pub user_id: UserId,
    /// The hash of the cookie's secret.
    pub secret: HashedToken,
    /// The check that it is for.
    pub check_id: Option<CheckId>,
    /// Attempts counted in the session that it replaces.
    pub attempts: u32,
    /// How it comes to this device, if another one hands it over.
    pub handoff: Option<Way>,
    /// When it is opened.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: i64,
}

/// Opens a session.
pub async fn insert(db: &mut Connection, new: &NewSession) -> sqlx::Result<()> {
    db.query(
        "insert into capture_sessions (id, user_id, secret_hash, attempts, created_at, expires_at, check_id,
             handoff)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&new.id)
    .bind(&new.user_id)
    .bind(&new.secret)
    .bind(i64::from(new.attempts))
    .bind(new.created_at)
    .bind(new.expires_at)
    .bind(&new.check_id)
    .bind(new.handoff.map_or("", Way::name))
    .execute()
    .await?;
    Ok(())
}

/// Gives the session a new secret; the previous one stops working.
pub async fn replace_secret(db: &mut Connection, id: &SessionId, secret: &HashedToken) -> sqlx::Result<()> {
    db.query("update capture_sessions set secret_hash = $2 where id = $1").bind(id).bind(secret).execute().await?;
    Ok(())
}

/// Returns the session with this cookie secret, live or not.
pub async fn find(db: &mut Connection, secret: &HashedToken) -> sqlx::Result<Option<Session>> {
    db.query(
        "select s.id, s.user_id, u.email, u.status, s.attempts, s.created_at, s.expires_at, s.ended_at,
             s.end_reason, s.handoff, s.check_id
         from capture_sessions s join users u on u.id = s.user_id where s.secret_hash = $1",
    )
    .bind(secret)
    .fetch_optional()
    .await
}

/// Returns the session with this id, live or not.
pub async fn get(db: &mut Connection, id: &SessionId) -> sqlx::Result<Option<Session>> {
    db.query(
        "select s.id, s.user_id, u.email, u.status, s.attempts, s.created_at, s.expires_at, s.ended_at,
             s.end_reason, s.handoff, s.check_id
         from capture_sessions s join users u on u.id = s.user_id where s.id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Ends the session, and says why if the check moves to another device.
pub async fn end(db: &mut Connection, id: &SessionId, reason: Option<EndReason>, now_ms: i64) -> sqlx::Result<()> {
    db.query("update capture_sessions set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null")
        .bind(id)
        .bind(now_ms)
        .bind(reason)
        .execute()
        .await?;
    Ok(())
}

/// Makes a live session last until `until_ms`, or as long as it would anyway. Returns its end, or `None` if it is over.
pub async fn extend(db: &mut Connection, id: &SessionId, until_ms: i64, now_ms: i64) -> sqlx::Result<Option<i64>> {
    let extended = db.query(
        "update capture_sessions set expires_at = case when expires_at < $2 then $2 else expires_at end
         where id = $1 and ended_at is null and expires_at > $3 returning expires_at",
    );
    let end: Option<(i64,)> = extended.bind(id).bind(until_ms).bind(now_ms).fetch_optional().await?;
    Ok(end.map(|(at,)| at))
}

/// Counts one attempt and returns the new number.
pub async fn count_attempt(db: &mut Connection, id: &SessionId) -> sqlx::Result<u32> {
    let counted = db.query("update capture_sessions set attempts = attempts + 1 where id = $1 returning attempts");
    let (attempts,): (i64,) = counted.bind(id).fetch_one().await?;
    number(attempts)
}

/// Returns how many attempts were counted.
pub async fn attempts(db: &mut Connection, id: &SessionId) -> sqlx::Result<u32> {
    let (attempts,): (i64,) =
        db.query("select attempts from capture_sessions where id = $1").bind(id).fetch_one().await?;
    number(attempts)
}
