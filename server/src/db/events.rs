//! Verification events: one row per attempt that ended. This file only adds and reads rows. `retention_queries.rs`
//! removes captures and `erasure.rs` personal data; `listing.rs` lists events.

use serde::Deserialize;

use super::Connection;
use super::row::row;
use crate::domain::{ChallengeId, EventId};

row! {
    /// An attempt that ended.
    #[derive(Clone, Debug, Deserialize)]
    pub struct Event {
        /// The row's id.
        pub id: EventId,
        /// The user's address in plain text, or a pseudonym.
        pub email: String,
        /// `VERIFIED` or `FAILED`.
        pub status: String,
        /// The reason's code, `None` when verified.
        pub reason: Option<String>,
        /// Whether captures were scored, stored or not: 0 or 1.
        pub open_captured: i64,
        /// When stored captures were removed.
        pub captures_removed_at: Option<i64>,
        /// Reference to the capture with open eyes.
        pub open_capture_ref: Option<String>,
        /// Reference to the capture with closed eyes.
        pub closed_capture_ref: Option<String>,
        /// Reference to the evidence strip.
        pub strip_ref: Option<String>,
        /// The signed transcript.
        pub transcript: Option<String>,
        /// The challenge's terms and what the server saw of it, JSON ([`engine::Issued`]).
        pub issued: Option<String>,
        /// When the attempt ended.
        pub created_at: i64,
        /// The challenge.
        pub challenge_id: ChallengeId,
        /// The kind of challenge.
        pub policy: String,
        /// Number of the attempt within its session, from 1.
        pub attempt: u32 as i64,
        /// Name of the thresholds.
        pub thresholds: String,
        /// Version of the engine that decided.
        pub engine: String,
        /// The decision's record, JSON.
        pub details: String,
        /// Why an operator should look at it, JSON.
        pub review: Option<String>,
        /// When the transcript and the terms were removed because they had been kept long enough.
        pub record_removed_at: Option<i64>,
        /// Salt that keeps `trail_personal` from identifying the person; `None` once the row is erased.
        pub trail_salt: Option<String>,
        /// Digest of everything that is erased with the person (`trail/mod.rs`).
        pub trail_personal: Option<String>,
    }
}

/// Adds a row.
pub async fn insert(db: &mut Connection, event: &Event) -> sqlx::Result<()> {
    db.query(
        "insert into verification_events (id, email, status, reason, open_captured, closed_captured, open_capture_ref,
             closed_capture_ref, created_at, challenge_id, attempt, thresholds, engine, details, policy, strip_ref,
             transcript, issued, review, trail_salt,
             trail_personal)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind(&event.id)
    .bind(&event.email)
    .bind(&event.status)
    .bind(&event.reason)
    .bind(event.open_captured)
    .bind(event.open_captured)
    .bind(&event.open_capture_ref)
    .bind(&event.closed_capture_ref)
    .bind(event.created_at)
    .bind(&event.challenge_id)
    .bind(i64::from(event.attempt))
    .bind(&event.thresholds)
    .bind(&event.engine)
    .bind(&event.details)
    .bind(&event.policy)
    .bind(&event.strip_ref)
    .bind(&event.transcript)
    .bind(&event.issued)
    .bind(&event.review)
    .bind(&event.trail_salt)
    .bind(&event.trail_personal)
    .execute()
    .await?;
    Ok(())
}

/// Stores salt and digest of a row that is older than the trail.
pub async fn salt(db: &mut Connection, event: &Event) -> sqlx::Result<()> {
    db.query("update verification_events set trail_salt = $2, trail_personal = $3 where id = $1")
        .bind(&event.id)
        .bind(&event.trail_salt)
        .bind(&event.trail_personal)
        .execute()
        .await?;
    Ok(())
}

/// Returns the row with this id.
pub async fn find(db: &mut Connection, id: &EventId) -> sqlx::Result<Option<Event>> {
    db.query(
        "select id, email, status, reason, open_capture_ref, closed_capture_ref, created_at, challenge_id, attempt,
             thresholds, engine, details, policy, strip_ref, transcript, issued, review, open_captured,
             captures_removed_at, record_removed_at, trail_salt, trail_personal
         from verification_events where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}
