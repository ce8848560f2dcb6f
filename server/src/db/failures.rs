//! Failed attempts that count towards a pause, by mailbox. Rows are deleted once they cannot matter any more.

use super::Connection;
use super::statement::locking;
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::ChallengeId;

/// Records that an attempt for this mailbox failed.
pub async fn insert(db: &mut Connection, challenge: &ChallengeId, address_key: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into counted_failures (challenge_id, address_key, failed_at) values ($1, $2, $3)
         on conflict (challenge_id) do nothing",
    )
    .bind(challenge)
    .bind(address_key)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Returns when the newest `limit` attempts for this mailbox failed, newest first. Ignores rows written by a clock that
/// ran far ahead: nobody should have to wait because of a wrong clock.
pub async fn newest(db: &mut Connection, address_key: &str, now_ms: i64, limit: u32) -> sqlx::Result<Vec<i64>> {
    let times: Vec<(i64,)> = db
        .query(
            "select failed_at from counted_failures where address_key = $1 and failed_at <= $2
         order by failed_at desc limit $3",
        )
        .bind(address_key)
        .bind(now_ms + MAY_BE_AHEAD_MS)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(times.into_iter().map(|(time,)| time).collect())
}

/// Deletes failures from before `before_ms`.
pub async fn discard_before(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query(locking!(
        "delete from counted_failures where challenge_id in (
             select challenge_id from counted_failures where failed_at < $1",
        "for update skip locked",
        ")"
    ))
    .bind(before_ms)
    .execute()
    .await?;
    Ok(())
}
