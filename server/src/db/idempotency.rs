//! Requests with an `Idempotency-Key`, and what they were answered.

use super::Connection;
use super::row::row;
use super::statement::locking;

row! {
    /// A request that came before.
    #[derive(Clone, Debug)]
    pub struct Earlier {
        /// Digest of its method, path and body.
        pub request_hash: String,
        /// When it came.
        pub created_at: i64,
        /// The status of its answer; `None` while there is none.
        pub status: Option<i64>,
        /// Its answer, sealed.
        pub answer: Option<Vec<u8>>,
    }
}

/// The name of a request.
#[derive(Clone, Debug)]
pub struct RequestName {
    /// The key of the caller.
    pub key_id: String,
    /// The caller's name for the request.
    pub idempotency_key: String,
}

/// Records a request that came at `now_ms`, with its status and sealed answer if they are known. Does nothing if a request
/// of this name was answered, came at or after `lost_before`, or has another hash. Returns whether it was recorded.
pub async fn record(
    db: &mut Connection,
    name: &RequestName,
    request_hash: &str,
    (now_ms, lost_before): (i64, i64),
    answer: Option<(u16, Vec<u8>)>,
) -> sqlx::Result<bool> {
    let (status, answer) = answer.unzip();
    let recorded = db
        .query(
            "insert into idempotent_requests (key_id, idempotency_key, request_hash, created_at, status, answer)
         values ($1, $2, $3, $4, $6, $7)
         on conflict (key_id, idempotency_key) do update
         set created_at = excluded.created_at, status = excluded.status, answer = excluded.answer
         where idempotent_requests.status is null and idempotent_requests.created_at < $5
           and idempotent_requests.request_hash = excluded.request_hash",
        )
        .bind(&name.key_id)
        .bind(&name.idempotency_key)
        .bind(request_hash)
        .bind(now_ms)
        .bind(lost_before)
        .bind(status.map(i64::from))
        .bind(answer)
        .execute()
        .await?;
    Ok(recorded == 1)
}

/// Returns the request of this name.
pub async fn find(db: &mut Connection, name: &RequestName) -> sqlx::Result<Option<Earlier>> {
    db.query(
        "select request_hash, created_at, status, answer from idempotent_requests
         where key_id = $1 and idempotency_key = $2",
    )
    .bind(&name.key_id)
    .bind(&name.idempotency_key)
    .fetch_optional()
    .await
}

/// Stores the answer.
pub async fn finish(db: &mut Connection, name: &RequestName, status: u16, answer: &[u8]) -> sqlx::Result<()> {
    db.query("update idempotent_requests set status = $3, answer = $4 where key_id = $1 and idempotency_key = $2")
        .bind(&name.key_id)
        .bind(&name.idempotency_key)
        .bind(i64::from(status))
        .bind(answer.to_vec())
        .execute()
        .await?;
    Ok(())
}

/// Forgets a request that may be sent again.
pub async fn forget(db: &mut Connection, name: &RequestName) -> sqlx::Result<()> {
    db.query("delete from idempotent_requests where key_id = $1 and idempotency_key = $2 and status is null")
        .bind(&name.key_id)
        .bind(&name.idempotency_key)
        .execute()
        .await?;
    Ok(())
}

/// Deletes requests from before `before_ms`.
pub async fn discard_before(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query(locking!(
        "delete from idempotent_requests where (key_id, idempotency_key) in (
             select key_id, idempotency_key from idempotent_requests where created_at < $1",
        "for update skip locked",
        ")"
    ))
    .bind(before_ms)
    .execute()
    .await?;
    Ok(())
}
