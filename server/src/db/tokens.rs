//! Mailed links: hashed, expiring, and used up by the verification that they led to.
//!
//! Until then a link opens a session each time, in place of the one before: a mail program that presses the button first
//! cannot pass the camera, and locks nobody out.

use super::Connection;
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::{HashedToken, SessionId, UserId};

/// A link that was mailed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailedToken {
    /// Whose mailbox it went to.
    pub user_id: UserId,
    /// When it was mailed.
    pub created_at: i64,
    /// When it stops working.
    pub expires_at: i64,
    /// When it was used up before that.
    pub used_at: Option<i64>,
    /// The last session that it opened.
    pub session_id: Option<SessionId>,
}

impl MailedToken {
    /// Whether its time is over at `now_ms`.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at <= now_ms || self.created_at > now_ms + MAY_BE_AHEAD_MS
    }
}

/// Stores the hash of a link that is about to be mailed.
pub async fn insert(
    db: &mut Connection,
    token: &HashedToken,
    user: &UserId,
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    db.query("insert into verification_tokens (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)")
        .bind(token)
        .bind(user)
        .bind(now_ms)
        .bind(expires_at)
        .execute()
        .await?;
    Ok(())
}

/// Returns the link with this hash.
pub async fn find(db: &mut Connection, token: &HashedToken) -> sqlx::Result<Option<MailedToken>> {
    db.query(
        "select user_id, created_at, expires_at, used_at, session_id from verification_tokens where token_hash = $1",
    )
    .bind(token)
    .fetch_optional()
    .await
}

/// Notes that the link opened `session`, and with `used_at` that it opens no other.
pub async fn opened(
    db: &mut Connection,
    token: &HashedToken,
    session: &SessionId,
    used_at: Option<i64>,
) -> sqlx::Result<()> {
    db.query("update verification_tokens set session_id = $2, used_at = $3 where token_hash = $1")
        .bind(token)
        .bind(session)
        .bind(used_at)
        .execute()
        .await?;
    Ok(())
}

/// Uses up every link of `user` that was ever opened.
pub async fn use_up(db: &mut Connection, user: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "update verification_tokens set used_at = $2
         where user_id = $1 and used_at is null and session_id is not null",
    )
    .bind(user)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}
