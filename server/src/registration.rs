//! Registrations: an address in, a mail with a link into the outbox.
//!
//! All of them count the same mails, so they are written one after the other anyway. Those that arrive while others are being
//! written wait for each other and share one transaction: one lock, one count, one wait for the disk.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::app::{App, AppState};
use crate::clock::{self, MINUTE_MS};
use crate::db::outbox::{self, Addressee, NewMails};
use crate::db::{Hold, users};

/// Mails to one mailbox within an hour. More are asked for only by somebody who wants to annoy its owner.
const MAILS_PER_HOUR: i64 = 3;
/// Least time between two mails to one mailbox. The page offers to send again after as long.
const BETWEEN_MAILS_MS: i64 = MINUTE_MS;
/// What mails are counted over.
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// So many share a transaction at most: others wait for it.
const TOGETHER: usize = 64;

/// Registrations that wait to be written.
#[derive(Debug, Default)]
pub struct Registrations {
    waiting: Mutex<Vec<Waiting>>,
    /// Who has it writes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Waiting {
    to: Addressee,
    tell: oneshot::Sender<Result<Registered, Failed>>,
}

/// What came of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It was taken. Whether a mail leaves for it is for its mailbox to see.
    Taken,
    /// This server sends no more mails to anybody for now.
    Ceiling,
}

/// It could not be written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// The database failed, for all who were written together.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The server is about to end.
    #[error("broken off")]
    BrokenOff,
}

/// Registers an address, for a mail in one of the languages that there are words in.
///
/// # Errors
/// The database failed; nothing was written.
pub async fn register(app: &App, to: Addressee) -> Result<Registered, Failed> {
    let (tell, mut told) = oneshot::channel();
    app.registrations.wait(Waiting { to, tell });
    tokio::select! {
        biased;
        answer = &mut told => return answer.unwrap_or(Err(Failed::BrokenOff)),
        // A task of its own: who hangs up takes nothing from the others. The first of those who wait has the turn next, and takes
        // at least its own with it.
        turn = Arc::clone(&app.registrations.turn).lock_owned() => {
            tokio::spawn(write_and_tell(app.clone(), app.registrations.take(), turn));
        }
    }
    told.await.unwrap_or(Err(Failed::BrokenOff))
}

impl Registrations {
    fn wait(&self, waiting: Waiting) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
    }

    /// Those who have waited longest, without who has hung up.
    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|waiting| !waiting.tell.is_closed());
        let count = waiting.len().min(TOGETHER);
        waiting.drain(..count).collect()
    }
}

async fn write_and_tell(app: App, batch: Vec<Waiting>, _turn: OwnedMutexGuard<()>) {
    let (to, tell): (Vec<Addressee>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.to, waiting.tell)).unzip();
    let written = write(&app, &to).await.map_err(|error| Failed::Database(Arc::new(error)));
    app.mail_wake.notify_one();
    for (place, tell) in tell.into_iter().enumerate() {
        // An error means that who asked has hung up.
        let _ = tell.send(written.as_ref().map(|results| results[place]).map_err(Clone::clone));
    }
}

/// Writes registrations; what came of each, in their order.
async fn write(app: &AppState, to: &[Addressee]) -> sqlx::Result<Vec<Registered>> {
    let mut tx = app.db.write(Hold::Registrations).await?;
    // Only now: what was written before has an earlier time.
    let now = clock::now_ms();
    outbox::discard_held_back(&mut tx, now - HOUR_MS).await?;
    let ceiling = app.limits.mails_per_hour;
    let asked_for = outbox::to_anybody(&mut tx, now - HOUR_MS, now).await?;
    let free = ceiling.saturating_sub(u32::try_from(asked_for).unwrap_or(u32::MAX));
    let mut left = free;
    let mut results = Vec::with_capacity(to.len());
    while left > 0 && results.len() < to.len() {
        let together = first_of_each_mailbox(&to[results.len()..], left);
        // An existing user is left as it is: registering again takes nobody's verification away.
        users::insert(&mut tx, together.iter().map(|to| &to.email), now).await?;
        // Nothing depends on who it is: the same statements, the same rows.
        let mails = NewMails {
            to: together,
            created_at: now,
            since_ms: now - HOUR_MS,
            most: MAILS_PER_HOUR,
            pause_since_ms: now - BETWEEN_MAILS_MS,
        };
        left -= outbox::insert(&mut tx, &mails).await?;
        results.resize(results.len() + together.len(), Registered::Taken);
    }
    results.resize(to.len(), Registered::Ceiling);
    outbox::count(&mut tx, free - left, now).await?;
    tx.commit().await?;
    if results.contains(&Registered::Ceiling) {
        tracing::warn!(mails = ceiling, "no more mails are taken for now (MAILS_PER_HOUR)");
    }
    Ok(results)
}

/// The first of these, no more than `most`, up to one whose mailbox was among them: its mail is counted before that one is
/// asked for.
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
    fn of_one_mailbox_one_mail_is_written_at_a_time() {
        let to = ["jo@example.com", "al@example.com", "Jo+2@example.com", "li@example.com"]
            .map(|email| Addressee { email: EmailAddress::parse(email).unwrap(), language: None });
        for (most, from, count) in [(9, 0, 2), (1, 0, 1), (9, 1, 3), (9, 4, 0)] {
            assert_eq!(first_of_each_mailbox(&to[from..], most).len(), count, "{most} from {from}");
        }
    }
}
