//! Operators' decisions about events. Rows are added; the events themselves do not change.

use super::Connection;
use super::row::row;
use crate::domain::{Decision, EventId, ReviewId};

row! {
    /// A decision about an event.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Review {
        /// The row's id.
        pub id: ReviewId,
        /// The event.
        pub event_id: EventId,
        /// When the event ended.
        pub event_at: i64,
        /// The decision.
        pub decision: Decision,
        /// The reason; `None` once the user is erased.
        pub note: Option<String>,
        /// Who decided.
        pub actor: String,
        /// When it was decided.
        pub created_at: i64,
    }
}

/// Adds a decision, which replaces earlier ones. The caller must hold the lock on the event's user.
pub async fn insert(db: &mut Connection, review: &Review) -> sqlx::Result<()> {
    db.query("update reviews set is_last = 0 where event_id = $1 and is_last = 1")
        .bind(&review.event_id)
        .execute()
        .await?;
    db.query(
        "insert into reviews (id, event_id, event_at, decision, note, actor, created_at, is_last)
         values ($1, $2, $3, $4, $5, $6, $7, 1)",
    )
    .bind(&review.id)
    .bind(&review.event_id)
    .bind(review.event_at)
    .bind(review.decision)
    .bind(&review.note)
    .bind(&review.actor)
    .bind(review.created_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the event's reviews, oldest first.
pub async fn of_event(db: &mut Connection, event: &EventId) -> sqlx::Result<Vec<Review>> {
    db.query(
        "select id, event_id, event_at, decision, note, actor, created_at from reviews
         where event_id = $1 order by created_at, id",
    )
    .bind(event)
    .fetch_all()
    .await
}
