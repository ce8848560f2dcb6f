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

/// Mails to one mailbox that were asked for within a time, without those that were held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Asked {
    /// How many.
    pub count: i64,
    /// When the newest was asked for.
    pub newest: Option<i64>,
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

/// Counts the mails to this mailbox after `since_ms`. Rows of a clock that ran far ahead are left out.
pub async fn to_mailbox(db: &mut Connection, address_key: &str, since_ms: i64, now_ms: i64) -> sqlx::Result<Asked> {
    db.query(
        "select count(*) as count, max(created_at) as newest from mail_outbox
         where address_key = $1 and created_at > $2 and created_at <= $3 and (given_up_at is null or tries > 0)",
    )
    .bind(address_key)
    .bind(since_ms)
    .bind(now_ms + MAY_BE_AHEAD_MS)
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

/// Puts a mail with a fresh link to `user` into the outbox. One that is held back is given up at once, without a try: the
/// row is written all the same, so that the request's work does not tell what became of it.
pub async fn insert(
    db: &mut Connection,
    user: &UserId,
    address_key: &str,
    now_ms: i64,
    is_held_back: bool,
) -> sqlx::Result<()> {
    db.query(
        "insert into mail_outbox (id, user_id, address_key, created_at, next_try_at, given_up_at)
         values ($1, $2, $3, $4, $4, $5)",
    )
    .bind(MailId::new(now_ms))
    .bind(user)
    .bind(address_key)
    .bind(now_ms)
    .bind(is_held_back.then_some(now_ms))
    .execute()
    .await?;
    Ok(())
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
