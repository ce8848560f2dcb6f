//! What time brings about: checks expire, slow ones of test mode are decided, old requests are forgotten. Any number of
//! servers may do this at once.

use std::time::{Duration, Instant};

use super::states::{decide_due, expire_due};
use crate::clock::{self, DAY_MS};
use crate::db::{Db, LockScope, idempotency, spent_results};

/// How late a check may expire.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often old requests are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Looks after the checks until the task is dropped.
pub async fn run(db: Db) {
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut forgotten: Option<Instant> = None;
    loop {
        ticks.tick().await;
        let now = clock::now_ms();
        let mut done = upkeep(&db, now).await;
        if done.is_ok() && forgotten.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
            done = forget(&db, now).await;
            forgotten = Some(Instant::now());
        }
        if let Err(error) = done {
            tracing::warn!(%error, "the upkeep of checks failed; trying again");
        }
    }
}

async fn upkeep(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    decide_due(db, now_ms).await?;
    expire_due(db, now_ms).await
}

/// Forgets what has been kept long enough.
///
/// # Errors
/// The database failed.
pub async fn forget(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    let mut tx = db.write(LockScope::Nothing).await?;
    idempotency::discard_before(&mut tx, now_ms - DAY_MS).await?;
    // By then the results themselves are too old.
    spent_results::discard_before(&mut tx, now_ms - DAY_MS).await?;
    tx.commit().await
}
