//! Registrations: an address in, a mail with a link into the outbox.
//!
//! All of them count the same mails, so they are written one after another anyway. Those that arrive during a write
//! wait and share the next transaction: one lock, one count, one wait for the disk.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard, oneshot};

use crate::clock::{self, MINUTE_MS};
use crate::db::outbox::{self, Addressee, NewMails};
use crate::db::{Db, LockScope, users};

/// Most mails to one mailbox within an hour. Only somebody who wants to annoy its owner asks for more.
const MAILS_PER_HOUR: i64 = 3;
/// Least time between two mails to one mailbox. The page offers to send again after the same time.
const BETWEEN_MAILS_MS: i64 = MINUTE_MS;
/// The period over which mails are counted.
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Most registrations in one transaction; the others wait for it.
const MAX_BATCH: usize = 64;

/// Takes registrations. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Registrations(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    /// Most mails to all mailboxes within an hour.
    mails_per_hour: u32,
    /// Wakes the mail worker.
    mail_wake: Arc<Notify>,
    waiting: Mutex<Vec<Waiting>>,
    /// Held by the task that writes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Waiting {
    to: Addressee,
    reply: oneshot::Sender<Result<Registered, RegistrationError>>,
}

/// The result of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It was accepted. Only the mailbox shows whether a mail was sent.
    Accepted,
    /// This server sends no more mails to anybody for now.
    CeilingReached,
}

/// A registration could not be written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The database failed, for the whole batch.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The server is shutting down.
    #[error("interrupted")]
    Interrupted,
}

impl Registrations {
    /// `mails_per_hour`: most mails to all mailboxes. `mail_wake`: wakes the mail worker.
    pub fn new(db: Db, mails_per_hour: u32, mail_wake: Arc<Notify>) -> Self {
        Self(Arc::new(Shared { db, mails_per_hour, mail_wake, waiting: Mutex::default(), turn: Arc::default() }))
    }

    /// Registers an address. Its language, if any, must have mail templates.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn register(&self, to: Addressee) -> Result<Registered, RegistrationError> {
        let Registrations(shared) = self;
        let (reply, mut answer) = oneshot::channel();
        shared.enqueue(Waiting { to, reply });
        tokio::select! {
            biased;
            answer = &mut answer => return answer.unwrap_or(Err(RegistrationError::Interrupted)),
            // A task of its own, so that a client that disconnects does not affect the others. Whoever gets the turn
            // writes at least its own registration.
            turn = Arc::clone(&shared.turn).lock_owned() => {
                tokio::spawn(write_batch(Arc::clone(shared), shared.take_batch(), turn));
            }
        }
        answer.await.unwrap_or(Err(RegistrationError::Interrupted))
    }
}

impl Shared {
    fn enqueue(&self, waiting: Waiting) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
    }

    /// The longest-waiting registrations whose clients are still connected.
    fn take_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|waiting| !waiting.reply.is_closed());
        let count = waiting.len().min(MAX_BATCH);
        waiting.drain(..count).collect()
    }

    /// Writes registrations. Returns the result of each, in order.
    async fn write(&self, to: &[Addressee]) -> sqlx::Result<Vec<Registered>> {
        let mut tx = self.db.write(LockScope::Registrations).await?;
        // Read after the lock: whatever was written before has an earlier time.
        let now = clock::now_ms();
        outbox::discard_held_back(&mut tx, now - HOUR_MS).await?;
        let asked_for = outbox::to_anybody(&mut tx, now - HOUR_MS, now).await?;
        let free = self.mails_per_hour.saturating_sub(u32::try_from(asked_for).unwrap_or(u32::MAX));
        let mut left = free;
        let mut results = Vec::with_capacity(to.len());
        while left > 0 && results.len() < to.len() {
            let together = first_of_each_mailbox(&to[results.len()..], left);
            // An existing user stays as it is: registering again revokes no verification.
            users::insert(&mut tx, together.iter().map(|to| &to.email), now).await?;
            // Known and unknown addresses take the same statements and the same rows.
            let mails = NewMails {
                to: together,
                created_at: now,
                since_ms: now - HOUR_MS,
                most: MAILS_PER_HOUR,
                pause_since_ms: now - BETWEEN_MAILS_MS,
            };
            left -= outbox::insert(&mut tx, &mails).await?;
            results.resize(results.len() + together.len(), Registered::Accepted);
        }
        results.resize(to.len(), Registered::CeilingReached);
        outbox::count(&mut tx, free - left, now).await?;
        tx.commit().await?;
        if results.contains(&Registered::CeilingReached) {
            tracing::warn!(mails = self.mails_per_hour, "registrations rejected: MAILS_PER_HOUR is reached");
        }
        Ok(results)
    }
}

async fn write_batch(shared: Arc<Shared>, batch: Vec<Waiting>, _turn: OwnedMutexGuard<()>) {
    let (to, replies): (Vec<Addressee>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.to, waiting.reply)).unzip();
    let written = shared.write(&to).await.map_err(|error| RegistrationError::Database(Arc::new(error)));
    shared.mail_wake.notify_one();
    for (index, reply) in replies.into_iter().enumerate() {
        // An error means that the client has disconnected.
        let _ = reply.send(written.as_ref().map(|results| results[index]).map_err(Clone::clone));
    }
}

/// The first of these, at most `most`, up to the first repeated mailbox: its earlier mail must be counted before it is
/// handled.
fn first_of_each_mailbox(to: &[Addressee], most: u32) -> &[Addressee] {
    let mut mailboxes = HashSet::new();
    let distinct = to.iter().take_while(|to| mailboxes.insert(to.email.folded_key())).count();
    &to[..distinct.min(usize::try_from(most).unwrap_or(usize::MAX))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EmailAddress;

    #[test]
    fn each_batch_has_at_most_one_mail_per_mailbox() {
        let to = ["jo@example.com", "al@example.com", "Jo+2@example.com", "li@example.com"]
            .map(|email| Addressee { email: EmailAddress::parse(email).unwrap(), language: None });
        for (most, from, count) in [(9, 0, 2), (1, 0, 1), (9, 1, 3), (9, 4, 0)] {
            assert_eq!(first_of_each_mailbox(&to[from..], most).len(), count, "{most} from {from}");
        }
    }
}
