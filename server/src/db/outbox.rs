//! Mails that are to be sent. A row stays until its mail has left or a day has passed.

use super::Connection;
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
    pub tries: u32,
    /// When it was asked for.
    pub created_at: i64,
}

/// Returns how many mails to this mailbox were asked for since `since_ms`.
pub async fn count_since(db: &mut Connection, address_key: &str, since_ms: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from mail_outbox where address_key = $1 and created_at > $2")
        .bind(address_key)
        .bind(since_ms)
        .fetch_one(db)
        .await
}

/// Puts a mail with a fresh link to `user` into the outbox.
pub async fn insert(db: &mut Connection, user: &UserId, address_key: &str, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query(
        "insert into mail_outbox (id, user_id, address_key, created_at, next_try_at) values ($1, $2, $3, $4, $4)",
    )
    .bind(MailId::new(now_ms))
    .bind(user)
    .bind(address_key)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the mail that is due longest. Nobody else gets it before `lease_until`, and if this try never ends it is due
/// again then.
pub async fn claim_due(db: &mut Connection, now_ms: i64, lease_until: i64) -> sqlx::Result<Option<DueMail>> {
    sqlx::query_as(
        "update mail_outbox set tries = tries + 1, next_try_at = $2
         where id = (select id from mail_outbox
                     where sent_at is null and given_up_at is null and next_try_at <= $1
                     order by next_try_at limit 1)
         returning id, user_id, tries, created_at, (select email from users where users.id = user_id) as email",
    )
    .bind(now_ms)
    .bind(lease_until)
    .fetch_optional(db)
    .await
}

/// Returns when the next mail is due.
pub async fn next_due(db: &mut Connection) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select min(next_try_at) from mail_outbox where sent_at is null and given_up_at is null")
        .fetch_one(db)
        .await
}

/// Notes that the mail has left.
pub async fn mark_sent(db: &mut Connection, id: &MailId, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query("update mail_outbox set sent_at = $2, last_error = null where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes why the mail did not leave, and when to try again.
pub async fn mark_failed(db: &mut Connection, id: &MailId, error: &str, next_try_at: i64) -> sqlx::Result<()> {
    sqlx::query("update mail_outbox set last_error = $2, next_try_at = $3 where id = $1")
        .bind(id)
        .bind(error)
        .bind(next_try_at)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that the mail will not be tried again.
pub async fn give_up(db: &mut Connection, id: &MailId, error: &str, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query("update mail_outbox set last_error = $2, given_up_at = $3 where id = $1")
        .bind(id)
        .bind(error)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}
