//! Uploads: what has arrived of submissions that are not decided yet, sealed. At most one for each challenge.

use super::Connection;
use super::statement::locking;
use crate::domain::{ChallengeId, SessionId};
use crate::sealing;

/// How many bytes more a chunk has here than it had when it arrived.
const OVERHEAD: i64 = sealing::OVERHEAD as i64;

/// Returns how many bytes have arrived of the upload named by `key`.
pub async fn received(db: &mut Connection, challenge: &ChallengeId, key: &str) -> sqlx::Result<u64> {
    let (end,): (i64,) = db
        .query(
            "select coalesce(max(start + length(bytes) - $3), 0) from upload_chunks
         where challenge_id = $1 and idempotency_key = $2",
        )
        .bind(challenge)
        .bind(key)
        .bind(OVERHEAD)
        .fetch_one()
        .await?;
    Ok(end.unsigned_abs())
}

/// Stores a sealed chunk that follows `start` bytes. The first chunk under a new key takes the place of what came under another.
pub async fn append(
    db: &mut Connection,
    challenge: &ChallengeId,
    key: &str,
    start: u64,
    sealed: &[u8],
) -> sqlx::Result<()> {
    if start == 0 {
        discard(db, challenge).await?;
    }
    db.query("insert into upload_chunks (challenge_id, idempotency_key, start, bytes) values ($1, $2, $3, $4)")
        .bind(challenge)
        .bind(key)
        .bind(start.cast_signed())
        .bind(sealed)
        .execute()
        .await?;
    Ok(())
}

/// Returns the sealed chunks that have arrived of the upload named by `key`, each with the number of bytes before it, in order.
pub async fn read(db: &mut Connection, challenge: &ChallengeId, key: &str) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    db.query("select start, bytes from upload_chunks where challenge_id = $1 and idempotency_key = $2 order by start")
        .bind(challenge)
        .bind(key)
        .fetch_all()
        .await
}

/// Removes what has arrived for a challenge.
pub async fn discard(db: &mut Connection, challenge: &ChallengeId) -> sqlx::Result<()> {
    db.query("delete from upload_chunks where challenge_id = $1").bind(challenge).execute().await?;
    Ok(())
}

/// Removes what has arrived for challenges of this session that another took the place of.
pub async fn discard_superseded(db: &mut Connection, session: &SessionId) -> sqlx::Result<()> {
    db.query(
        "delete from upload_chunks where challenge_id in (
             select id from challenges where session_id = $1 and state = 'superseded')",
    )
    .bind(session)
    .execute()
    .await?;
    Ok(())
}

/// Removes what has arrived for challenges that nobody can answer any more, and returns how many chunks that were. A claim
/// that was taken over until `lost_before` may still need its upload.
pub async fn discard_stale(db: &mut Connection, now_ms: i64, lost_before: i64) -> sqlx::Result<u64> {
    db.query(locking!(
        "delete from upload_chunks where (challenge_id, start) in (
             select u.challenge_id, u.start from upload_chunks u join challenges c on c.id = u.challenge_id
             where c.state in ('decided', 'superseded') or (c.state = 'issued' and c.expires_at <= $1)
                 or (c.state = 'scoring' and c.lease_until <= $2)",
        "for update of u skip locked",
        ")"
    ))
    .bind(now_ms)
    .bind(lost_before)
    .execute()
    .await
}
