//! Second factors of operators' keys: sealed secrets, and which codes were used.

use super::Connection;
use super::row::row;
use super::statement::locking;
use crate::domain::AdminKeyId;

row! {
    /// The second factor of a key.
    #[derive(Clone, Debug)]
    pub struct SecondFactor {
        /// The key.
        pub key_id: AdminKeyId,
        /// What codes are made from, sealed, as base64.
        pub sealed_secret: String,
        /// The time step of the last code that was used.
        pub last_step: i64,
        /// How many wrong codes were entered in a row.
        pub wrong_codes: i64,
        /// When the last of them was.
        pub wrong_at: Option<i64>,
        /// When it was added.
        pub created_at: i64,
    }
}

/// Stores a second factor. Returns whether the key had none.
pub async fn insert(db: &mut Connection, factor: &SecondFactor) -> sqlx::Result<bool> {
    let inserted = db
        .query(
            "insert into second_factors (key_id, sealed_secret, last_step, created_at) values ($1, $2, $3, $4)
             on conflict (key_id) do nothing",
        )
        .bind(&factor.key_id)
        .bind(&factor.sealed_secret)
        .bind(factor.last_step)
        .bind(factor.created_at)
        .execute()
        .await?;
    Ok(inserted == 1)
}

/// Whether the key has a second factor.
pub async fn has(db: &mut Connection, key: &AdminKeyId) -> sqlx::Result<bool> {
    let (count,): (i64,) =
        db.query("select count(*) as found from second_factors where key_id = $1").bind(key).fetch_one().await?;
    Ok(count > 0)
}

/// Returns the key's second factor and locks it: the second of two concurrent sign-ins sees what the first one did.
pub async fn lock(db: &mut Connection, key: &AdminKeyId) -> sqlx::Result<Option<SecondFactor>> {
    db.query(locking!(
        "select key_id, sealed_secret, last_step, wrong_codes, wrong_at, created_at from second_factors
         where key_id = $1",
        "for update",
        ""
    ))
    .bind(key)
    .fetch_optional()
    .await
}

/// Records that the code of this time step was used.
pub async fn note_code(db: &mut Connection, key: &AdminKeyId, step: i64) -> sqlx::Result<()> {
    db.query("update second_factors set last_step = $2, wrong_codes = 0, wrong_at = null where key_id = $1")
        .bind(key)
        .bind(step)
        .execute()
        .await?;
    Ok(())
}

/// Records a wrong code.
pub async fn note_wrong_code(db: &mut Connection, key: &AdminKeyId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update second_factors set wrong_codes = wrong_codes + 1, wrong_at = $2 where key_id = $1")
        .bind(key)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Removes the key's second factor. Returns whether it had one.
pub async fn remove(db: &mut Connection, key: &AdminKeyId) -> sqlx::Result<bool> {
    let removed = db.query("delete from second_factors where key_id = $1").bind(key).execute().await?;
    Ok(removed == 1)
}
