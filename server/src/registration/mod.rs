//! Registrations: an address in, a mail with a link into the outbox.
//!
//! All of them count the same mails, so they are written one after another anyway. Those that arrive during a write
//! wait and share the next transaction: one lock, one count, one wait for the disk.

mod budget;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard, oneshot};

use crate::clock::{self, MINUTE_MS};
use crate::db::outbox::{self, Addressee, NewMails};
use crate::db::{Connection, Db, LockScope, users};
use budget::Budget;
pub use budget::MailLimits;

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
    limits: MailLimits,
    budget: Mutex<Budget>,
    /// Wakes the mail worker.
    mail_wake: Arc<Notify>,
    waiting: Mutex<Vec<Waiting>>,
    /// Held by the task that writes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Waiting {
    to: Addressee,
    client: Option<IpAddr>,
    reply: oneshot::Sender<Result<Registered, RegistrationError>>,
}

/// Who asks for a mail, and for whom.
type Asking = (Addressee, Option<IpAddr>);

/// The result of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It was accepted. Only the mailbox shows whether a mail was sent.
    Accepted,
    /// No mail can be promised for now. A mailbox that is known gets one if any of the reserve are left; the answer
    /// does not say so, since it would tell whether the address is known.
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
    /// `mail_wake`: wakes the mail worker.
    pub fn new(db: Db, limits: MailLimits, mail_wake: Arc<Notify>) -> Self {
        let budget = Mutex::new(Budget::new(limits));
        let shared = Shared { db, limits, budget, mail_wake, waiting: Mutex::default(), turn: Arc::default() };
        Self(Arc::new(shared))
    }

    /// Registers the address of a site's check in a transaction that holds the lock on registrations.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add(&self, db: &mut Connection, to: Addressee, now_ms: i64) -> sqlx::Result<Registered> {
        let results = self.0.add(db, &[(to, None)], now_ms).await?;
        Ok(results.first().copied().unwrap_or(Registered::CeilingReached))
    }

    /// Registers an address for this client, if its address is known. The language, if any, must have mail templates.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn register(&self, to: Addressee, client: Option<IpAddr>) -> Result<Registered, RegistrationError> {
        let Registrations(shared) = self;
        let (reply, mut answer) = oneshot::channel();
        shared.enqueue(Waiting { to, client, reply });
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
    async fn write(&self, to: &[Asking]) -> sqlx::Result<Vec<Registered>> {
        let mut tx = self.db.write(LockScope::Registrations).await?;
        // Read after the lock: whatever was written before has an earlier time.
        let results = self.add(&mut tx, to, clock::now_ms()).await?;
        tx.commit().await?;
        Ok(results)
    }

    async fn add(&self, db: &mut Connection, to: &[Asking], now: i64) -> sqlx::Result<Vec<Registered>> {
        outbox::discard_held_back(db, now - HOUR_MS).await?;
        let free = self.free(db, self.limits.per_hour - self.limits.reserve(), now).await?;
        let (results, allowed) = self.share_out(to, free, now);
        let (mut sent, mut rest) = (0, allowed.as_slice());
        while !rest.is_empty() {
            let (together, later) = rest.split_at(first_of_each_mailbox(rest));
            let addressees: Vec<Addressee> = together.iter().map(|(to, _)| to.clone()).collect();
            // An existing user stays as it is: registering again revokes no verification.
            users::insert(db, addressees.iter().map(|to| &to.email), now).await?;
            // Known and unknown addresses take the same statements and the same rows.
            let mailboxes = outbox::insert(db, &mails(&addressees, now)).await?;
            sent += mailboxes.len();
            // A mail that its mailbox's own limit holds back must not use up what others share.
            for (to, client) in together.iter().filter(|(to, _)| !mailboxes.contains(&to.email.folded_key())) {
                self.budget().give_back(&to.email, *client, now);
            }
            rest = later;
        }
        outbox::count(db, sent, now).await?;
        Ok(results)
    }

    /// Decides which of these get a mail if `free` are left for everybody, and counts them.
    fn share_out(&self, to: &[Asking], free: u32, now: i64) -> (Vec<Registered>, Vec<Asking>) {
        let mut budget = self.budget();
        let mut allowed = Vec::new();
        let results = to.iter().map(|(to, client)| {
            let left = free.saturating_sub(u32::try_from(allowed.len()).unwrap_or(u32::MAX));
            if !budget.allows(&to.email, *client, left, now) {
                return Registered::CeilingReached;
            }
            budget.take(&to.email, *client, now);
            allowed.push((to.clone(), *client));
            Registered::Accepted
        });
        (results.collect(), allowed)
    }

    /// Writes mails to those of these addresses that are known, as long as any of the reserve are left.
    async fn write_known(&self, to: &[Addressee]) -> sqlx::Result<()> {
        let mut tx = self.db.write(LockScope::Registrations).await?;
        let now = clock::now_ms();
        let free = self.free(&mut tx, self.limits.per_hour, now).await?;
        let known = users::known(&mut tx, to.iter().map(|to| &to.email)).await?;
        let mut mailboxes = HashSet::new();
        let known = to.iter().filter(|to| known.contains(&to.email) && mailboxes.insert(to.email.folded_key()));
        let known: Vec<Addressee> = known.take(free as usize).cloned().collect();
        if !known.is_empty() {
            let sent = outbox::insert(&mut tx, &mails(&known, now)).await?;
            outbox::count(&mut tx, sent.len(), now).await?;
        }
        tx.commit().await
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of `most` mails an hour are left.
    async fn free(&self, db: &mut Connection, most: u32, now: i64) -> sqlx::Result<u32> {
        let asked_for = outbox::to_anybody(db, now - HOUR_MS, now).await?;
        Ok(most.saturating_sub(u32::try_from(asked_for).unwrap_or(u32::MAX)))
    }
}

async fn write_batch(shared: Arc<Shared>, batch: Vec<Waiting>, _turn: OwnedMutexGuard<()>) {
    let (to, replies): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|waiting| ((waiting.to, waiting.client), waiting.reply)).unzip();
    let written = shared.write(&to).await.map_err(|error| RegistrationError::Database(Arc::new(error)));
    shared.mail_wake.notify_one();
    for (index, reply) in replies.into_iter().enumerate() {
        // An error means that the client has disconnected.
        let _ = reply.send(written.as_ref().map(|results| results[index]).map_err(Clone::clone));
    }
    let Ok(results) = written else { return };
    let refused = to.into_iter().zip(results).filter(|(_, result)| *result == Registered::CeilingReached);
    let refused: Vec<Addressee> = refused.map(|((to, _), _)| to).collect();
    if refused.is_empty() {
        return;
    }
    tracing::warn!(registrations = refused.len(), "rejected: MAILS_PER_HOUR, or a share of it, is used up");
    if shared.limits.reserve() > 0 {
        // After the answers, so that their time does not tell which addresses are known.
        match shared.write_known(&refused).await {
            Ok(()) => shared.mail_wake.notify_one(),
            Err(error) => tracing::warn!(%error, "mails to known mailboxes could not be written"),
        }
    }
}

/// Mails to these, within the limits of each mailbox.
fn mails(to: &[Addressee], now: i64) -> NewMails<'_> {
    NewMails {
        to,
        created_at: now,
        since_ms: now - HOUR_MS,
        most: MAILS_PER_HOUR,
        pause_since_ms: now - BETWEEN_MAILS_MS,
    }
}

/// How many of these come before the first repeated mailbox, whose earlier mail must be counted before it is handled.
fn first_of_each_mailbox(to: &[Asking]) -> usize {
    let mut mailboxes = HashSet::new();
    to.iter().take_while(|(to, _)| mailboxes.insert(to.email.folded_key())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EmailAddress;

    #[test]
    fn each_batch_has_at_most_one_mail_per_mailbox() {
        let to = ["jo@example.com", "al@example.com", "Jo+2@example.com", "li@example.com"]
            .map(|email| (Addressee { email: EmailAddress::parse(email).unwrap(), language: None, check: None }, None));
        for (from, count) in [(0, 2), (1, 3), (4, 0)] {
            assert_eq!(first_of_each_mailbox(&to[from..]), count, "from {from}");
        }
    }
}
