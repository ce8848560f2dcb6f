//! Keys that sign results: their public halves, and from when to when they count.

use super::Connection;
use super::row::row;

row! {
    /// A key.
    #[derive(Clone, Debug)]
    pub struct KeyRow {
        /// Its number, from which the secret half is derived.
        pub number: i64,
        /// Its name in tokens.
        pub kid: String,
        /// Its public half, base64url.
        pub public_key: String,
        /// When it was made.
        pub created_at: i64,
        /// From when it signs.
        pub active_from: i64,
        /// Since when nothing that it signed counts.
        pub revoked_at: Option<i64>,
    }
}

/// Returns every key, newest first.
pub async fn list(db: &mut Connection) -> sqlx::Result<Vec<KeyRow>> {
    db.query(
        "select number, kid, public_key, created_at, active_from, revoked_at from signing_keys order by number desc",
    )
    .fetch_all()
    .await
}

/// Adds a key, unless another server has just added one with this number.
pub async fn insert(db: &mut Connection, key: &KeyRow) -> sqlx::Result<bool> {
    let inserted = db
        .query(
            "insert into signing_keys (number, kid, public_key, created_at, active_from) values ($1, $2, $3, $4, $5)
         on conflict (number) do nothing",
        )
        .bind(key.number)
        .bind(&key.kid)
        .bind(&key.public_key)
        .bind(key.created_at)
        .bind(key.active_from)
        .execute()
        .await?;
    Ok(inserted == 1)
}

/// Revokes the keys before this one.
pub async fn revoke_before(db: &mut Connection, number: i64, now_ms: i64) -> sqlx::Result<u64> {
    db.query("update signing_keys set revoked_at = $2 where number < $1 and revoked_at is null")
        .bind(number)
        .bind(now_ms)
        .execute()
        .await
}
