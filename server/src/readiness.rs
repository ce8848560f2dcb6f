//! Whether this server can do its work now; load balancers ask before they route requests here.

use std::time::Duration;

use serde::Serialize;

use crate::captures::CaptureStore;
use crate::clock::MINUTE_MS;
use crate::db::{Db, checkpoints, outbox};
use crate::metrics;
use crate::scoring::ScoringPool;

/// A part that takes longer to answer is not ready.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Age at which a waiting mail counts as late.
const MAIL_IS_LATE_MS: i64 = 5 * MINUTE_MS;

/// The state of all parts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Readiness {
    /// Whether requests can be routed here. Neither late mails and checkpoints nor busy workers count: another server would not send
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
    /// Checkpoints that are sent elsewhere; `ok` if none are.
    pub checkpoints: PartState,
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
    /// A mail has waited too long, or the latest checkpoint could not be sent.
    Late,
}

/// Checks every part. `place`: where checkpoints are sent, if anywhere.
pub async fn check(
    db: &Db,
    captures: &CaptureStore,
    scoring: &ScoringPool,
    place: Option<&str>,
    now_ms: i64,
) -> Readiness {
    let (database, store) = tokio::join!(
        tokio::time::timeout(TIMEOUT, of_database(db, place, now_ms)),
        tokio::time::timeout(TIMEOUT, captures.answers()),
    );
    let (database, mail, checkpoints) = match database {
        Ok(Ok((mail, checkpoints))) => (PartState::Ok, mail, checkpoints),
        Ok(Err(_)) | Err(_) => (PartState::Down, PartState::Down, PartState::Down),
    };
    let store = if matches!(store, Ok(Ok(()))) { PartState::Ok } else { PartState::Down };
    let scoring_state = if scoring.free_permits() > 0 { PartState::Ok } else { PartState::Busy };
    let parts = Parts { database, store, scoring: scoring_state, mail, checkpoints };
    Readiness { ready: [database, store].iter().all(|&state| state == PartState::Ok), parts }
}

/// The states of mails and of checkpoints.
async fn of_database(db: &Db, place: Option<&str>, now_ms: i64) -> sqlx::Result<(PartState, PartState)> {
    let late = |is_late: bool| if is_late { PartState::Late } else { PartState::Ok };
    let (_, oldest_ms) = waiting_mails(db, now_ms).await?;
    let failures = match place {
        Some(place) => checkpoints::find(&mut db.read().await?, place).await?.failures,
        None => 0,
    };
    Ok((late(oldest_ms > MAIL_IS_LATE_MS), late(failures > 0)))
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
