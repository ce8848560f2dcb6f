//! Turns: one server at a time sweeps, and no task is done more often than needed, however many servers there are.

use std::time::Duration;

use super::sweep::{Swept, Task, sweep_task};
use super::sweeper::Sweeper;
use crate::clock::{self, DAY_MS, MINUTE_MS};
use crate::db::{Db, LockScope, leases};
use crate::domain::LeaseId;
use crate::erasure::RemovalError;

/// Time between two looks for something to do.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// A server that has not renewed its lease for this long is taken for dead.
const LEASE_MS: i64 = 3 * MINUTE_MS;
const RENEW_EVERY: Duration = Duration::from_secs(60);

impl Task {
    fn name(self) -> &'static str {
        match self {
            Task::Expired => "sweep",
            Task::Unnamed => "look for unnamed captures",
        }
    }

    /// The task is not done again for this long. A little less than the time between two looks, which never fall on
    /// the same moment.
    fn pause_ms(self) -> i64 {
        match self {
            Task::Expired => 14 * MINUTE_MS,
            Task::Unnamed => DAY_MS - 14 * MINUTE_MS,
        }
    }
}

/// Sweeps at regular intervals. Never returns.
pub async fn run(sweeper: Sweeper<'_>) {
    let holder = LeaseId::new(clock::now_ms());
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        for task in [Task::Expired, Task::Unnamed] {
            match take_turn(&sweeper, task, holder.as_str()).await {
                Ok(None) => {}
                Ok(Some(swept)) if swept == Swept::default() => {}
                Ok(Some(Swept { expired, records, traces, unverified, orphans, erased_again })) => {
                    tracing::info!(expired, records, traces, unverified, orphans, erased_again, "removed expired data");
                }
                Err(error) => tracing::warn!(%error, "the sweep failed; trying again later"),
            }
        }
    }
}

/// Does a task if it is due and no other server does it. `None` if it was not done.
async fn take_turn(sweeper: &Sweeper<'_>, task: Task, holder: &str) -> Result<Option<Swept>, RemovalError> {
    let (db, lease, now) = (sweeper.eraser.db, (task.name(), holder), clock::now_ms());
    let mut tx = db.write(LockScope::Nothing).await?;
    let taken = leases::take(&mut tx, lease, now, now + LEASE_MS, now - task.pause_ms()).await?;
    tx.commit().await?;
    if !taken {
        return Ok(None);
    }
    let swept = tokio::select! {
        swept = sweep_task(sweeper, task, now) => swept,
        // Another server has the lease now and does the task from its beginning.
        () = keep(db, lease) => return Ok(None),
    };
    let now = clock::now_ms();
    let mut tx = db.write(LockScope::Nothing).await?;
    leases::end(&mut tx, lease, now, swept.is_ok().then_some(now)).await?;
    tx.commit().await?;
    swept.map(Some)
}

/// Renews a lease until it is lost.
async fn keep(db: &Db, lease: (&str, &str)) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let renewed = async {
            let mut tx = db.write(LockScope::Nothing).await?;
            let renewed = leases::renew(&mut tx, lease, clock::now_ms() + LEASE_MS).await?;
            tx.commit().await.map(|()| renewed)
        };
        match renewed.await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the sweep's lease could not be renewed"),
        }
    }
}
