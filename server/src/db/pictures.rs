//! SHA-256 hashes of pictures that were scored before.

use super::Connection;
use crate::domain::EventId;

/// Whether any of these hashes was seen before.
pub async fn any_seen(db: &mut Connection, hashes: &[String]) -> sqlx::Result<bool> {
    for hash in hashes {
        let (seen,): (i64,) =
            db.query("select count(*) from seen_pictures where sha256 = $1").bind(hash).fetch_one().await?;
        if seen > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Stores these hashes. Returns whether all of them were new. If two concurrent attempts bring the same hash, the
/// second waits until the first commits or rolls back. Hashes must be sorted, so that two attempts cannot deadlock.
pub async fn note(db: &mut Connection, hashes: &[String], event: &EventId, now_ms: i64) -> sqlx::Result<bool> {
    let mut all_new = true;
    for hash in hashes {
        let inserted = db
            .query("insert into seen_pictures (sha256, event_id, seen_at) values ($1, $2, $3) on conflict do nothing")
            .bind(hash)
            .bind(event)
            .bind(now_ms)
            .execute()
            .await?;
        all_new &= inserted == 1;
    }
    Ok(all_new)
}
