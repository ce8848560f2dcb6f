//! Uploads: the sealed chunks received so far of undecided submissions. At most one upload per challenge.

use super::Connection;
use super::statement::locking;
use crate::domain::{ChallengeId, SessionId};
use crate::sealing;

/// How many bytes sealing adds to a chunk.
const OVERHEAD: i64 = sealing::OVERHEAD as i64;

/// Returns how many bytes of the upload named by `key` were received.
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

/// Stores a sealed chunk at offset `start`. The first chunk under a new key replaces an upload under another key.
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

/// Returns the sealed chunks of the upload named by `key`, each with its offset, in order.
pub async fn read(db: &mut Connection, challenge: &ChallengeId, key: &str) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    db.query("select start, bytes from upload_chunks where challenge_id = $1 and idempotency_key = $2 order by start")
        .bind(challenge)
        .bind(key)
        .fetch_all()
        .await
}

/// Deletes the upload of a challenge.
pub async fn discard(db: &mut Connection, challenge: &ChallengeId) -> sqlx::Result<()> {
    db.query("delete from upload_chunks where challenge_id = $1").bind(challenge).execute().await?;
    Ok(())
}

/// Deletes the uploads of this session's superseded challenges.
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

/// Deletes uploads of challenges that can no longer be answered, and returns the number of chunks. The upload of a
/// claim stays until its lease ended before `lost_before`, because the claim may be taken over until then.
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
