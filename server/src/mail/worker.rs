//! Empties the outbox: takes each mail that is due, makes its link, sends it, and retries later if that failed.

use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::error::SendError;
use super::facts::Facts;
use super::mailer::Mailer;
use super::message::{LOGO, Mail};
use crate::clock::{self, MINUTE_MS};
use crate::codes::CodeKey;
use crate::config::BaseUrl;
use crate::db::outbox::{self, DueMail};
use crate::db::sites::{self, Site};
use crate::db::{Connection, Db, LockScope, check_codes, checks, tokens};
use crate::domain::{Gate, Logo, PlainToken};

/// Longest pause of the worker. Other processes may have put mails into the outbox meanwhile.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after a database error.
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// A try that takes longer than this is assumed to have died with its process.
const LEASE_MS: i64 = 2 * MINUTE_MS;
/// How long recording the result of a try is retried. Together with the try itself this stays below the lease.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
/// Pause between two of these retries.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);
/// Pauses between tries; the last one repeats.
const BACK_OFF_MS: [i64; 6] = [5_000, 20_000, MINUTE_MS, 3 * MINUTE_MS, 8 * MINUTE_MS, 15 * MINUTE_MS];
/// A mail that could not be sent for this long is given up.
const GIVE_UP_AFTER_MS: i64 = 24 * 60 * MINUTE_MS;

/// The parts that delivering mails needs of a server.
#[derive(Clone, Copy, Debug)]
pub struct Outbox<'a> {
    /// The database.
    pub db: &'a Db,
    /// Sends mails.
    pub mailer: &'a Mailer,
    /// Links start with this.
    pub base_url: &'a BaseUrl,
    /// How long links work.
    pub token_ttl_ms: i64,
    /// Derives the codes of checks.
    pub codes: &'a CodeKey,
    /// Wakes the worker when a mail was put into the outbox.
    pub wake: &'a Notify,
}

/// Delivers mails until the task is dropped.
pub async fn run(outbox: Outbox<'_>) {
    loop {
        let pause = match deliver_due(&outbox).await {
            Ok(next_due) => {
                let until_due = next_due.map(|due| due.saturating_sub(clock::now_ms()).max(0).unsigned_abs());
                until_due.map_or(IDLE, |ms| Duration::from_millis(ms).min(IDLE))
            }
            Err(error) => {
                tracing::error!(%error, "cannot read the outbox; trying again");
                AFTER_FAULT
            }
        };
        tokio::select! {
            () = outbox.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends every mail that is due now. Returns when the next one is due.
///
/// # Errors
/// The database failed. A mail that cannot be sent is not an error: it stays in the outbox.
pub async fn deliver_due(outbox: &Outbox<'_>) -> sqlx::Result<Option<i64>> {
    let mut tried: Option<Tried> = None;
    loop {
        let token = PlainToken::generate();
        let next = match (next(outbox, tried.as_ref(), &token, clock::now_ms()).await, tried.take()) {
            (Err(error), Some(tried)) => {
                tracing::warn!(mail = %tried.mail.id, %error, "cannot record the result of a mail; trying again");
                settle_in_time(outbox, &tried).await?;
                continue;
            }
            (next, _) => next?,
        };
        match next {
            Next::Mail(mail, asked_by) => {
                let sent = send(outbox, &mail, &token, &asked_by).await;
                tried = Some(Tried { mail, sent });
            }
            Next::DueAt(due) => return Ok(due),
        }
    }
}

/// A mail and the result of a try to send it.
struct Tried {
    mail: DueMail,
    sent: Result<(), SendError>,
}

/// The site that asked for a check, and the check's code, if it is proven by one.
#[derive(Default)]
struct AskedBy {
    code: Option<String>,
    site: Option<Site>,
}

/// What to do next.
enum Next {
    /// Try this mail, which is due and claimed.
    Mail(DueMail, Box<AskedBy>),
    /// No mail is due before this time.
    DueAt(Option<i64>),
}

/// Records the result of the last try and claims the next mail that is due, in one transaction. So a long queue costs
/// one transaction per mail.
async fn next(outbox: &Outbox<'_>, tried: Option<&Tried>, token: &PlainToken, now: i64) -> sqlx::Result<Next> {
    let mut tx = outbox.db.write(LockScope::Nothing).await?;
    if let Some(tried) = tried {
        settle(&mut tx, tried, now).await?;
    }
    let next = match outbox::claim_due(&mut tx, now, now + LEASE_MS).await? {
        Some(mail) => {
            // Each try gets a link of its own: the last mail may have arrived although sending it seemed to fail.
            let owner = (&mail.user_id, mail.check_id.as_ref());
            tokens::insert(&mut tx, &token.hash(), owner, now, now + outbox.token_ttl_ms).await?;
            let asked_by = asked_by(outbox, &mut tx, &mail, now).await?;
            Next::Mail(mail, Box::new(asked_by))
        }
        None => Next::DueAt(outbox::next_due(&mut tx).await?),
    };
    tx.commit().await?;
    Ok(next)
}

/// What the mail says about its check, if it is for one that a site asked for.
async fn asked_by(outbox: &Outbox<'_>, db: &mut Connection, mail: &DueMail, now: i64) -> sqlx::Result<AskedBy> {
    let Some(id) = &mail.check_id else { return Ok(AskedBy::default()) };
    let Some(check) = checks::get(db, id).await? else { return Ok(AskedBy::default()) };
    let code = match check.gate {
        // As with links, each try gets its own.
        Gate::Code => Some(outbox.codes.code(id, check_codes::next(db, id, now).await?)),
        Gate::Link | Gate::Site => None,
    };
    let site = if check.front_door == 0 { sites::find(db, &check.site_id).await? } else { None };
    Ok(AskedBy { code, site })
}

/// Records the result of a try, with retries while the lease lasts: otherwise a mail that was sent would be sent a
/// second time after a short database outage.
async fn settle_in_time(outbox: &Outbox<'_>, tried: &Tried) -> sqlx::Result<()> {
    let begun = Instant::now();
    loop {
        match settle_alone(outbox, tried).await {
            Err(error) if begun.elapsed() < SETTLE_WITHIN && !matches!(error, sqlx::Error::PoolClosed) => {
                tracing::warn!(mail = %tried.mail.id, %error, "cannot record the result of a mail; trying again");
                tokio::time::sleep(SETTLE_AGAIN).await;
            }
            settled => return settled,
        }
    }
}

async fn settle_alone(outbox: &Outbox<'_>, tried: &Tried) -> sqlx::Result<()> {
    let mut tx = outbox.db.write(LockScope::Nothing).await?;
    settle(&mut tx, tried, clock::now_ms()).await?;
    tx.commit().await
}

async fn send(
    outbox: &Outbox<'_>,
    mail: &DueMail,
    token: &PlainToken,
    AskedBy { code, site }: &AskedBy,
) -> Result<(), SendError> {
    let Outbox { mailer, base_url, token_ttl_ms, .. } = outbox;
    // The page speaks as the mail does.
    let language = mail.language.as_ref().map(|language| format!("&lang={}", language.as_str())).unwrap_or_default();
    let link = format!("{}/verify?token={}{language}", base_url.as_str(), token.expose());
    let logo = site.as_ref().and_then(|site| Logo::from_stored(site.logo.as_deref()?));
    let facts = Facts {
        host: base_url.host(),
        link: &link,
        minutes: token_ttl_ms / MINUTE_MS,
        code: code.as_deref(),
        site: site.as_ref().map(|site| site.name.as_str()),
        accent: site.as_ref().and_then(|site| site.accent.as_deref()),
        logo: logo.as_ref().map(|_| LOGO),
    };
    let words = mailer.templates.fill(&facts, mail.language.as_ref()).map_err(|error| SendError::unwritable(&error))?;
    let Facts { host, link, .. } = facts;
    let (id, to, logo) = (&mail.id, &mail.email, logo.as_ref());
    mailer.send(&Mail { id, tries: mail.tries, to, host, link, words: &words, logo }).await
}

/// Records the result of a try.
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
