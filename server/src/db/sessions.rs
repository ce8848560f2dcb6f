//! Sittings at the camera: opened by a redeemed link, known by the hash of the cookie's secret.

use super::Connection;
use crate::domain::{EmailAddress, HashedToken, SessionId, UserId, UserStatus};

/// A sitting with the user that it belongs to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// The row's id.
    pub id: SessionId,
    /// Whose sitting it is. Nothing that a request says ever chooses another user.
    pub user_id: UserId,
    /// The user's address.
    pub email: EmailAddress,
    /// The user's standing.
    pub status: UserStatus,
    /// Attempts that counted so far.
    pub attempts: u32,
    /// When it ends.
    pub expires_at: i64,
    /// When it was ended before that.
    pub ended_at: Option<i64>,
}

impl Session {
    /// Whether the sitting still goes on at `now_ms`.
    pub fn is_live(&self, now_ms: i64) -> bool {
        self.ended_at.is_none() && self.expires_at > now_ms
    }
}

/// Opens a sitting.
pub async fn insert(
    db: &mut Connection,
    id: &SessionId,
    user: &UserId,
    secret: &HashedToken,
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into capture_sessions (id, user_id, secret_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(user)
    .bind(secret)
    .bind(now_ms)
    .bind(expires_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Returns the sitting whose cookie holds this secret, live or not.
pub async fn find(db: &mut Connection, secret: &HashedToken) -> sqlx::Result<Option<Session>> {
    sqlx::query_as(
        "select s.id, s.user_id, u.email, u.status, s.attempts, s.expires_at, s.ended_at
         from capture_sessions s join users u on u.id = s.user_id where s.secret_hash = $1",
    )
    .bind(secret)
    .fetch_optional(db)
    .await
}

/// Ends the sitting.
pub async fn end(db: &mut Connection, id: &SessionId, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query("update capture_sessions set ended_at = $2 where id = $1 and ended_at is null")
        .bind(id)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// Counts one attempt and returns how many there are now.
pub async fn count_attempt(db: &mut Connection, id: &SessionId) -> sqlx::Result<u32> {
    sqlx::query_scalar("update capture_sessions set attempts = attempts + 1 where id = $1 returning attempts")
        .bind(id)
        .fetch_one(db)
        .await
}

/// Returns how many attempts counted.
pub async fn attempts(db: &mut Connection, id: &SessionId) -> sqlx::Result<u32> {
    sqlx::query_scalar("select attempts from capture_sessions where id = $1").bind(id).fetch_one(db).await
}
