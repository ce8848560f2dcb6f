//! Keys of operators: hashes, never the keys.

use super::{Connection, violates};
use crate::domain::{AdminKeyId, HashedToken};

/// A key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AdminKey {
    /// What it is found by.
    pub id: AdminKeyId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the whole key.
    pub secret_hash: HashedToken,
    /// The names of what it opens.
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// When it stops opening anything by itself.
    pub expires_at: Option<i64>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<i64>,
    /// When it last came in an address.
    pub exposed_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

impl AdminKey {
    /// Whether it opens anything at this time.
    pub fn is_live(&self, now_ms: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now_ms < at)
    }
}

/// Stores a key. Returns whether its name was free: two keys that are not revoked have different ones.
pub async fn insert(db: &mut Connection, key: &AdminKey) -> sqlx::Result<bool> {
    let inserted = db
        .query(
            "insert into admin_keys (id, name, secret_hash, scopes, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.secret_hash)
        .bind(&key.scopes)
        .bind(key.created_at)
        .bind(key.expires_at)
        .execute()
        .await;
    match inserted {
        Err(error) if violates(&error, "admin_keys_one_of_a_name", "admin_keys.name") => Ok(false),
        inserted => inserted.map(|_| true),
    }
}

/// Returns the key with this id, if there is one.
pub async fn find(db: &mut Connection, id: &AdminKeyId) -> sqlx::Result<Option<AdminKey>> {
    db.query(
        "select id, name, secret_hash, scopes, created_at, expires_at, last_used_at, exposed_at, revoked_at
         from admin_keys where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Returns every key there ever was, oldest first.
pub async fn list(db: &mut Connection) -> sqlx::Result<Vec<AdminKey>> {
    db.query(
        "select id, name, secret_hash, scopes, created_at, expires_at, last_used_at, exposed_at, revoked_at
         from admin_keys order by id",
    )
    .fetch_all()
    .await
}

/// Revokes the key of this id or name. Returns it as it was, unless there is none that is not revoked.
pub async fn revoke(db: &mut Connection, id_or_name: &str, now_ms: i64) -> sqlx::Result<Option<AdminKey>> {
    let key: Option<AdminKey> = db
        .query(
            "select id, name, secret_hash, scopes, created_at, expires_at, last_used_at, exposed_at, revoked_at
             from admin_keys where (id = $1 or name = $1) and revoked_at is null",
        )
        .bind(id_or_name)
        .fetch_optional()
        .await?;
    let Some(key) = key else { return Ok(None) };
    let revoked = db
        .query("update admin_keys set revoked_at = $2 where id = $1 and revoked_at is null")
        .bind(&key.id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok((revoked == 1).then_some(key))
}

/// Notes that the key was used.
pub async fn note_use(db: &mut Connection, id: &AdminKeyId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update admin_keys set last_used_at = $2 where id = $1").bind(id).bind(now_ms).execute().await?;
    Ok(())
}

/// Notes that the key came in an address.
pub async fn note_exposure(db: &mut Connection, id: &AdminKeyId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update admin_keys set exposed_at = $2 where id = $1").bind(id).bind(now_ms).execute().await?;
    Ok(())
}
