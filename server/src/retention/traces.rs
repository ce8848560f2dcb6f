//! What is removed as a whole: links, sessions, mails, counted attempts, and addresses that were never verified.

use serde_json::json;

use super::sweeper::{BATCH, Sweeper};
use crate::audit;
use crate::cool_down;
use crate::db::{LockScope, attempts, outbox, retention_queries};
use crate::erasure::{self, Eraser, RemovalError};

/// Removes links, sessions, mails and attempts that no longer matter.
pub(super) async fn discard(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let Eraser { db, mail, .. } = sweeper.eraser;
    let until = sweeper.data_retention.traces_until_ms(now_ms);
    let attempts_until = now_ms - cool_down::kept_ms(sweeper.cool_down);
    let mut total = 0;
    loop {
        let mut tx = db.write(LockScope::Nothing).await?;
        let tokens = retention_queries::discard_tokens(&mut tx, until, BATCH).await?;
        let attempts = attempts::discard_before(&mut tx, attempts_until, BATCH).await?;
        tx.commit().await?;
        total += tokens;
        if tokens.max(attempts) < u64::from(BATCH) {
            break;
        }
    }
    loop {
        let mut tx = db.write(LockScope::Nothing).await?;
        outbox::discard_counts(&mut tx, until).await?;
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

/// Removes addresses that were not verified in time, once nothing else of them is left. Those with attempts are erased
/// as on their owner's request; those that were only typed in leave nothing behind.
pub(super) async fn forget_unverified(sweeper: &Sweeper<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let db = sweeper.eraser.db;
    let until = sweeper.data_retention.unverified_until_ms(now_ms);
    let mut total = 0;
    loop {
        // The same lock as registrations have: an address that somebody registers meanwhile stays.
        let mut tx = db.write(LockScope::Registrations).await?;
        let removed = retention_queries::discard_typed_in(&mut tx, until, BATCH).await?;
        if removed > 0 {
            let figures = json!({ "addresses": removed });
            audit::note(&mut tx, audit::Action::AddressesExpired, audit::SERVER, &figures, now_ms).await?;
        }
        tx.commit().await?;
        total += removed;
        if removed < u64::from(BATCH) {
            break;
        }
    }
    loop {
        let due = retention_queries::unverified_until(&mut db.read().await?, until, BATCH).await?;
        for user in &due {
            erasure::erase(&sweeper.eraser, user, audit::SERVER, now_ms).await?;
        }
        total += due.len() as u64;
        if due.len() < BATCH as usize {
            return Ok(total);
        }
    }
}
