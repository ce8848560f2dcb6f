//! Erasing a user: removes everything that names or shows them. The audit keeps a pseudonym and how each attempt ended.

use super::row::row;
use super::users::User;
use super::{Connection, Sql};
use crate::domain::{EmailAddress, EventId, MailId, UserId};

row! {
    /// What is stored about a user.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
    pub struct Traces {
        /// Attempts in the audit.
        pub attempts: i64,
        /// Attempts whose captures are stored.
        pub attempts_with_captures: i64,
        /// Mailed links.
        pub links: i64,
        /// Sessions.
        pub sessions: i64,
        /// Challenges.
        pub challenges: i64,
        /// Mails.
        pub mails: i64,
        /// Failed attempts that count towards a pause.
        pub counted_failures: i64,
    }
}

/// Returns the users with this address, in any capitalisation.
pub async fn users_at(db: &mut Connection, email: &EmailAddress) -> sqlx::Result<Vec<User>> {
    db.query("select id, email, status from users where lower(email) = lower($1) order by id")
        .bind(email)
        .fetch_all()
        .await
}

/// Returns those of these users that there are.
pub async fn find_users(db: &mut Connection, ids: &[UserId]) -> sqlx::Result<Vec<User>> {
    const FOUND: Sql = Sql {
        sqlite: "select id, email, status from users where id in (select new.value from json_each($1) new)",
        postgres: "select id, email, status from users
            where id = any (array(select jsonb_array_elements_text($1::jsonb)))",
    };
    let ids = serde_json::Value::from_iter(ids.iter().map(UserId::as_str));
    db.query(FOUND).bind(ids.to_string()).fetch_all().await
}

/// Counts what is stored about a user.
pub async fn traces(db: &mut Connection, user: &User) -> sqlx::Result<Traces> {
    db.query(
        "select
             (select count(*) from verification_events where email = $2) as attempts,
             (select count(*) from verification_events where email = $2 and open_capture_ref is not null)
                 as attempts_with_captures,
             (select count(*) from verification_tokens where user_id = $1) as links,
             (select count(*) from capture_sessions where user_id = $1) as sessions,
             (select count(*) from challenges where user_id = $1) as challenges,
             (select count(*) from mail_outbox where user_id = $1) as mails,
             (select count(*) from attempts
                 where ended_as = 'counted' and challenge_id in (select id from challenges where user_id = $1))
                 as counted_failures",
    )
    .bind(&user.id)
    .bind(&user.email)
    .fetch_one()
    .await
}

/// Returns the ids of the user's mails.
pub async fn mails_of(db: &mut Connection, user: &UserId) -> sqlx::Result<Vec<MailId>> {
    let rows: Vec<(MailId,)> = db.query("select id from mail_outbox where user_id = $1").bind(user).fetch_all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns the ids of the user's events.
pub async fn events_of(db: &mut Connection, user: &User) -> sqlx::Result<Vec<EventId>> {
    let rows: Vec<(EventId,)> = db
        .query("select id from verification_events where email = $1 order by id")
        .bind(&user.email)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Erases the user. Deletes all rows of this user; events keep `pseudonym`, the time and the result. Eye measurements,
/// signed records, the key that signed them and operators' notes are removed too.
pub async fn erase(db: &mut Connection, user: &User, pseudonym: &str, now_ms: i64) -> sqlx::Result<()> {
    // Notes may name the person.
    db.query("update reviews set note = null where event_id in (select id from verification_events where email = $1)")
        .bind(&user.email)
        .execute()
        .await?;
    db.query(
        "update verification_events
         set email = $2, transcript = null, issued = null, review = null, trail_salt = null,
             details = '{\"erased\":true}',
             captures_removed_at = case when open_capture_ref is null then captures_removed_at else $3 end,
             open_capture_ref = null, closed_capture_ref = null, strip_ref = null
         where email = $1",
    )
    .bind(&user.email)
    .bind(pseudonym)
    .bind(now_ms)
    .execute()
    .await?;
    for statement in [
        "delete from upload_chunks where challenge_id in (select id from challenges where user_id = $1)",
        "delete from challenge_cues where challenge_id in (select id from challenges where user_id = $1)",
        "delete from attempts where challenge_id in (select id from challenges where user_id = $1)",
        "delete from counted_failures where challenge_id in (select id from challenges where user_id = $1)",
        "delete from challenges where user_id = $1",
        "delete from verification_tokens where user_id = $1",
        "delete from handoffs where user_id = $1",
        "delete from capture_sessions where user_id = $1",
        "delete from mail_outbox where user_id = $1",
        "delete from picture_rows where user_id = $1",
        "delete from users where id = $1",
    ] {
        db.query(statement).bind(&user.id).execute().await?;
    }
    db.query("insert into erased_users (user_id, erased_at) values ($1, $2) on conflict (user_id) do nothing")
        .bind(&user.id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Returns the ids of up to `limit` erased users that sort after this one.
pub async fn erased_after(db: &mut Connection, after: Option<&UserId>, limit: usize) -> sqlx::Result<Vec<UserId>> {
    let rows: Vec<(UserId,)> = db
        .query("select user_id from erased_users where user_id > $1 order by user_id limit $2")
        .bind(after.map_or("", UserId::as_str))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
