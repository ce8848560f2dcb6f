//! Mails to be sent. A row waits until its mail was sent or given up after a day.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::row::row;
use super::statement::locking;
use super::{Connection, Sql};
use crate::clock::{MAY_BE_AHEAD_MS, MINUTE_MS};
use crate::domain::{CheckId, EmailAddress, Language, MailId, UserId};

row! {
    /// A mail that is due.
    #[derive(Clone, Debug)]
    pub struct DueMail {
        /// The row's id.
        pub id: MailId,
        /// The user whose link it will contain.
        pub user_id: UserId,
        /// The recipient.
        pub email: EmailAddress,
        /// Its language.
        pub language: Option<Language>,
        /// The check that it is for.
        pub check_id: Option<CheckId>,
        /// Number of tries, including this one.
        pub tries: u32 as i64,
        /// When it was requested.
        pub created_at: i64,
    }
}

/// The recipient of a mail.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The address.
    pub email: EmailAddress,
    /// The language of the mail; `None` for the default templates.
    pub language: Option<Language>,
    /// The check that the mail is for; `None` for the register page.
    pub check: Option<CheckId>,
}

/// Requested mails, at most one per mailbox.
#[derive(Clone, Copy, Debug)]
pub struct NewMails<'a> {
    /// The recipients. Their users exist already.
    pub to: &'a [Addressee],
    /// When they are requested.
    pub created_at: i64,
    /// A mail is held back if its mailbox got at least `most` mails after this time.
    pub since_ms: i64,
    /// See `since_ms`.
    pub most: i64,
    /// A mail is also held back if its mailbox got one after this time.
    pub pause_since_ms: i64,
}

row! {
    /// Mails that were neither sent nor given up.
    #[derive(Clone, Copy, Debug)]
    pub struct Waiting {
        /// Their number.
        pub count: i64,
        /// When the oldest was requested.
        pub oldest: Option<i64>,
    }
}

/// Counts the waiting mails.
pub async fn waiting(db: &mut Connection) -> sqlx::Result<Waiting> {
    db.query(
        "select count(*) as count, min(created_at) as oldest from mail_outbox
         where sent_at is null and given_up_at is null",
    )
    .fetch_one()
    .await
}

/// Returns how many mails were accepted for all mailboxes since `since_ms`, including the whole minute that contains
/// it. Ignores counts written by a clock that ran far ahead.
pub async fn to_anybody(db: &mut Connection, since_ms: i64, now_ms: i64) -> sqlx::Result<i64> {
    let (count,): (i64,) = db
        .query(
            "select cast(coalesce(sum(mails), 0) as bigint) as mails from mails_by_minute
             where began_at >= $1 and began_at <= $2",
        )
        .bind(minute_of(since_ms))
        .bind(now_ms + MAY_BE_AHEAD_MS)
        .fetch_one()
        .await?;
    Ok(count)
}

/// Counts accepted mails, for [`to_anybody`].
pub async fn count(db: &mut Connection, mails: usize, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into mails_by_minute (began_at, mails) values ($1, $2)
         on conflict (began_at) do update set mails = mails_by_minute.mails + excluded.mails",
    )
    .bind(minute_of(now_ms))
    .bind(i64::try_from(mails).unwrap_or(i64::MAX))
    .execute()
    .await?;
    Ok(())
}

/// Deletes the counts from before `before_ms`.
pub async fn discard_counts(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query("delete from mails_by_minute where began_at < $1").bind(before_ms).execute().await?;
    Ok(())
}

fn minute_of(ms: i64) -> i64 {
    ms - ms.rem_euclid(MINUTE_MS)
}

/// Puts mails into the outbox; returns the keys of the mailboxes that will get theirs. A mail that is held back is given up at once, without a
/// try. Its row is written all the same, so that the time of the request does not reveal it. Ignores rows written by a
/// clock that ran far ahead.
pub async fn insert(db: &mut Connection, mails: &NewMails<'_>) -> sqlx::Result<HashSet<String>> {
    const INSERT: Sql = Sql {
        sqlite: "insert into mail_outbox (id, user_id, address_key, language, check_id, created_at, next_try_at, given_up_at)
            select new.value ->> 'id', (select id from users where email = new.value ->> 'email'), new.value ->> 'key',
                new.value ->> 'language', new.value ->> 'check_id', $2, $2,
                (select case when count(*) >= $3 or max(created_at) > $4 then $2 end from mail_outbox
                 where address_key = new.value ->> 'key' and created_at > $5 and created_at <= $6
                     and (given_up_at is null or tries > 0))
            from json_each($1) new returning address_key, given_up_at",
        postgres:
            "insert into mail_outbox (id, user_id, address_key, language, check_id, created_at, next_try_at, given_up_at)
            select new.id, (select id from users where email = new.email), new.key,
                new.language, new.check_id, $2::bigint, $2::bigint,
                (select case when count(*) >= $3 or max(created_at) > $4 then $2::bigint end from mail_outbox
                 where address_key = new.key and created_at > $5 and created_at <= $6
                     and (given_up_at is null or tries > 0))
            from jsonb_to_recordset($1::jsonb) new (id text, email text, key text, language text, check_id text) returning address_key, given_up_at",
    };
    let rows: Vec<Value> = mails
        .to
        .iter()
        .map(|Addressee { email, language, check }| {
            let (id, language) = (MailId::new(mails.created_at), language.as_ref().map(Language::as_str));
            let (email, key, check) = (email.expose(), email.folded_key(), check.as_ref().map(CheckId::as_str));
            json!({ "id": id.as_str(), "email": email, "key": key, "language": language, "check_id": check })
        })
        .collect();
    let written: Vec<(String, Option<i64>)> = db
        .query(INSERT)
        .bind(Value::from(rows).to_string())
        .bind(mails.created_at)
        .bind(mails.most)
        .bind(mails.pause_since_ms)
        .bind(mails.since_ms)
        .bind(mails.created_at + MAY_BE_AHEAD_MS)
        .fetch_all()
        .await?;
    Ok(written.into_iter().filter(|(_, given_up_at)| given_up_at.is_none()).map(|(key, _)| key).collect())
}

/// Deletes mails that were held back before `before_ms`.
pub async fn discard_held_back(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query(locking!(
        "delete from mail_outbox where id in (
             select id from mail_outbox where created_at <= $1 and given_up_at is not null and tries = 0",
        "for update skip locked",
        ")"
    ))
    .bind(before_ms)
    .execute()
    .await?;
    Ok(())
}

/// Claims the mail that has been due longest, until `lease_until`. If this try never ends, the mail is due again then.
/// Concurrent processes claim different mails.
pub async fn claim_due(db: &mut Connection, now_ms: i64, lease_until: i64) -> sqlx::Result<Option<DueMail>> {
    db.query(locking!(
        "update mail_outbox set tries = tries + 1, next_try_at = $2
         where id = (select id from mail_outbox
                     where sent_at is null and given_up_at is null and next_try_at <= $1
                     order by next_try_at limit 1",
        "for update skip locked",
        ") returning id, user_id, language, check_id, tries, created_at, (select email from users where users.id = user_id) as email"
    ))
    .bind(now_ms)
    .bind(lease_until)
    .fetch_optional()
    .await
}

/// Returns when the next mail is due.
pub async fn next_due(db: &mut Connection) -> sqlx::Result<Option<i64>> {
    let (next,): (Option<i64>,) = db
        .query("select min(next_try_at) from mail_outbox where sent_at is null and given_up_at is null")
        .fetch_one()
        .await?;
    Ok(next)
}

/// Records that the mail was sent.
pub async fn mark_sent(db: &mut Connection, id: &MailId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set sent_at = $2, last_error = null where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Records why the mail was not sent, and when to try again.
pub async fn mark_failed(db: &mut Connection, id: &MailId, error: &str, next_try_at: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set last_error = $2, next_try_at = $3 where id = $1")
        .bind(id)
        .bind(storable(error))
        .bind(next_try_at)
        .execute()
        .await?;
    Ok(())
}

/// Records that the mail is given up.
pub async fn give_up(db: &mut Connection, id: &MailId, error: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set last_error = $2, given_up_at = $3 where id = $1")
        .bind(id)
        .bind(storable(error))
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Replaces NUL, which PostgreSQL text cannot contain but a mail server's message can.
fn storable(error: &str) -> String {
    error.replace('\0', "\u{fffd}")
}
