//! Registrations: an address in, a mail with a link into the outbox.
//!
//! All of them count the same mails, so they are written one after the other anyway. Those that arrive while others are being
//! written wait for each other and share one transaction: one lock, one count, one wait for the disk.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::app::{App, AppState};
use crate::clock::{self, MINUTE_MS};
use crate::db::outbox::{self, NewMail};
use crate::db::{Hold, users};
use crate::domain::EmailAddress;

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
    email: EmailAddress,
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

/// Registers an address.
///
/// # Errors
/// The database failed; nothing was written.
pub async fn register(app: &App, email: EmailAddress) -> Result<Registered, Failed> {
    let (tell, mut told) = oneshot::channel();
    app.registrations.wait(Waiting { email, tell });
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
    let emails: Vec<&EmailAddress> = batch.iter().map(|waiting| &waiting.email).collect();
    let written = write(&app, &emails).await.map_err(|error| Failed::Database(Arc::new(error)));
    app.mail_wake.notify_one();
    for (place, waiting) in batch.into_iter().enumerate() {
        // An error means that who asked has hung up.
        let _ = waiting.tell.send(written.as_ref().map(|results| results[place]).map_err(Clone::clone));
    }
}

/// Writes registrations; what came of each, in their order.
async fn write(app: &AppState, emails: &[&EmailAddress]) -> sqlx::Result<Vec<Registered>> {
    let mut tx = app.db.write(Hold::Registrations).await?;
    // Only now: what was written before has an earlier time.
    let now = clock::now_ms();
    outbox::discard_held_back(&mut tx, now - HOUR_MS).await?;
    let ceiling = app.limits.mails_per_hour;
    let mut left = ceiling - outbox::to_anybody(&mut tx, now - HOUR_MS, now, ceiling).await?;
    let mut results = Vec::with_capacity(emails.len());
    for email in emails {
        if left == 0 {
            results.push(Registered::Ceiling);
            continue;
        }
        // An existing user is left as it is: registering again takes nobody's verification away.
        users::insert(&mut tx, email, now).await?;
        // Nothing depends on who it is: the same statements, the same rows.
        let mail = NewMail {
            email,
            created_at: now,
            since_ms: now - HOUR_MS,
            most: MAILS_PER_HOUR,
            pause_since_ms: now - BETWEEN_MAILS_MS,
        };
        left -= u32::from(outbox::insert(&mut tx, &mail).await?);
        results.push(Registered::Taken);
    }
    tx.commit().await?;
    if results.contains(&Registered::Ceiling) {
        tracing::warn!(mails = ceiling, "no more mails are taken for now (MAILS_PER_HOUR)");
    }
    Ok(results)
}
