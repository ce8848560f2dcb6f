//! The sweep: removes captures whose time is over, what is left of links, sessions and mails, captures that no event names,
//! and what a restored backup brought back of users who were erased. Any number of servers may sweep at once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::captures::StoreError;
use crate::clock::{self, DAY_MS};
use crate::db::{Hold, failures, kept, outbox};
use crate::erasure;
use crate::domain::AttemptStatus;

/// How often; with it, how exact the days are.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// Links, sessions and mails stay for so long after their end: a person who opens an old link is told that it is one.
const TRACES_MS: i64 = 7 * DAY_MS;
/// A capture that no event names is removed when it is so old. Between its writing and the commit that names it lies less than
/// a claim's lease.
const ORPHAN_MS: i64 = 3_600_000;
/// Rows in one transaction, so that others get their turn.
const BATCH: u32 = 100;

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Attempts whose captures were removed, because their time was over.
    pub expired: u64,
    /// Captures that no event named.
    pub orphans: u64,
    /// Sessions, links and mails.
    pub traces: u64,
    /// Users who had been erased and came back with a backup.
    pub erased_again: u64,
}

/// The sweep broke off. What is left is removed next time.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The captures' store failed.
    #[error("captures: {0}")]
    Store(#[from] StoreError),
}

/// Sweeps again and again.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match sweep(&app, clock::now_ms()).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { expired, orphans, traces, erased_again }) => {
                tracing::info!(expired, orphans, traces, erased_again, "swept what was over");
            }
            Err(error) => tracing::warn!(%error, "the sweep broke off; trying again later"),
        }
    }
}

/// Sweeps once. Each part is tried, whatever became of those before it.
///
/// # Errors
/// [`SweepError`]: the first that went wrong.
pub async fn sweep(app: &App, now_ms: i64) -> Result<Swept, SweepError> {
    let erased_again = erasure::repeat(&app.eraser(), now_ms).await;
    let expired = expire(app, now_ms).await;
    let traces = discard_traces(app, now_ms).await;
    let orphans = remove_orphans(app, now_ms).await;
    let swept = Swept { erased_again: erased_again?, expired: expired?, traces: traces?, orphans: orphans? };
    if swept != Swept::default() {
        app.db.forget_deleted().await?;
    }
    Ok(swept)
}

/// Removes the captures of attempts that ended long enough ago. Their files first: what is cut off in between is done again.
async fn expire(app: &App, now_ms: i64) -> Result<u64, SweepError> {
    let mut total = 0;
    for outcome in [AttemptStatus::Verified, AttemptStatus::Failed] {
        let (until, mut removed) = (app.retention.until_ms(outcome, now_ms), 0);
        loop {
            let due = kept::until(&mut app.db.read().await?, outcome.as_str(), until, BATCH).await?;
            if due.is_empty() {
                break;
            }
            for kept in &due {
                app.captures.remove(&kept.refs).await?;
            }
            let mut tx = app.db.write(Hold::Nothing).await?;
            let mut marked = 0;
            for kept in &due {
                marked += u64::from(kept::mark_removed(&mut tx, &kept.event, now_ms).await?);
            }
            if marked > 0 {
                let figures = json!({ "outcome": outcome, "attempts": marked });
                audit::note(&mut tx, audit::Action::CapturesExpired, audit::SWEEP, &figures, now_ms).await?;
            }
            tx.commit().await?;
            removed += marked;
        }
        total += removed;
    }
    Ok(total)
}

/// Removes links, sessions, mails and counted failures that can matter no more.
async fn discard_traces(app: &App, now_ms: i64) -> Result<u64, SweepError> {
    let until = now_ms - TRACES_MS;
    let mut tx = app.db.write(Hold::Nothing).await?;
    let mut total = kept::discard_tokens(&mut tx, until).await?;
    outbox::discard_counts(&mut tx, until).await?;
    let cool_down = app.limits.cool_down;
    failures::discard_before(&mut tx, now_ms - cool_down.window_ms - cool_down.pause_ms).await?;
    tx.commit().await?;
    loop {
        let mut tx = app.db.write(Hold::Nothing).await?;
        let sessions = kept::past_sessions(&mut tx, until, BATCH).await?;
        for session in &sessions {
            kept::discard_session(&mut tx, session).await?;
        }
        let mails = kept::past_mails(&mut tx, until, BATCH).await?;
        for mail in &mails {
            kept::discard_mail(&mut tx, mail).await?;
        }
        tx.commit().await?;
        app.mail.forget(&mails);
        total += (sessions.len() + mails.len()) as u64;
        if sessions.len().max(mails.len()) < BATCH as usize {
            return Ok(total);
        }
    }
}

/// Removes captures that no event names: of attempts that broke off, or decided in a database that an older one has replaced.
async fn remove_orphans(app: &App, now_ms: i64) -> Result<u64, SweepError> {
    let begins_at = kept::begins_at(&mut app.db.read().await?).await?.unwrap_or(i64::MAX);
    let mut by_event: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (name, event) in app.captures.list().await? {
        let made_at = event.made_at().unwrap_or(i64::MAX);
        // What is older than this database belongs to another one, and is not ours to judge.
        if made_at <= now_ms - ORPHAN_MS && made_at >= begins_at {
            by_event.entry(event.as_str().to_owned()).or_default().push(name);
        }
    }
    let mut removed = 0;
    for (event, names) in by_event {
        let named = kept::by_event(&mut app.db.read().await?, &crate::domain::EventId::from_client(&event)).await?;
        let orphans: Vec<String> = names.into_iter().filter(|name| !named.contains(name)).collect();
        removed += orphans.len() as u64;
        app.captures.remove(&orphans).await?;
    }
    if removed > 0 {
        let mut tx = app.db.write(Hold::Nothing).await?;
        let figures = json!({ "captures": removed });
        audit::note(&mut tx, audit::Action::OrphansRemoved, audit::SWEEP, &figures, now_ms).await?;
        tx.commit().await?;
    }
    Ok(removed)
}
