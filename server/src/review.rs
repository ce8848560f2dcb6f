//! An operator's decision about an event: whether the address counts as verified. The event itself does not change.

use serde_json::json;

use crate::audit::{self, Action};
use crate::checks;
use crate::db::events;
use crate::db::reviews::{self, Review};
use crate::db::{Db, LockScope, tokens, users};
use crate::domain::{Decision, EventId, Note, ReviewId, UserStatus};

/// Result of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// The user has this status now.
    Done(UserStatus),
    /// There is no such event.
    Unknown,
    /// Its user was erased, so there is nobody to decide about.
    Erased,
}

/// Decides about an event's user, and records who did it and why.
pub async fn decide(
    db: &Db,
    event: &EventId,
    decision: Decision,
    note: &Note,
    actor: &str,
    now_ms: i64,
) -> sqlx::Result<Reviewed> {
    let mut reading = db.read().await?;
    let Some(event) = events::find(&mut reading, event).await? else { return Ok(Reviewed::Unknown) };
    let Some(user) = users::find(&mut reading, &event.email).await? else { return Ok(Reviewed::Erased) };
    drop(reading);

    let mut tx = db.write(LockScope::User(&user.id)).await?;
    // The user may have been erased before we got the lock.
    if users::find(&mut tx, &event.email).await?.is_none() {
        return Ok(Reviewed::Erased);
    }
    let review = Review {
        id: ReviewId::new(now_ms),
        event_id: event.id.clone(),
        event_at: event.created_at,
        decision,
        note: Some(note.as_str().to_owned()),
        actor: actor.to_owned(),
        created_at: now_ms,
    };
    reviews::insert(&mut tx, &review).await?;
    // Where a site vouched for the mailbox, nobody has shown that the person controls it.
    let concerns_user = checks::reviewed(&mut tx, &event.id, decision, now_ms).await?;
    let status = match decision {
        _ if !concerns_user => user.status,
        Decision::Approve => {
            users::set_verified(&mut tx, &user.id, now_ms).await?;
            // As after an attempt: a verified person no longer needs the link.
            tokens::use_up(&mut tx, &user.id, None, now_ms).await?;
            UserStatus::Verified
        }
        Decision::Decline => {
            users::take_back(&mut tx, &user.id, now_ms).await?;
            UserStatus::Failed
        }
    };
    // Leave the note out: it may name people, and the audit is permanent.
    let figures = json!({ "event": event.id, "decision": decision, "was": user.status, "is": status });
    audit::note(&mut tx, Action::EventReviewed, actor, &figures, now_ms).await?;
    tx.commit().await?;
    Ok(Reviewed::Done(status))
}
