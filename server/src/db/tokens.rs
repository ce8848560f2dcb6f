//! Mailed links: hashed, expiring, redeemed once.

use super::Connection;
use crate::domain::{HashedToken, SessionId, UserId};

/// A link that was mailed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailedToken {
    /// Whose mailbox it went to.
    pub user_id: UserId,
    /// When it stops working.
    pub expires_at: i64,
    /// When it was redeemed.
    pub used_at: Option<i64>,
    /// The session that it opened.
    pub session_id: Option<SessionId>,
}

/// Stores the hash of a link that is about to be mailed.
pub async fn insert(
    db: &mut Connection,
    token: &HashedToken,
    user: &UserId,
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into verification_tokens (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
    )
    .bind(token)
    .bind(user)
    .bind(now_ms)
    .bind(expires_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Returns the link with this hash.
pub async fn find(db: &mut Connection, token: &HashedToken) -> sqlx::Result<Option<MailedToken>> {
    sqlx::query_as("select user_id, expires_at, used_at, session_id from verification_tokens where token_hash = $1")
        .bind(token)
        .fetch_optional(db)
        .await
}

/// Marks the link used by `session`. Returns whether it was still usable at `now_ms`.
pub async fn redeem(db: &mut Connection, token: &HashedToken, session: &SessionId, now_ms: i64) -> sqlx::Result<bool> {
    let updated = sqlx::query(
        "update verification_tokens set used_at = $3, session_id = $2
         where token_hash = $1 and used_at is null and expires_at > $3",
    )
    .bind(token)
    .bind(session)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(updated.rows_affected() == 1)
}
