//! Keys of operators and sites: their hashes, never the keys.

use super::row::row;
use super::{Connection, violates};
use crate::domain::{AdminKeyId, HashedToken, SiteId};

row! {
    /// A key.
    #[derive(Clone, Debug)]
    pub struct AdminKey {
        /// Its id, which is part of the key.
        pub id: AdminKeyId,
        /// Its name.
        pub name: String,
        /// SHA-256 of the whole key.
        pub secret_hash: HashedToken,
        /// The names of its scopes.
        pub scopes: String,
        /// The site that it belongs to; `None` for an operator's.
        pub site_id: Option<SiteId>,
        /// Whether its checks are decided without a camera: 0 or 1.
        pub test: i64,
        /// When it was made.
        pub created_at: i64,
        /// When it expires.
        pub expires_at: Option<i64>,
        /// When it was last used, accurate to an hour.
        pub last_used_at: Option<i64>,
        /// When it was last sent in a URL.
        pub exposed_at: Option<i64>,
        /// When it was revoked.
        pub revoked_at: Option<i64>,
    }
}

impl AdminKey {
    /// Whether it is in force at this time.
    pub fn is_live(&self, now_ms: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now_ms < at)
    }
}

/// Stores a key. Returns whether its name was free: keys that are not revoked have different names.
pub async fn insert(db: &mut Connection, key: &AdminKey) -> sqlx::Result<bool> {
    let inserted = db
        .query(
            "insert into admin_keys (id, name, secret_hash, scopes, created_at, expires_at, site_id, test)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.secret_hash)
        .bind(&key.scopes)
        .bind(key.created_at)
        .bind(key.expires_at)
        .bind(&key.site_id)
        .bind(key.test)
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
        "select id, name, secret_hash, scopes, site_id, test, created_at, expires_at, last_used_at, exposed_at, revoked_at
         from admin_keys where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Returns every key, oldest first, including revoked and expired ones.
pub async fn list(db: &mut Connection) -> sqlx::Result<Vec<AdminKey>> {
    db.query(
        "select id, name, secret_hash, scopes, site_id, test, created_at, expires_at, last_used_at, exposed_at, revoked_at
         from admin_keys order by id",
    )
    .fetch_all()
    .await
}

/// Revokes the key with this id or name. Returns the key, or `None` if there is none or it was revoked before.
pub async fn revoke(db: &mut Connection, id_or_name: &str, now_ms: i64) -> sqlx::Result<Option<AdminKey>> {
    let Some(key) = find_unrevoked(db, id_or_name).await? else { return Ok(None) };
    let revoked = db
        .query("update admin_keys set revoked_at = $2 where id = $1 and revoked_at is null")
        .bind(&key.id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok((revoked == 1).then_some(key))
}

/// Returns the key with this id or name, unless it is revoked.
pub async fn find_unrevoked(db: &mut Connection, id_or_name: &str) -> sqlx::Result<Option<AdminKey>> {
    db.query(
        "select id, name, secret_hash, scopes, site_id, test, created_at, expires_at, last_used_at, exposed_at, revoked_at
         from admin_keys where (id = $1 or name = $1) and revoked_at is null",
    )
    .bind(id_or_name)
    .fetch_optional()
    .await
}

/// Records that the key was used.
pub async fn note_use(db: &mut Connection, id: &AdminKeyId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update admin_keys set last_used_at = $2 where id = $1").bind(id).bind(now_ms).execute().await?;
    Ok(())
}

/// Records that the key was sent in a URL.
pub async fn note_exposure(db: &mut Connection, id: &AdminKeyId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update admin_keys set exposed_at = $2 where id = $1").bind(id).bind(now_ms).execute().await?;
    Ok(())
}
