//! Failed attempts that counted, by mailbox. Rows live only as long as they can matter.

use super::Connection;
use crate::domain::ChallengeId;

/// Notes that an attempt for this mailbox failed.
pub async fn insert(db: &mut Connection, challenge: &ChallengeId, address_key: &str, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query(
        "insert into counted_failures (challenge_id, address_key, failed_at) values ($1, $2, $3)
         on conflict (challenge_id) do nothing",
    )
    .bind(challenge)
    .bind(address_key)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// Returns when the newest `limit` attempts for this mailbox failed, newest first. Rows of a clock that ran ahead are left
/// out: nobody is to wait for a time that was never meant.
pub async fn newest(db: &mut Connection, address_key: &str, now_ms: i64, limit: u32) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "select failed_at from counted_failures where address_key = $1 and failed_at <= $2
         order by failed_at desc limit $3",
    )
    .bind(address_key)
    .bind(now_ms)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Forgets what failed before `before_ms`.
pub async fn discard_before(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    sqlx::query("delete from counted_failures where failed_at < $1").bind(before_ms).execute(db).await?;
    Ok(())
}
