//! Queries of the sweep: which captures events name, and which rows have been kept long enough.

use super::row::row;
use super::{Connection, Statement};
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

/// Returns the references to an event's captures; empty if there is no such event or it has none.
pub async fn by_event(db: &mut Connection, event: &EventId) -> sqlx::Result<Vec<String>> {
    let row: Option<CaptureRow> = db
        .query(
            "select id, open_capture_ref, closed_capture_ref, strip_ref from verification_events
         where id = $1 and open_capture_ref is not null",
        )
        .bind(event)
        .fetch_optional()
        .await?;
    Ok(row.map(|row| row.stored_captures().refs).unwrap_or_default())
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
        "delete from capture_sessions where id = $1",
    ] {
        db.query(statement).bind(session).execute().await?;
    }
    Ok(())
}

/// Deletes links that expired by `until_ms`, and returns how many.
pub async fn discard_tokens(db: &mut Connection, until_ms: i64) -> sqlx::Result<u64> {
    db.query("delete from verification_tokens where expires_at <= $1").bind(until_ms).execute().await
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

/// Returns when the oldest known user was created. This database knows nothing about older captures.
pub async fn begins_at(db: &mut Connection) -> sqlx::Result<Option<i64>> {
    // Ids sort by time.
    let first: Option<(i64,)> = db.query("select created_at from users order by id limit 1").fetch_optional().await?;
    Ok(first.map(|(created_at,)| created_at))
}
