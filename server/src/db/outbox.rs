//! Mails that are to be sent. A row stays until its mail has left or a day has passed.

use super::statement::locking;
use super::{Connection, number};
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::{EmailAddress, MailId, UserId};

/// A mail that is due.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueMail {
    /// The row's id.
    pub id: MailId,
    /// Whose link it will bring.
    pub user_id: UserId,
    /// Where it goes.
    pub email: EmailAddress,
    /// How many tries were begun, this one included.
    #[sqlx(try_from = "i64")]
    pub tries: u32,
    /// When it was asked for.
    pub created_at: i64,
}

/// A mail that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewMail<'a> {
    /// Where it goes. Its user is there already.
    pub email: &'a EmailAddress,
    /// When it is asked for.
    pub created_at: i64,
    /// It is held back if the mailbox got `most` mails after `since_ms`,
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

/// Counts the mails to anybody after `since_ms`, no further than `most`.
pub async fn to_anybody(db: &mut Connection, since_ms: i64, now_ms: i64, most: u32) -> sqlx::Result<u32> {
    let (count,): (i64,) = db
        .query(
            "select count(*) from (select 1 from mail_outbox
         where created_at > $1 and created_at <= $2 and (given_up_at is null or tries > 0) limit $3) counted",
        )
        .bind(since_ms)
        .bind(now_ms + MAY_BE_AHEAD_MS)
        .bind(i64::from(most))
        .fetch_one()
        .await?;
    number(count)
}

/// Puts a mail with a fresh link into the outbox; returns whether it will leave. One that is held back is given up at once,
/// without a try: the row is written all the same, so that the request's work does not tell what became of it. Rows of a clock
/// that ran far ahead do not count.
pub async fn insert(db: &mut Connection, mail: &NewMail<'_>) -> sqlx::Result<bool> {
    let (given_up_at,): (Option<i64>,) = db
        .query(
            "insert into mail_outbox (id, user_id, address_key, created_at, next_try_at, given_up_at)
         select $1, u.id, $2, cast($3 as bigint), cast($3 as bigint),
             case when asked.mails >= $4 or asked.newest > $5 then cast($3 as bigint) end
         from users u, (select count(*) as mails, max(created_at) as newest from mail_outbox
                        where address_key = $2 and created_at > $6 and created_at <= $7
                            and (given_up_at is null or tries > 0)) asked
         where u.email = $8 returning given_up_at",
        )
        .bind(MailId::new(mail.created_at))
        .bind(mail.email.folded_key())
        .bind(mail.created_at)
        .bind(mail.most)
        .bind(mail.pause_since_ms)
        .bind(mail.since_ms)
        .bind(mail.created_at + MAY_BE_AHEAD_MS)
        .bind(mail.email)
        .fetch_one()
        .await?;
    Ok(given_up_at.is_none())
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
        ") returning id, user_id, tries, created_at, (select email from users where users.id = user_id) as email"
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
