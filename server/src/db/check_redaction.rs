//! Redacting a check: its address and pictures go, how it ended stays.

use super::Connection;
use super::retention_queries::StoredCaptures;
use super::row::row;
use crate::domain::{CheckId, EventId, UserId};

row! {
    struct CaptureRow {
        id: EventId,
        open_capture_ref: Option<String>,
        closed_capture_ref: Option<String>,
        strip_ref: Option<String>,
    }
}

/// Returns the events of the check's attempts, with the references to what is stored for them.
pub async fn events_of(db: &mut Connection, check: &CheckId) -> sqlx::Result<Vec<StoredCaptures>> {
    let rows: Vec<CaptureRow> = db
        .query(
            "select e.id, e.open_capture_ref, e.closed_capture_ref, e.strip_ref
             from check_attempts a join verification_events e on e.challenge_id = a.challenge_id
             where a.check_id = $1 order by e.id",
        )
        .bind(check)
        .fetch_all()
        .await?;
    let of = |CaptureRow { id, open_capture_ref, closed_capture_ref, strip_ref }| StoredCaptures {
        event: id,
        refs: [open_capture_ref, closed_capture_ref, strip_ref].into_iter().flatten().collect(),
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Puts a pseudonym in the place of the person in one event, as [`erasure`](super::erasure) does in all of a user.
pub async fn erase_event(db: &mut Connection, event: &EventId, pseudonym: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query("update reviews set note = null where event_id = $1").bind(event).execute().await?;
    db.query(
        "update verification_events
         set email = $2, transcript = null, issued = null, review = null, trail_salt = null,
             details = '{\"erased\":true}',
             captures_removed_at = case when open_capture_ref is null then captures_removed_at else $3 end,
             open_capture_ref = null, closed_capture_ref = null, strip_ref = null
         where id = $1",
    )
    .bind(event)
    .bind(pseudonym)
    .bind(now_ms)
    .execute()
    .await?;
    db.query("delete from picture_rows where event_id = $1").bind(event).execute().await?;
    Ok(())
}

/// Takes everything that may name the person out of the check, and cuts it off from its mailbox. Returns whether this
/// had not been done before.
pub async fn blank(db: &mut Connection, check: &CheckId, now_ms: i64) -> sqlx::Result<bool> {
    for statement in [
        "delete from verification_tokens where check_id = $1",
        "delete from verification_tokens where session_id in (select id from capture_sessions where check_id = $1)",
        "update mail_outbox set given_up_at = created_at where check_id = $1 and sent_at is null and given_up_at is null",
        "delete from upload_chunks where challenge_id in (
             select id from challenges where session_id in (select id from capture_sessions where check_id = $1))",
        "delete from challenge_cues where challenge_id in (
             select id from challenges where session_id in (select id from capture_sessions where check_id = $1))",
        "delete from challenges where session_id in (select id from capture_sessions where check_id = $1)",
        "delete from handoffs where session_id in (select id from capture_sessions where check_id = $1)",
        "delete from capture_sessions where check_id = $1",
    ] {
        db.query(statement).bind(check).execute().await?;
    }
    let blanked = db
        .query(
            "update checks set user_id = null, session_id = null, state = null, metadata = '{}', return_url = null,
             alternative_url = null, client_token_hash = null, redacted_at = $2
         where id = $1 and redacted_at is null",
        )
        .bind(check)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(blanked == 1)
}

/// Whether anything but redacted checks still needs this user: another check, an attempt, or the register page.
pub async fn is_needed(db: &mut Connection, user: &UserId) -> sqlx::Result<bool> {
    let (needs,): (i64,) = db
        .query(
            "select (select count(*) from checks where user_id = $1)
                 + (select count(*) from verification_events e join users u on u.email = e.email where u.id = $1)
                 + (select count(*) from mail_outbox where user_id = $1 and check_id is null)
                 + (select count(*) from verification_tokens where user_id = $1 and check_id is null) as needs",
        )
        .bind(user)
        .fetch_one()
        .await?;
    Ok(needs > 0)
}
