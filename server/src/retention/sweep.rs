//! The sweep: what it removes, in which order, and how much it removed.

use super::sweeper::Sweeper;
use super::{expired, traces, unnamed};
use crate::erasure::{self, RemovalError};

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Attempts whose captures had been kept long enough.
    pub expired: u64,
    /// Attempts whose transcripts had been kept long enough.
    pub records: u64,
    /// Sessions, links and mails.
    pub traces: u64,
    /// Addresses that were never verified.
    pub unverified: u64,
    /// Captures that no event named.
    pub orphans: u64,
    /// Erased users whom a backup had brought back.
    pub erased_again: u64,
}

/// What one turn sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// What has been kept long enough. Costs little if there is nothing.
    Expired,
    /// What should not be there at all: lists the whole store.
    Unnamed,
}

/// Sweeps everything once. Tries every part, even if an earlier one failed, and returns the first error.
pub async fn sweep(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<Swept, RemovalError> {
    let unnamed = sweep_task(sweeper, Task::Unnamed, now_ms).await;
    let swept = sweep_task(sweeper, Task::Expired, now_ms).await?;
    let Swept { orphans, erased_again, .. } = unnamed?;
    Ok(Swept { orphans, erased_again, ..swept })
}

/// Does one task, as [`sweep`] does.
pub(super) async fn sweep_task(sweeper: &Sweeper<'_>, task: Task, now_ms: i64) -> Result<Swept, RemovalError> {
    let swept = match task {
        Task::Unnamed => {
            let erased_again = erasure::repeat(&sweeper.eraser, now_ms).await;
            let orphans = unnamed::remove_orphans(sweeper.eraser, now_ms).await;
            Swept { erased_again: erased_again?, orphans: orphans?, ..Swept::default() }
        }
        Task::Expired => {
            let expired = expired::captures(sweeper, now_ms).await;
            let records = expired::records(sweeper, now_ms).await;
            let hashes = expired::hashes(sweeper, now_ms).await;
            let traces = traces::discard(sweeper, now_ms).await;
            let unverified = traces::forget_unverified(sweeper, now_ms).await;
            hashes?;
            Swept { expired: expired?, records: records?, traces: traces?, unverified: unverified?, ..Swept::default() }
        }
    };
    if swept != Swept::default() {
        sweeper.eraser.db.forget_deleted().await?;
    }
    Ok(swept)
}
