//! Captures that no event names: attempts that broke off, or that were decided in a database which an older one has
//! since replaced.

use std::collections::BTreeMap;

use serde_json::json;

use crate::audit;
use crate::db::{LockScope, retention_queries};
use crate::domain::EventId;
use crate::erasure::{Eraser, RemovalError};

/// A capture that no event names is removed at this age. Less than a claim's lease passes between writing a capture and
/// committing the event that names it.
const ORPHAN_MS: i64 = 3_600_000;

/// Removes these captures, a page of the store's list at a time.
pub(super) async fn remove_orphans(Eraser { db, captures, .. }: Eraser<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let begins_at = retention_queries::begins_at(&mut db.read().await?).await?.unwrap_or(i64::MAX);
    let mut pages = captures.pages();
    let mut removed = 0;
    while let Some(page) = pages.recv().await {
        let mut by_event: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, event) in page? {
            let made_at = event.made_at().unwrap_or(i64::MAX);
            // Captures older than this database belong to another one. Leave them alone.
            if made_at <= now_ms - ORPHAN_MS && made_at >= begins_at {
                by_event.entry(event.as_str().to_owned()).or_default().push(name);
            }
        }
        let events: Vec<EventId> = by_event.keys().map(|id| EventId::from_client(id)).collect();
        let named = retention_queries::named_by(&mut db.read().await?, &events).await?;
        let orphans: Vec<String> = by_event.into_values().flatten().filter(|name| !named.contains(name)).collect();
        removed += orphans.len() as u64;
        captures.remove(&orphans).await?;
    }
    if removed > 0 {
        let mut tx = db.write(LockScope::Nothing).await?;
        let figures = json!({ "captures": removed });
        audit::note(&mut tx, audit::Action::OrphansRemoved, audit::SERVER, &figures, now_ms).await?;
        tx.commit().await?;
    }
    Ok(removed)
}
