//! The trail makes tampering evident: each event and each entry of the audit gets a number and a hash that includes the
//! previous entry's hash.
//!
//! ```text
//! personal = SHA-256("blinkgate personal 1" · salt · the fields that are erased with a person)
//! digest   = SHA-256("blinkgate row 2" · kind · the other fields · personal)
//! hash n   = SHA-256("blinkgate trail 1" · n · hash n-1 · kind · id · digest)
//! ```
//!
//! Entries of version 0.3 and before have digests of "blinkgate row 1", without whether pictures were stored.
//!
//! Each text is prefixed with its length (64 bits), so that adjacent texts cannot be confused.
//!
//! Anybody who can write to the database can rewrite the whole trail. Only a signed checkpoint that is kept elsewhere
//! (`checkpoint.rs`) reveals that. Of erased data, the personal digest remains without its salt, and an entry of the
//! audit lists the erased events (`erasure.rs`).

mod checkpoint;
mod finding;
mod removals;
mod standings;
mod verify;

use sha2::{Digest as _, Sha256};

pub use checkpoint::{Checkpoint, TrailKey, UnreadableCheckpoint};
pub use finding::Finding;
pub use verify::{TrailReport, verify};

use crate::db::audit::{self, AuditEntry};
use crate::db::events::{self, Event};
use crate::db::trail::{self, TrailEntry};
use crate::db::{Connection, Db, LockScope};
use crate::domain::{AuditId, EventId, random_base64url};

/// How many rows older than the trail are added at once.
const BATCH: u32 = 1000;

/// Adds the trail's salt and personal digest to an event.
pub fn salted(event: Event) -> Event {
    let event = Event { trail_salt: Some(random_base64url()), ..event };
    Event { trail_personal: Some(personal_digest(&event)), ..event }
}

/// Adds a [`salted`] event. To prevent deadlocks, this must be the last lock of a transaction: only the commit may
/// follow.
pub async fn add_event(db: &mut Connection, event: &Event) -> sqlx::Result<()> {
    append(db, "event", event.id.as_str(), digest_of_event(event)).await
}

/// Adds an entry of the audit. Only other entries and the commit may follow, see [`add_event`].
pub async fn add_audit(db: &mut Connection, entry: &AuditEntry) -> sqlx::Result<()> {
    append(db, "audit", entry.id.as_str(), digest_of_audit(entry)).await
}

/// Adds the rows that are older than the trail, once.
pub async fn begin(db: &Db) -> sqlx::Result<()> {
    loop {
        let mut tx = db.write(LockScope::Nothing).await?;
        if trail::lock_head(&mut tx).await?.begun != 0 {
            return Ok(());
        }
        let strays = trail::rows_without_entry(&mut tx, BATCH).await?;
        if strays.is_empty() {
            trail::mark_begun(&mut tx).await?;
            return tx.commit().await;
        }
        for stray in strays {
            if stray.kind == "event" {
                let event = events::find(&mut tx, &EventId::from_client(&stray.id)).await?;
                let event = salted(event.ok_or(sqlx::Error::RowNotFound)?);
                events::salt(&mut tx, &event).await?;
                add_event(&mut tx, &event).await?;
            } else {
                let entry = audit::find(&mut tx, &AuditId::from_client(&stray.id)).await?;
                add_audit(&mut tx, &entry.ok_or(sqlx::Error::RowNotFound)?).await?;
            }
        }
        tx.commit().await?;
    }
}

async fn append(db: &mut Connection, kind: &str, id: &str, digest: String) -> sqlx::Result<()> {
    let head = trail::lock_head(db).await?;
    let number = head.number + 1;
    let hash = chain(number, &head.hash, kind, id, &digest);
    let entry = TrailEntry { number, kind: kind.to_owned(), entry_id: id.to_owned(), digest, hash };
    trail::insert(db, &entry).await
}

fn chain(number: i64, before: &str, kind: &str, id: &str, digest: &str) -> String {
    let mut hash = Parts::new("blinkgate trail 1");
    hash.number(number);
    [before, kind, id, digest].into_iter().for_each(|part| hash.text(part));
    hash.end()
}

/// Digest of an event. Of the references of its captures it covers whether there ever were any: the names follow from
/// the event's id, and the audit says when they were removed.
fn digest_of_event(event: &Event) -> String {
    let were_stored = event.open_capture_ref.is_some() || event.captures_removed_at.is_some();
    let mut hash = Parts::new("blinkgate row 2");
    hash.event(event);
    hash.number(i64::from(were_stored));
    hash.end()
}

/// Digest of an event as versions up to 0.3 wrote it.
fn earlier_digest_of_event(event: &Event) -> String {
    let mut hash = Parts::new("blinkgate row 1");
    hash.event(event);
    hash.end()
}

/// Digest of the fields that are erased with the person.
pub(crate) fn personal_digest(event: &Event) -> String {
    let mut hash = Parts::new("blinkgate personal 1");
    hash.option(event.trail_salt.as_deref());
    [&event.email, &event.details].into_iter().for_each(|part| hash.text(part));
    [&event.transcript, &event.issued, &event.review].into_iter().for_each(|part| hash.option(part.as_deref()));
    hash.end()
}

fn digest_of_audit(entry: &AuditEntry) -> String {
    let mut hash = Parts::new("blinkgate row 1");
    hash.text("audit");
    hash.number(entry.created_at);
    [entry.id.as_str(), &entry.action, &entry.actor, &entry.details].into_iter().for_each(|part| hash.text(part));
    hash.end()
}

/// A hash over parts with unambiguous boundaries.
struct Parts(Sha256);

impl Parts {
    fn new(purpose: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.text(purpose);
        parts
    }

    /// What an event's digest has always covered.
    fn event(&mut self, event: &Event) {
        let texts = [event.id.as_str(), &event.status, event.challenge_id.as_str(), &event.policy, &event.thresholds];
        ["event"].into_iter().chain(texts).chain([event.engine.as_str()]).for_each(|part| self.text(part));
        [event.open_captured, event.created_at, i64::from(event.attempt)]
            .into_iter()
            .for_each(|part| self.number(part));
        [&event.reason, &event.trail_personal].into_iter().for_each(|part| self.option(part.as_deref()));
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn option(&mut self, text: Option<&str>) {
        self.number(i64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn end(self) -> String {
        hex::encode(self.0.finalize())
    }
}
