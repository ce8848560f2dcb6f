//! What was sent of the checkpoints that are kept elsewhere.

use super::Connection;
use super::row::row;

row! {
    /// What one place has got.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct SentCheckpoints {
        /// The last entry that the latest checkpoint covers; 0 if none was sent.
        pub number: i64,
        /// When that was sent.
        pub sent_at: Option<i64>,
        /// Tries since then that failed.
        pub failures: i64,
        /// When the last of them failed.
        pub failed_at: Option<i64>,
    }
}

/// What the place has got so far.
pub async fn find(db: &mut Connection, place: &str) -> sqlx::Result<SentCheckpoints> {
    let found = db.query("select number, sent_at, failures, failed_at from sent_checkpoints where place = $1");
    Ok(found.bind(place).fetch_optional().await?.unwrap_or_default())
}

/// Records that the place has a checkpoint with this number.
pub async fn note_sent(db: &mut Connection, place: &str, number: i64, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into sent_checkpoints (place, number, sent_at) values ($1, $2, $3)
         on conflict (place) do update set number = excluded.number, sent_at = excluded.sent_at, failures = 0,
             failed_at = null",
    )
    .bind(place)
    .bind(number)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Records that a try failed.
pub async fn note_failure(db: &mut Connection, place: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into sent_checkpoints (place, failures, failed_at) values ($1, 1, $2)
         on conflict (place) do update set failures = sent_checkpoints.failures + 1, failed_at = excluded.failed_at",
    )
    .bind(place)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}
