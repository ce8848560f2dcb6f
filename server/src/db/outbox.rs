//! Mails that are to be sent. A row stays until its mail has left or a day has passed.

use serde_json::{Value, json};

use super::statement::locking;
use super::{Connection, Text, number};
use crate::clock::{MAY_BE_AHEAD_MS, MINUTE_MS};
use crate::domain::{EmailAddress, Language, MailId, UserId};

/// A mail that is due.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueMail {
    /// The row's id.
    pub id: MailId,
    /// Whose link it will bring.
    pub user_id: UserId,
    /// Where it goes.
    pub email: EmailAddress,
    /// What its words are in.
    pub language: Option<Language>,
    /// How many tries were begun, this one included.
    #[sqlx(try_from = "i64")]
    pub tries: u32,
    /// When it was asked for.
    pub created_at: i64,
}

/// Who gets a mail.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// Where it goes.
    pub email: EmailAddress,
    /// What its words are in; none for the words that everybody else gets.
    pub language: Option<Language>,
}

/// Mails that are asked for, no two of them to one mailbox.
#[derive(Clone, Copy, Debug)]
pub struct NewMails<'a> {
    /// Who gets them. Their users are there already.
    pub to: &'a [Addressee],
    /// When they are asked for.
    pub created_at: i64,
    /// One is held back if its mailbox got `most` mails after `since_ms`,
    pub since_ms: i64,
    /// how many those are,
    pub most: i64,
    /// or one after this.
    pub pause_since_ms: i64,
}

/// Mails that were neither sent nor given up.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// When the oldest was asked for.
    pub oldest: Option<i64>,
}

/// Counts the mails that wait.
pub async fn waiting(db: &mut Connection) -> sqlx::Result<Waiting> {
    db.query(
        "select count(*) as count, min(created_at) as oldest from mail_outbox
         where sent_at is null and given_up_at is null",
    )
    .fetch_one()
    .await
}

/// Returns how many mails were taken for anybody since `since_ms`, with those of the minute in which that lies. Those of a clock
/// that ran far ahead do not count.
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

/// Counts mails that are taken, for [`to_anybody`].
pub async fn count(db: &mut Connection, mails: u32, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into mails_by_minute (began_at, mails) values ($1, $2)
         on conflict (began_at) do update set mails = mails_by_minute.mails + excluded.mails",
    )
    .bind(minute_of(now_ms))
    .bind(i64::from(mails))
    .execute()
    .await?;
    Ok(())
}

/// Forgets how many mails there were before.
pub async fn discard_counts(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query("delete from mails_by_minute where began_at < $1").bind(before_ms).execute().await?;
    Ok(())
}

fn minute_of(ms: i64) -> i64 {
    ms - ms.rem_euclid(MINUTE_MS)
}

/// Puts mails with fresh links into the outbox; returns how many will leave. One that is held back is given up at once, without
/// a try: its row is written all the same, so that the request's work does not tell what became of it. Rows of a clock that ran
/// far ahead do not count.
pub async fn insert(db: &mut Connection, mails: &NewMails<'_>) -> sqlx::Result<u32> {
    const INSERT: Text = Text {
        sqlite: "insert into mail_outbox (id, user_id, address_key, language, created_at, next_try_at, given_up_at)
            select new.value ->> 'id', (select id from users where email = new.value ->> 'email'), new.value ->> 'key',
                new.value ->> 'language', $2, $2,
                (select case when count(*) >= $3 or max(created_at) > $4 then $2 end from mail_outbox
                 where address_key = new.value ->> 'key' and created_at > $5 and created_at <= $6
                     and (given_up_at is null or tries > 0))
            from json_each($1) new returning given_up_at",
        postgres:
            "insert into mail_outbox (id, user_id, address_key, language, created_at, next_try_at, given_up_at)
            select new.id, (select id from users where email = new.email), new.key,
                new.language, $2::bigint, $2::bigint,
                (select case when count(*) >= $3 or max(created_at) > $4 then $2::bigint end from mail_outbox
                 where address_key = new.key and created_at > $5 and created_at <= $6
                     and (given_up_at is null or tries > 0))
            from jsonb_to_recordset($1::jsonb) new (id text, email text, key text, language text) returning given_up_at",
    };
    let rows: Vec<Value> = mails
        .to
        .iter()
        .map(|Addressee { email, language }| {
            let (id, language) = (MailId::new(mails.created_at), language.as_ref().map(Language::as_str));
            json!({ "id": id.as_str(), "email": email.expose(), "key": email.folded_key(), "language": language })
        })
        .collect();
    let given_up: Vec<(Option<i64>,)> = db
        .query(INSERT)
        .bind(Value::from(rows).to_string())
        .bind(mails.created_at)
        .bind(mails.most)
        .bind(mails.pause_since_ms)
        .bind(mails.since_ms)
        .bind(mails.created_at + MAY_BE_AHEAD_MS)
        .fetch_all()
        .await?;
    let leave = given_up.iter().filter(|(given_up_at,)| given_up_at.is_none()).count();
    number(i64::try_from(leave).unwrap_or(i64::MAX))
}

/// Removes mails that were held back before `before_ms`.
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

/// Takes the mail that is due longest. Nobody else gets it before `lease_until`, and if this try never ends it is due
/// again then. Of several processes that look at once, each takes another one.
pub async fn claim_due(db: &mut Connection, now_ms: i64, lease_until: i64) -> sqlx::Result<Option<DueMail>> {
    db.query(locking!(
        "update mail_outbox set tries = tries + 1, next_try_at = $2
         where id = (select id from mail_outbox
                     where sent_at is null and given_up_at is null and next_try_at <= $1
                     order by next_try_at limit 1",
        "for update skip locked",
        ") returning id, user_id, language, tries, created_at, (select email from users where users.id = user_id) as email"
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

/// Notes that the mail has left.
pub async fn mark_sent(db: &mut Connection, id: &MailId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set sent_at = $2, last_error = null where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Notes why the mail did not leave, and when to try again.
pub async fn mark_failed(db: &mut Connection, id: &MailId, error: &str, next_try_at: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set last_error = $2, next_try_at = $3 where id = $1")
        .bind(id)
        .bind(storable(error))
        .bind(next_try_at)
        .execute()
        .await?;
    Ok(())
}

/// Notes that the mail will not be tried again.
pub async fn give_up(db: &mut Connection, id: &MailId, error: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query("update mail_outbox set last_error = $2, given_up_at = $3 where id = $1")
        .bind(id)
        .bind(storable(error))
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// What a mail server said may hold a character that PostgreSQL's text cannot.
fn storable(error: &str) -> String {
    error.replace('\0', "\u{fffd}")
}
