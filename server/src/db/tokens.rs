//! Mailed links: stored as hashes, expiring, and used up by the verification that they lead to.
//!
//! Until then, each use of a link opens a session that replaces the one before. So a mail scanner that presses the
//! button first locks nobody out, and cannot pass the camera.

use super::Connection;
use super::row::row;
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::{CheckId, HashedToken, SessionId, UserId};

row! {
    /// A link that was mailed.
    #[derive(Clone, Debug)]
    pub struct MailedToken {
        /// The user to whom it was mailed.
        pub user_id: UserId,
        /// When it was mailed.
        pub created_at: i64,
        /// When it expires.
        pub expires_at: i64,
        /// When it was used up.
        pub used_at: Option<i64>,
        /// The last session that it opened.
        pub session_id: Option<SessionId>,
        /// The check that it is for; `None` for the register page.
        pub check_id: Option<CheckId>,
    }
}

impl MailedToken {
    /// Whether it has expired at `now_ms`.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at <= now_ms || self.created_at > now_ms + MAY_BE_AHEAD_MS
    }
}

/// Stores the hash of a link that is about to be mailed.
pub async fn insert(
    db: &mut Connection,
    token: &HashedToken,
    (user, check): (&UserId, Option<&CheckId>),
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    db.query(
        "insert into verification_tokens (token_hash, user_id, created_at, expires_at, check_id)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(token)
    .bind(user)
    .bind(now_ms)
    .bind(expires_at)
    .bind(check)
    .execute()
    .await?;
    Ok(())
}

/// Returns the link with this hash.
pub async fn find(db: &mut Connection, token: &HashedToken) -> sqlx::Result<Option<MailedToken>> {
    db.query(
        "select user_id, created_at, expires_at, used_at, session_id, check_id from verification_tokens
         where token_hash = $1",
    )
    .bind(token)
    .fetch_optional()
    .await
}

/// Records that the link opened `session`; with `used_at`, the link is used up.
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

/// Lets the links whose last session is `from` lead to `to` from now on.
pub async fn follow(db: &mut Connection, from: &SessionId, to: &SessionId) -> sqlx::Result<()> {
    db.query("update verification_tokens set session_id = $2 where session_id = $1")
        .bind(from)
        .bind(to)
        .execute()
        .await?;
    Ok(())
}

/// Uses up the links of `user` that have been opened: those of this check, or those of the register page.
pub async fn use_up(db: &mut Connection, user: &UserId, check: Option<&CheckId>, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "update verification_tokens set used_at = $2
         where user_id = $1 and used_at is null and session_id is not null and coalesce(check_id, '') = $3",
    )
    .bind(user)
    .bind(now_ms)
    .bind(check.map_or("", CheckId::as_str).to_owned())
    .execute()
    .await?;
    Ok(())
}
