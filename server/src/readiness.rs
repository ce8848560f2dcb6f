//! Whether this server can do its work now; load balancers ask before they route requests here.

use std::time::Duration;

use serde::Serialize;

use crate::captures::CaptureStore;
use crate::clock::MINUTE_MS;
use crate::db::{Db, outbox};
use crate::metrics;
use crate::scoring::ScoringPool;

/// A part that takes longer to answer is not ready.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Age at which a waiting mail counts as late.
const MAIL_IS_LATE_MS: i64 = 5 * MINUTE_MS;

/// The state of all parts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Readiness {
    /// Whether requests can be routed here. Neither late mails nor busy workers count: another server would not send
    /// the mails sooner, and under load all servers are busy at once, while everything else still works.
    pub ready: bool,
    /// Each part.
    pub parts: Parts,
}

/// The state of each part.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parts {
    /// The database.
    pub database: PartState,
    /// The capture store.
    pub store: PartState,
    /// The scoring workers.
    pub scoring: PartState,
    /// The outbox.
    pub mail: PartState,
}

/// The state of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It works.
    Ok,
    /// It does not answer, or answers with an error.
    Down,
    /// It works but is at capacity.
    Busy,
    /// A mail has waited too long.
    Late,
}

/// Checks every part.
pub async fn check(db: &Db, captures: &CaptureStore, scoring: &ScoringPool, now_ms: i64) -> Readiness {
    let (database, store) = tokio::join!(
        tokio::time::timeout(TIMEOUT, waiting_mails(db, now_ms)),
        tokio::time::timeout(TIMEOUT, captures.answers()),
    );
    let (database, mail) = match database {
        Ok(Ok((_, oldest_ms))) if oldest_ms > MAIL_IS_LATE_MS => (PartState::Ok, PartState::Late),
        Ok(Ok(_)) => (PartState::Ok, PartState::Ok),
        Ok(Err(_)) | Err(_) => (PartState::Down, PartState::Down),
    };
    let store = if matches!(store, Ok(Ok(()))) { PartState::Ok } else { PartState::Down };
    let scoring_state = if scoring.free_permits() > 0 { PartState::Ok } else { PartState::Busy };
    let parts = Parts { database, store, scoring: scoring_state, mail };
    Readiness { ready: [database, store].iter().all(|&state| state == PartState::Ok), parts }
}

/// Updates the gauges, which are measured on demand.
///
/// # Errors
/// The database failed.
pub async fn measure(db: &Db, scoring: &ScoringPool, now_ms: i64) -> sqlx::Result<()> {
    let (count, oldest_ms) = waiting_mails(db, now_ms).await?;
    metrics::waiting_mails(count, oldest_ms);
    metrics::free_permits(scoring.free_permits());
    Ok(())
}

/// How many mails are waiting, and how many milliseconds the oldest has waited.
async fn waiting_mails(db: &Db, now_ms: i64) -> sqlx::Result<(i64, i64)> {
    let waiting = outbox::waiting(&mut db.read().await?).await?;
    Ok((waiting.count, waiting.oldest.map_or(0, |oldest| now_ms - oldest)))
}
