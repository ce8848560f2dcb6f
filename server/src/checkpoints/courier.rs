//! Sends checkpoints: once in a while, and whenever the trail has grown by so many entries. One server at a time does,
//! and tries again later if that failed.

use std::time::Duration;

use super::place::Place;
use crate::clock::{self, MAY_BE_AHEAD_MS, MINUTE_MS};
use crate::config::BaseUrl;
use crate::db::checkpoints::{self, SentCheckpoints};
use crate::db::trail::TrailHead;
use crate::db::{Db, LockScope, leases, trail};
use crate::domain::LeaseId;
use crate::mail::Mailer;
use crate::metrics;
use crate::trail::TrailKey;

/// Time between two looks at the trail.
const INTERVAL: Duration = Duration::from_secs(60);
/// Name of the lease.
const TASK: &str = "send checkpoints";
/// Longer than any try takes.
const LEASE_MS: i64 = 3 * MINUTE_MS;
/// The first pause after a failure is two minutes, each further one twice as long, up to an hour.
const LONGEST_PAUSE_MS: i64 = 60 * MINUTE_MS;

/// What sending checkpoints needs.
#[derive(Clone, Copy, Debug)]
pub struct Courier<'a> {
    /// The database.
    pub db: &'a Db,
    /// Where they go.
    pub place: &'a Place,
    /// Sends mails.
    pub mailer: &'a Mailer,
    /// Signs them.
    pub key: &'a TrailKey,
    /// The server's address, which mails name.
    pub base_url: &'a BaseUrl,
}

/// Sends checkpoints at regular intervals. Never returns.
pub async fn run(courier: Courier<'_>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = send_due(courier, clock::now_ms()).await {
            tracing::warn!(%error, "whether a checkpoint is due cannot be read; trying again");
        }
    }
}

/// Sends a checkpoint if one is due and no other server does. Returns whether one was sent.
///
/// # Errors
/// The database failed.
pub async fn send_due(courier: Courier<'_>, now_ms: i64) -> sqlx::Result<bool> {
    let Courier { db, place, .. } = courier;
    let mut read = db.read().await?;
    let is_due = place.is_due(&checkpoints::find(&mut read, &place.id).await?, &trail::head(&mut read).await?, now_ms);
    drop(read);
    if !is_due {
        return Ok(false);
    }
    let holder = LeaseId::new(now_ms);
    let lease = (TASK, holder.as_str());
    let Some(head) = take_turn(courier, lease, now_ms).await? else { return Ok(false) };
    let note = courier.key.sign(&head, now_ms);
    let kept = place.keep(courier.mailer, courier.base_url.host(), &note, now_ms).await;
    let mut tx = db.write(LockScope::Nothing).await?;
    match &kept {
        Ok(()) => checkpoints::note_sent(&mut tx, &place.id, head.number, now_ms).await?,
        Err(_) => checkpoints::note_failure(&mut tx, &place.id, now_ms).await?,
    }
    leases::end(&mut tx, lease, clock::now_ms(), kept.is_ok().then_some(now_ms)).await?;
    tx.commit().await?;
    metrics::checkpoint(if kept.is_ok() { "sent" } else { "failed" });
    match &kept {
        Ok(()) => tracing::info!(entries = head.number, to = place.describe(), "a checkpoint was sent"),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                to = place.describe(),
                "a checkpoint could not be sent; trying again"
            );
        }
    }
    Ok(kept.is_ok())
}

/// Takes the lease and returns the end of the trail, unless another server was faster.
async fn take_turn(courier: Courier<'_>, lease: (&str, &str), now_ms: i64) -> sqlx::Result<Option<TrailHead>> {
    let Courier { db, place, .. } = courier;
    let mut tx = db.write(LockScope::Nothing).await?;
    if !leases::take(&mut tx, lease, now_ms, now_ms + LEASE_MS, now_ms).await? {
        return Ok(None);
    }
    // Another server may have sent one since this one looked.
    let (sent, head) = (checkpoints::find(&mut tx, &place.id).await?, trail::head(&mut tx).await?);
    let is_due = place.is_due(&sent, &head, now_ms);
    if !is_due {
        leases::end(&mut tx, lease, now_ms, None).await?;
    }
    tx.commit().await?;
    Ok(is_due.then_some(head))
}

impl Place {
    /// Whether the place should get a checkpoint now.
    fn is_due(&self, sent: &SentCheckpoints, head: &TrailHead, now_ms: i64) -> bool {
        // A time in the future was written by a clock that was set back since.
        let is_over = |at: i64, pause: i64| at + pause <= now_ms || at > now_ms + MAY_BE_AHEAD_MS;
        let may_try = sent.failed_at.is_none_or(|at| is_over(at, pause_ms(sent.failures)));
        let is_old = sent.sent_at.is_none_or(|at| is_over(at, self.every_ms));
        may_try && (is_old || head.number - sent.number >= self.every_entries)
    }
}

/// The pause after this many failures in a row.
fn pause_ms(failures: i64) -> i64 {
    let doubled = MINUTE_MS << failures.clamp(0, 6);
    doubled.min(LONGEST_PAUSE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let pauses = [1, 2, 5, 6, 1000].map(|failures| pause_ms(failures) / MINUTE_MS);
        assert_eq!(pauses, [2, 4, 32, 60, 60]);
    }
}
