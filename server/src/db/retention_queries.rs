//! Queries of the sweep: which captures events name, and which rows have been kept long enough.

use std::collections::HashSet;

use super::row::row;
use super::users::User;
use super::{Connection, Sql, Statement};
use crate::domain::{EventId, MailId, SessionId};

/// An event whose captures are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCaptures {
    /// The event.
    pub event: EventId,
    /// References to its captures.
    pub refs: Vec<String>,
}

row! {
    struct CaptureRow {
        id: EventId,
        open_capture_ref: Option<String>,
        closed_capture_ref: Option<String>,
        strip_ref: Option<String>,
    }
}

impl CaptureRow {
    fn stored_captures(self) -> StoredCaptures {
        let CaptureRow { id, open_capture_ref, closed_capture_ref, strip_ref } = self;
        StoredCaptures {
            event: id,
            refs: [open_capture_ref, closed_capture_ref, strip_ref].into_iter().flatten().collect(),
        }
    }
}

async fn all(rows: Statement<'_>) -> sqlx::Result<Vec<StoredCaptures>> {
    Ok(rows.fetch_all::<CaptureRow>().await?.into_iter().map(CaptureRow::stored_captures).collect())
}

/// Returns up to `limit` events with this status and stored captures, from `until_ms` or earlier, oldest first.
pub async fn until(db: &mut Connection, status: &str, until_ms: i64, limit: u32) -> sqlx::Result<Vec<StoredCaptures>> {
    let rows = db.query(
        "select id, open_capture_ref, closed_capture_ref, strip_ref from verification_events
         where status = $1 and created_at <= $2 and open_capture_ref is not null order by created_at limit $3",
    );
    all(rows.bind(status).bind(until_ms).bind(i64::from(limit))).await
}

/// Returns the events of this address that have stored captures.
pub async fn of_address(db: &mut Connection, email: &str) -> sqlx::Result<Vec<StoredCaptures>> {
    let rows = db.query(
        "select id, open_capture_ref, closed_capture_ref, strip_ref from verification_events
         where email = $1 and open_capture_ref is not null",
    );
    all(rows.bind(email)).await
}

/// Returns the names of the captures that these events refer to.
pub async fn named_by(db: &mut Connection, events: &[EventId]) -> sqlx::Result<HashSet<String>> {
    const NAMED: Sql = Sql {
        sqlite: "select id, open_capture_ref, closed_capture_ref, strip_ref from verification_events
            where id in (select new.value from json_each($1) new) and open_capture_ref is not null",
        postgres: "select id, open_capture_ref, closed_capture_ref, strip_ref from verification_events
            where id = any (array(select jsonb_array_elements_text($1::jsonb))) and open_capture_ref is not null",
    };
    let stored = all(db.query(NAMED).bind(listed(events.iter().map(EventId::as_str)))).await?;
    Ok(stored.into_iter().flat_map(|stored| stored.refs).collect())
}

/// Records that the captures of an event were removed, and deletes their perceptual hashes. Returns whether it had any.
pub async fn mark_removed(db: &mut Connection, event: &EventId, now_ms: i64) -> sqlx::Result<bool> {
    let updated = db
        .query(
            "update verification_events
         set open_capture_ref = null, closed_capture_ref = null, strip_ref = null, captures_removed_at = $2
         where id = $1 and open_capture_ref is not null",
        )
        .bind(event)
        .bind(now_ms)
        .execute()
        .await?;
    db.query("delete from picture_rows where event_id = $1").bind(event).execute().await?;
    Ok(updated == 1)
}

/// Returns up to `limit` sessions that ended by `until_ms` and that no link refers to any more.
pub async fn past_sessions(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<Vec<SessionId>> {
    let rows: Vec<(SessionId,)> = db
        .query(
            "select id from capture_sessions
         where expires_at <= $1
           and not exists (select 1 from verification_tokens t where t.session_id = capture_sessions.id)
         order by expires_at limit $2",
        )
        .bind(until_ms)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Deletes a session with everything that belongs to it. The audit does not depend on it.
pub async fn discard_session(db: &mut Connection, session: &SessionId) -> sqlx::Result<()> {
    for statement in [
        "delete from upload_chunks where challenge_id in (select id from challenges where session_id = $1)",
        "delete from challenge_cues where challenge_id in (select id from challenges where session_id = $1)",
        "delete from challenges where session_id = $1",
        "delete from handoffs where session_id = $1",
        "delete from capture_sessions where id = $1",
    ] {
        db.query(statement).bind(session).execute().await?;
    }
    Ok(())
}

/// Deletes up to `limit` links that expired by `until_ms`, and returns how many.
pub async fn discard_tokens(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<u64> {
    db.query(
        "delete from verification_tokens where token_hash in (
             select token_hash from verification_tokens where expires_at <= $1 order by expires_at limit $2)",
    )
    .bind(until_ms)
    .bind(i64::from(limit))
    .execute()
    .await
}

/// Returns up to `limit` mails from `until_ms` or earlier that were sent or given up.
pub async fn past_mails(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<Vec<MailId>> {
    let rows: Vec<(MailId,)> = db
        .query(
            "select id from mail_outbox where created_at <= $1 and (sent_at is not null or given_up_at is not null)
         order by created_at limit $2",
        )
        .bind(until_ms)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Deletes a mail.
pub async fn discard_mail(db: &mut Connection, mail: &MailId) -> sqlx::Result<()> {
    db.query("delete from mail_outbox where id = $1").bind(mail).execute().await?;
    Ok(())
}

/// Returns when the oldest known user or event was created. This database knows nothing about older captures.
pub async fn begins_at(db: &mut Connection) -> sqlx::Result<Option<i64>> {
    // Ids sort by time.
    let user: Option<(i64,)> = db.query("select created_at from users order by id limit 1").fetch_optional().await?;
    let event: Option<(i64,)> =
        db.query("select created_at from verification_events order by created_at, id limit 1").fetch_optional().await?;
    Ok(user.into_iter().chain(event).map(|(created_at,)| created_at).min())
}

/// Returns up to `limit` events from `until_ms` or earlier that have a transcript, oldest first.
pub async fn with_record_until(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<Vec<EventId>> {
    let rows: Vec<(EventId,)> = db
        .query(
            "select id from verification_events
             where transcript is not null and created_at <= $1 order by created_at limit $2",
        )
        .bind(until_ms)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Removes an event's transcript and what was asked. Returns whether it had any.
pub async fn remove_record(db: &mut Connection, event: &EventId, now_ms: i64) -> sqlx::Result<bool> {
    let removed = db
        .query(
            "update verification_events set transcript = null, issued = null, record_removed_at = $2
             where id = $1 and transcript is not null",
        )
        .bind(event)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// Deletes the perceptual hashes of up to `limit` events from before `until_ms`, and returns how many rows these were.
pub async fn discard_hashes(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<u64> {
    // Ids sort by time: they begin with it.
    db.query(
        "delete from picture_rows where event_id in (
             select distinct event_id from picture_rows where event_id < $1 order by event_id limit $2)",
    )
    .bind(format!("{:012x}", until_ms.max(0)))
    .bind(i64::from(limit))
    .execute()
    .await
}

/// Deletes up to `limit` addresses that nobody verified, that were last used by `until_ms`, and of which there is
/// nothing else. Returns how many.
pub async fn discard_typed_in(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<u64> {
    db.query(
        "delete from users where id in (
             select id from users
             where status <> 'VERIFIED' and updated_at <= $1
                 and not exists (select 1 from mail_outbox m where m.user_id = users.id)
                 and not exists (select 1 from verification_tokens t where t.user_id = users.id)
                 and not exists (select 1 from capture_sessions s where s.user_id = users.id)
                 and not exists (select 1 from verification_events e where e.email = users.email)
             order by updated_at limit $2)",
    )
    .bind(until_ms)
    .bind(i64::from(limit))
    .execute()
    .await
}

/// Returns up to `limit` users who were not verified, last used by `until_ms`, of whom only events are left.
pub async fn unverified_until(db: &mut Connection, until_ms: i64, limit: u32) -> sqlx::Result<Vec<User>> {
    db.query(
        "select id, email, status from users
         where status <> 'VERIFIED' and updated_at <= $1
             and not exists (select 1 from mail_outbox m where m.user_id = users.id)
             and not exists (select 1 from verification_tokens t where t.user_id = users.id)
             and not exists (select 1 from capture_sessions s where s.user_id = users.id)
         order by updated_at limit $2",
    )
    .bind(until_ms)
    .bind(i64::from(limit))
    .fetch_all()
    .await
}

/// A list of texts, as statements take it.
fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}
