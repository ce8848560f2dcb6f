//! Erasing a person: captures, address and traces go for good; events keep how each attempt ended, under a pseudonym.
//!
//! The captures' key goes first. From then on no copy of a capture opens, whatever backup it is in. Everything after
//! that may be interrupted: the caller or the next sweep repeats it.

mod redaction;

pub use redaction::redact;

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;

use crate::audit::{self, Action};
use crate::captures::{CaptureStore, StoreError};
use crate::checks;
use crate::db::erasure::{self, Traces};
use crate::db::retention_queries::{self, StoredCaptures};
use crate::db::users::User;
use crate::db::{self, Db, LockScope};
use crate::domain::{EmailAddress, UserId, UserStatus};
use crate::mail;

/// The parts that erasing needs, of a server or of a command.
#[derive(Clone, Copy, Debug)]
pub struct Eraser<'a> {
    /// The database.
    pub db: &'a Db,
    /// The captures.
    pub captures: &'a CaptureStore,
    /// Sends mails, and may keep copies.
    pub mail: &'a mail::Mailer,
}

/// What was erased, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct ErasureReport {
    /// The user.
    pub user: UserId,
    /// The user's status before.
    pub status: UserStatus,
    /// What was stored about the user.
    #[serde(flatten)]
    pub done: Done,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is gone.
    Erased(Traces),
    /// It would go.
    WouldErase(Traces),
}

/// Something could not be removed. Repeating the call continues.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The captures' store failed.
    #[error("captures: {0}")]
    Store(#[from] StoreError),
}

/// Users looked up at a time.
const PAGE: usize = 500;

/// The actor who erases a user that a restored backup brought back.
const RESTORED: &str = "the server, after a restored backup";

/// Returns the users with this address in any capitalisation, and what is stored about each.
pub async fn find(db: &Db, email: &EmailAddress) -> sqlx::Result<Vec<(User, Traces)>> {
    let mut db = db.read().await?;
    let mut found = Vec::new();
    for user in erasure::users_at(&mut db, email).await? {
        let traces = erasure::traces(&mut db, &user).await?;
        found.push((user, traces));
    }
    Ok(found)
}

/// Erases the users with this address in any capitalisation, or reports what that would remove. Empty if there is none.
pub async fn at_address(
    eraser: &Eraser<'_>,
    email: &EmailAddress,
    actor: &str,
    really: bool,
    now_ms: i64,
) -> Result<Vec<ErasureReport>, RemovalError> {
    let mut reports = Vec::new();
    for (user, traces) in find(eraser.db, email).await? {
        let done = match really {
            true => Done::Erased(erase(eraser, &user, actor, now_ms).await?),
            false => Done::WouldErase(traces),
        };
        reports.push(ErasureReport { user: user.id, status: user.status, done });
    }
    Ok(reports)
}

/// Erases the user. Returns what was stored about them.
pub async fn erase(eraser: &Eraser<'_>, user: &User, actor: &str, now_ms: i64) -> Result<Traces, RemovalError> {
    let Eraser { db, captures, mail } = eraser;
    captures.erase_key(&user.id).await?;
    let stored = retention_queries::of_address(&mut db.read().await?, user.email.expose()).await?;
    remove(captures, &stored).await?;

    let mut tx = db.write(LockScope::User(&user.id)).await?;
    // Attempts may have been decided in the meantime.
    let late = retention_queries::of_address(&mut tx, user.email.expose()).await?;
    let mails = erasure::mails_of(&mut tx, &user.id).await?;
    let traces = erasure::traces(&mut tx, user).await?;
    // With these ids, verifying the trail can distinguish erased events from tampered ones.
    let events = erasure::events_of(&mut tx, user).await?;
    for check in db::checks::of_user(&mut tx, &user.id).await? {
        checks::redacted(&mut tx, &check, now_ms).await?;
    }
    erasure::erase(&mut tx, user, &pseudonym(user), now_ms).await?;
    let figures = json!({ "removed": traces, "events": events });
    audit::note(&mut tx, Action::UserErased, actor, &figures, now_ms).await?;
    tx.commit().await?;

    mail.forget(&mails);
    if late != stored {
        captures.erase_key(&user.id).await?;
        remove(captures, &late).await?;
    }
    db.forget_deleted().await?;
    Ok(traces)
}

/// Erases once more the users whom an older copy of the database, or of the keys, brought back. Returns how many.
pub async fn repeat(eraser: &Eraser<'_>, now_ms: i64) -> Result<u64, RemovalError> {
    let Eraser { db, captures, .. } = eraser;
    let by_store = captures.erased().await?;
    let mut again = 0;
    for page in by_store.chunks(PAGE) {
        for user in erasure::find_users(&mut db.read().await?, page).await? {
            erase(eraser, &user, RESTORED, now_ms).await?;
            again += 1;
        }
    }
    let by_store: HashSet<&str> = by_store.iter().map(UserId::as_str).collect();
    let mut after = None;
    loop {
        let page = erasure::erased_after(&mut db.read().await?, after.as_ref(), PAGE).await?;
        for id in page.iter().filter(|id| !by_store.contains(id.as_str())) {
            captures.erase_key(id).await?;
        }
        match page.last() {
            Some(last) => after = Some(last.clone()),
            None => break,
        }
    }
    // A submission in progress may have created a key after its user was erased.
    let mut with_key = captures.users();
    while let Some(page) = with_key.recv().await {
        for id in page?.iter().filter(|id| by_store.contains(id.as_str())) {
            captures.remove_key(id).await?;
        }
    }
    Ok(again)
}

async fn remove(captures: &CaptureStore, stored: &[StoredCaptures]) -> Result<(), RemovalError> {
    for event in stored {
        captures.remove(&event.refs).await?;
    }
    Ok(())
}

/// The erased user's name in the audit. The id is random and identifies nobody.
fn pseudonym(user: &User) -> String {
    format!("erased-{}", user.id)
}
