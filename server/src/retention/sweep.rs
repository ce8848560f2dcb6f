//! The sweep: removes captures that have been kept long enough, what is left of links, sessions and mails, captures
//! that no event names, and erased users whom a restored backup brought back. Any number of servers may sweep at once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::audit;
use crate::clock::{self, DAY_MS};
use crate::config::{CoolDown, Retention};
use crate::cool_down;
use crate::db::{LockScope, attempts, outbox, retention_queries};
use crate::domain::{AttemptStatus, EventId};
use crate::erasure::{self, Eraser, RemovalError};

/// Time between two sweeps, and so how late captures may be removed.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// Links, sessions and mails are kept this long after their end, so that an old link can be reported as expired.
const TRACES_MS: i64 = 7 * DAY_MS;
/// A capture that no event names is removed at this age. Less than a claim's lease passes between writing a capture and
/// committing the event that names it.
const ORPHAN_MS: i64 = 3_600_000;
/// Rows in one transaction, so that other writers get their turn.
const BATCH: u32 = 100;

/// The parts that the sweep needs of a server.
#[derive(Clone, Copy, Debug)]
pub struct Sweeper<'a> {
    /// Erases users, and holds the database, the captures and the mails.
    pub eraser: Eraser<'a>,
    /// How long captures are kept.
    pub retention: Retention,
    /// How long attempts count.
    pub cool_down: CoolDown,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Attempts whose captures had been kept long enough.
    pub expired: u64,
    /// Captures that no event named.
    pub orphans: u64,
    /// Sessions, links and mails.
    pub traces: u64,
    /// Erased users whom a backup had brought back.
    pub erased_again: u64,
}

/// Sweeps at regular intervals. Never returns.
pub async fn run(sweeper: Sweeper<'_>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        match sweep(&sweeper, clock::now_ms()).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { expired, orphans, traces, erased_again }) => {
                tracing::info!(expired, orphans, traces, erased_again, "removed expired data");
            }
            Err(error) => tracing::warn!(%error, "the sweep failed; trying again later"),
        }
    }
}

/// Sweeps once. Tries every part, even if an earlier one failed, and returns the first error.
pub async fn sweep(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<Swept, RemovalError> {
    let erased_again = erasure::repeat(&sweeper.eraser, now_ms).await;
    let expired = expire(sweeper, now_ms).await;
    let traces = discard_traces(sweeper, now_ms).await;
    let orphans = remove_orphans(sweeper.eraser, now_ms).await;
    let swept = Swept { erased_again: erased_again?, expired: expired?, traces: traces?, orphans: orphans? };
    if swept != Swept::default() {
        sweeper.eraser.db.forget_deleted().await?;
    }
    Ok(swept)
}

/// Removes the captures of attempts that ended long enough ago. The files go first: an interrupted sweep is repeated.
async fn expire(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let Eraser { db, captures, .. } = sweeper.eraser;
    let mut total = 0;
    for status in [AttemptStatus::Verified, AttemptStatus::Failed] {
        let (until, mut removed) = (sweeper.retention.until_ms(status, now_ms), 0);
        loop {
            let due = retention_queries::until(&mut db.read().await?, status.as_str(), until, BATCH).await?;
            if due.is_empty() {
                break;
            }
            for stored in &due {
                captures.remove(&stored.refs).await?;
            }
            let mut tx = db.write(LockScope::Nothing).await?;
            let mut marked = 0;
            for stored in &due {
                marked += u64::from(retention_queries::mark_removed(&mut tx, &stored.event, now_ms).await?);
            }
            if marked > 0 {
                let figures = json!({ "outcome": status, "attempts": marked });
                audit::note(&mut tx, audit::Action::CapturesExpired, audit::SWEEP, &figures, now_ms).await?;
            }
            tx.commit().await?;
            removed += marked;
        }
        total += removed;
    }
    Ok(total)
}

/// Removes links, sessions, mails and attempts that no longer matter.
async fn discard_traces(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let Eraser { db, mail, .. } = sweeper.eraser;
    let until = now_ms - TRACES_MS;
    let mut tx = db.write(LockScope::Nothing).await?;
    let mut total = retention_queries::discard_tokens(&mut tx, until).await?;
    outbox::discard_counts(&mut tx, until).await?;
    attempts::discard_before(&mut tx, now_ms - cool_down::kept_ms(sweeper.cool_down)).await?;
    tx.commit().await?;
    loop {
        let mut tx = db.write(LockScope::Nothing).await?;
        let sessions = retention_queries::past_sessions(&mut tx, until, BATCH).await?;
        for session in &sessions {
            retention_queries::discard_session(&mut tx, session).await?;
        }
        let mails = retention_queries::past_mails(&mut tx, until, BATCH).await?;
        for mail in &mails {
            retention_queries::discard_mail(&mut tx, mail).await?;
        }
        tx.commit().await?;
        mail.forget(&mails);
        total += (sessions.len() + mails.len()) as u64;
        if sessions.len().max(mails.len()) < BATCH as usize {
            return Ok(total);
        }
    }
}

/// Removes captures that no event names: attempts that broke off, or that were decided in a database which an older one
/// has since replaced.
async fn remove_orphans(Eraser { db, captures, .. }: Eraser<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let begins_at = retention_queries::begins_at(&mut db.read().await?).await?.unwrap_or(i64::MAX);
    let mut by_event: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (name, event) in captures.list().await? {
        let made_at = event.made_at().unwrap_or(i64::MAX);
        // Captures older than this database belong to another one. Leave them alone.
        if made_at <= now_ms - ORPHAN_MS && made_at >= begins_at {
            by_event.entry(event.as_str().to_owned()).or_default().push(name);
        }
    }
    let mut removed = 0;
    for (event, names) in by_event {
        let named = retention_queries::by_event(&mut db.read().await?, &EventId::from_client(&event)).await?;
        let orphans: Vec<String> = names.into_iter().filter(|name| !named.contains(name)).collect();
        removed += orphans.len() as u64;
        captures.remove(&orphans).await?;
    }
    if removed > 0 {
        let mut tx = db.write(LockScope::Nothing).await?;
        let figures = json!({ "captures": removed });
        audit::note(&mut tx, audit::Action::OrphansRemoved, audit::SWEEP, &figures, now_ms).await?;
        tx.commit().await?;
    }
    Ok(removed)
}
