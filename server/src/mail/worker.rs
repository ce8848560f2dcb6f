//! Empties the outbox: takes what is due, makes the link, sends, and tries again later where that failed.

use std::time::{Duration, Instant};

use super::message::Mail;
use super::transport::SendError;
use super::words::Facts;
use crate::app::App;
use crate::clock::{self, MINUTE_MS};
use crate::db::outbox::{self, DueMail};
use crate::db::{Connection, Hold, tokens};
use crate::domain::PlainToken;

/// Longest pause of the worker, for mails that another process put into the outbox.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after a fault of the database.
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// A try that has not ended after this is taken to have died with its process.
const LEASE_MS: i64 = 2 * MINUTE_MS;
/// For so long what came of a try is written down again if that fails: less than the lease, with the try itself.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
/// Pause between two times.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);
/// Pauses between tries; the last one repeats.
const BACK_OFF_MS: [i64; 6] = [5_000, 20_000, MINUTE_MS, 3 * MINUTE_MS, 8 * MINUTE_MS, 15 * MINUTE_MS];
/// A mail that could not be sent for this long is given up.
const GIVE_UP_AFTER_MS: i64 = 24 * 60 * MINUTE_MS;

/// Delivers mails until the task is dropped.
pub async fn run(app: App) {
    loop {
        let pause = match deliver_due(&app).await {
            Ok(next_due) => {
                let until_due = next_due.map(|due| due.saturating_sub(clock::now_ms()).max(0).unsigned_abs());
                until_due.map_or(IDLE, |ms| Duration::from_millis(ms).min(IDLE))
            }
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read; trying again");
                AFTER_FAULT
            }
        };
        tokio::select! {
            () = app.mail_wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends every mail that is due now. Returns when the next one will be.
///
/// # Errors
/// The database failed. A mail that does not leave is no error: it stays in the outbox.
pub async fn deliver_due(app: &App) -> sqlx::Result<Option<i64>> {
    let mut tried: Option<Tried> = None;
    loop {
        let token = PlainToken::generate();
        let next = match (next(app, tried.as_ref(), &token, clock::now_ms()).await, tried.take()) {
            (Err(error), Some(tried)) => {
                tracing::warn!(mail = %tried.mail.id, %error, "what came of a mail could not be written down; trying again");
                settle_in_time(app, &tried).await?;
                continue;
            }
            (next, _) => next?,
        };
        match next {
            Next::Mail(mail) => {
                let sent = send(app, &mail, &token).await;
                tried = Some(Tried { mail, sent });
            }
            Next::DueAt(due) => return Ok(due),
        }
    }
}

/// A mail and what came of a try to send it.
struct Tried {
    mail: DueMail,
    sent: Result<(), SendError>,
}

/// What the outbox holds.
enum Next {
    /// This mail is due, and ours to try.
    Mail(DueMail),
    /// None is due now; the next one then.
    DueAt(Option<i64>),
}

/// Writes down what came of the last try, and takes the next mail that is due, in one transaction: where many wait, each costs
/// one.
async fn next(app: &App, tried: Option<&Tried>, token: &PlainToken, now: i64) -> sqlx::Result<Next> {
    let mut tx = app.db.write(Hold::Nothing).await?;
    if let Some(tried) = tried {
        settle(&mut tx, tried, now).await?;
    }
    let next = match outbox::claim_due(&mut tx, now, now + LEASE_MS).await? {
        Some(mail) => {
            // Each try brings a link of its own: the last try may have arrived although it seemed to fail.
            tokens::insert(&mut tx, &token.hash(), &mail.user_id, now, now + app.limits.token_ttl_ms).await?;
            Next::Mail(mail)
        }
        None => Next::DueAt(outbox::next_due(&mut tx).await?),
    };
    tx.commit().await?;
    Ok(next)
}

/// Writes down what came of a try, again while the try is still ours: a mail that has left would leave a second time if the
/// database was away for a moment.
async fn settle_in_time(app: &App, tried: &Tried) -> sqlx::Result<()> {
    let begun = Instant::now();
    loop {
        match settle_alone(app, tried).await {
            Err(error) if begun.elapsed() < SETTLE_WITHIN && !matches!(error, sqlx::Error::PoolClosed) => {
                tracing::warn!(mail = %tried.mail.id, %error, "what came of a mail could not be written down; trying again");
                tokio::time::sleep(SETTLE_AGAIN).await;
            }
            settled => return settled,
        }
    }
}

async fn settle_alone(app: &App, tried: &Tried) -> sqlx::Result<()> {
    let mut tx = app.db.write(Hold::Nothing).await?;
    settle(&mut tx, tried, clock::now_ms()).await?;
    tx.commit().await
}

async fn send(app: &App, mail: &DueMail, token: &PlainToken) -> Result<(), SendError> {
    let link = format!("{}/verify?token={}", app.base_url.as_str(), token.expose());
    let facts = Facts { host: app.base_url.host(), link: &link, minutes: app.limits.token_ttl_ms / MINUTE_MS };
    let words =
        app.mail.templates.fill(&facts, mail.language.as_ref()).map_err(|error| SendError::unwritable(&error))?;
    let Facts { host, link, .. } = facts;
    app.mail.send(&Mail { id: &mail.id, tries: mail.tries, to: &mail.email, host, link, words: &words }).await
}

/// Writes down what came of a try.
async fn settle(db: &mut Connection, Tried { mail, sent }: &Tried, now: i64) -> sqlx::Result<()> {
    match sent {
        Ok(()) => {
            outbox::mark_sent(db, &mail.id, now).await?;
            tracing::info!(mail = %mail.id, tries = mail.tries, "mail sent");
        }
        Err(error) if error.is_final || now - mail.created_at >= GIVE_UP_AFTER_MS => {
            outbox::give_up(db, &mail.id, &error.text, now).await?;
            tracing::error!(mail = %mail.id, tries = mail.tries, why = error.kind, "mail given up");
        }
        Err(error) => {
            let pause = back_off_ms(mail.tries);
            outbox::mark_failed(db, &mail.id, &error.text, now + pause).await?;
            tracing::warn!(mail = %mail.id, tries = mail.tries, why = error.kind, retry_ms = pause, "mail not sent");
        }
    }
    Ok(())
}

fn back_off_ms(tries: u32) -> i64 {
    let step = (tries.max(1) as usize - 1).min(BACK_OFF_MS.len() - 1);
    BACK_OFF_MS[step]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_then_stay() {
        assert_eq!(back_off_ms(1), 5_000);
        assert_eq!(back_off_ms(2), 20_000);
        assert_eq!(back_off_ms(6), back_off_ms(600));
    }
}
