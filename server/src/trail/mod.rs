//! The trail that shows tampering: each event and each entry of the audit gets a number and a hash over the one before.
//!
//! ```text
//! personal = SHA-256("blinkgate personal 1" · salt · what is erased with a person)
//! digest   = SHA-256("blinkgate row 1" · kind · the other fields · personal)
//! hash n   = SHA-256("blinkgate trail 1" · n · hash n-1 · kind · id · digest)
//! ```
//!
//! Each text has its length in front (64 bits), so that none runs into the next.
//!
//! Whoever can write the database can write the whole trail anew. That shows only beside a signed checkpoint (`checkpoint.rs`)
//! that lies elsewhere. Of what is erased the personal digest stays, without its salt, and an entry of the audit says which
//! events it was (`erasure.rs`).

mod checkpoint;
mod verify;

use sha2::{Digest as _, Sha256};

pub use checkpoint::{Checkpoint, TrailKey, UnreadableCheckpoint};
pub use verify::{Finding, Report, verify};

use crate::db::events::{self, Event};
use crate::db::trail::{self, Entry};
use crate::db::{Connection, Db, Hold, audit};
use crate::domain::{AuditId, EventId, random_base64url};

/// Rows from before there was a trail are added so many at once.
const BATCH: u32 = 1000;

/// The event with what the trail needs to keep of it.
pub fn salted(event: Event) -> Event {
    let event = Event { trail_salt: Some(random_base64url()), ..event };
    Event { trail_personal: Some(personal_digest(&event)), ..event }
}

/// Adds an event, which is [`salted`]. The last lock that a transaction takes, so that nobody waits in a circle: nothing but the commit may follow.
///
/// # Errors
/// What the database says.
pub async fn add_event(db: &mut Connection, event: &Event) -> sqlx::Result<()> {
    append(db, "event", event.id.as_str(), digest_of_event(event)).await
}

/// Adds an entry of the audit. As [`add_event`], but for other entries.
///
/// # Errors
/// What the database says.
pub async fn add_audit(db: &mut Connection, entry: &audit::Entry) -> sqlx::Result<()> {
    append(db, "audit", entry.id.as_str(), digest_of_audit(entry)).await
}

/// Adds the rows that were there before the trail was: once.
///
/// # Errors
/// What the database says.
pub async fn begin(db: &Db) -> sqlx::Result<()> {
    loop {
        let mut tx = db.write(Hold::Nothing).await?;
        if trail::lock_head(&mut tx).await?.begun != 0 {
            return Ok(());
        }
        let strays = trail::strays(&mut tx, BATCH).await?;
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
    let entry = Entry { number, kind: kind.to_owned(), entry_id: id.to_owned(), digest, hash };
    trail::insert(db, &entry).await
}

fn chain(number: i64, before: &str, kind: &str, id: &str, digest: &str) -> String {
    let mut hash = Parts::new("blinkgate trail 1");
    hash.number(number);
    [before, kind, id, digest].into_iter().for_each(|part| hash.text(part));
    hash.end()
}

/// What captures are called is no part of it: that follows from the event's id, and goes when their time is over.
fn digest_of_event(event: &Event) -> String {
    let mut hash = Parts::new("blinkgate row 1");
    let texts = [event.id.as_str(), &event.status, event.challenge_id.as_str(), &event.policy, &event.thresholds];
    ["event"].into_iter().chain(texts).chain([event.engine.as_str()]).for_each(|part| hash.text(part));
    [event.open_captured, event.created_at, i64::from(event.attempt)].into_iter().for_each(|part| hash.number(part));
    [&event.reason, &event.trail_personal].into_iter().for_each(|part| hash.option(part.as_deref()));
    hash.end()
}

/// Of what is erased with the person.
fn personal_digest(event: &Event) -> String {
    let mut hash = Parts::new("blinkgate personal 1");
    hash.option(event.trail_salt.as_deref());
    [&event.email, &event.details].into_iter().for_each(|part| hash.text(part));
    [&event.transcript, &event.issued, &event.review].into_iter().for_each(|part| hash.option(part.as_deref()));
    hash.end()
}

fn digest_of_audit(entry: &audit::Entry) -> String {
    let mut hash = Parts::new("blinkgate row 1");
    hash.text("audit");
    hash.number(entry.created_at);
    [entry.id.as_str(), &entry.action, &entry.actor, &entry.details].into_iter().for_each(|part| hash.text(part));
    hash.end()
}

/// A hash over parts that cannot run into each other.
struct Parts(Sha256);

impl Parts {
    fn new(purpose: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.text(purpose);
        parts
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
