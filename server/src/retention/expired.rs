//! What is removed from events that stay: captures, transcripts, perceptual hashes.

use serde_json::{Map, Value, json};

use super::sweeper::{BATCH, Sweeper};
use crate::audit;
use crate::db::{LockScope, events, retention_queries};
use crate::domain::AttemptStatus;
use crate::erasure::{Eraser, RemovalError};
use crate::trail;

/// Removes the captures of attempts that ended long enough ago. The files go first: an interrupted sweep is repeated.
pub(super) async fn captures(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let Eraser { db, captures, .. } = sweeper.eraser;
    let mut removed = 0;
    for status in [AttemptStatus::Verified, AttemptStatus::Failed] {
        let until = sweeper.retention.until_ms(status, now_ms);
        loop {
            let due = retention_queries::until(&mut db.read().await?, status.as_str(), until, BATCH).await?;
            if due.is_empty() {
                break;
            }
            for stored in &due {
                captures.remove(&stored.refs).await?;
            }
            let mut tx = db.write(LockScope::Nothing).await?;
            let mut marked = Vec::new();
            for stored in &due {
                if retention_queries::mark_removed(&mut tx, &stored.event, now_ms).await? {
                    marked.push(stored.event.as_str());
                }
            }
            if !marked.is_empty() {
                // With these ids, verifying the trail can distinguish this from tampering.
                let figures = json!({ "outcome": status, "attempts": marked.len(), "events": marked });
                audit::note(&mut tx, audit::Action::CapturesExpired, audit::SERVER, &figures, now_ms).await?;
            }
            tx.commit().await?;
            removed += marked.len() as u64;
        }
    }
    Ok(removed)
}

/// Removes transcripts, and what was asked, of attempts that ended long enough ago. What the server read in them stays.
pub(super) async fn records(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let db = sweeper.eraser.db;
    let until = sweeper.data_retention.records_until_ms(now_ms);
    let mut removed = 0;
    loop {
        let due = retention_queries::with_record_until(&mut db.read().await?, until, BATCH).await?;
        if due.is_empty() {
            return Ok(removed);
        }
        let mut tx = db.write(LockScope::Nothing).await?;
        let mut digests = Map::new();
        for id in &due {
            if !retention_queries::remove_record(&mut tx, id, now_ms).await? {
                continue; // Its user was erased meanwhile.
            }
            let event = events::find(&mut tx, id).await?.ok_or(sqlx::Error::RowNotFound)?;
            // What the trail can still verify of the personal data that stays.
            digests.insert(id.as_str().to_owned(), Value::from(trail::personal_digest(&event)));
        }
        let count = digests.len();
        if count > 0 {
            let figures = json!({ "attempts": count, "events": digests });
            audit::note(&mut tx, audit::Action::RecordsExpired, audit::SERVER, &figures, now_ms).await?;
        }
        tx.commit().await?;
        removed += count as u64;
    }
}

/// Removes the perceptual hashes of pictures that were scored long enough ago.
pub(super) async fn hashes(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<(), RemovalError> {
    let Some(until) = sweeper.data_retention.hashes_until_ms(now_ms) else { return Ok(()) };
    loop {
        let mut tx = sweeper.eraser.db.write(LockScope::Nothing).await?;
        let removed = retention_queries::discard_hashes(&mut tx, until, BATCH).await?;
        tx.commit().await?;
        if removed == 0 {
            return Ok(());
        }
    }
}
