//! Sessions of operators who signed in with a key and a code.

use super::Connection;
use super::admin_keys::AdminKey;
use crate::domain::{AdminKeyId, HashedToken};

/// Stores a session.
pub async fn insert(
    db: &mut Connection,
    token: &HashedToken,
    key: &AdminKeyId,
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    db.query("insert into admin_sessions (token_hash, key_id, created_at, expires_at) values ($1, $2, $3, $4)")
        .bind(token)
        .bind(key)
        .bind(now_ms)
        .bind(expires_at)
        .execute()
        .await?;
    Ok(())
}

/// Returns the key of a session that has not expired, whether or not the key is still in force.
pub async fn key_of(db: &mut Connection, token: &HashedToken, now_ms: i64) -> sqlx::Result<Option<AdminKey>> {
    db.query(
        "select k.id, k.name, k.secret_hash, k.scopes, k.site_id, k.test, k.created_at, k.expires_at, k.last_used_at,
             k.exposed_at, k.revoked_at
         from admin_sessions s join admin_keys k on k.id = s.key_id where s.token_hash = $1 and s.expires_at > $2",
    )
    .bind(token)
    .bind(now_ms)
    .fetch_optional()
    .await
}

/// Ends a session.
pub async fn end(db: &mut Connection, token: &HashedToken) -> sqlx::Result<()> {
    db.query("delete from admin_sessions where token_hash = $1").bind(token).execute().await?;
    Ok(())
}

/// Ends every session of a key.
pub async fn end_all(db: &mut Connection, key: &AdminKeyId) -> sqlx::Result<()> {
    db.query("delete from admin_sessions where key_id = $1").bind(key).execute().await?;
    Ok(())
}

/// Removes sessions that have expired.
pub async fn forget_expired(db: &mut Connection, now_ms: i64) -> sqlx::Result<()> {
    db.query("delete from admin_sessions where expires_at <= $1").bind(now_ms).execute().await?;
    Ok(())
}
