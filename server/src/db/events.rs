//! The audit: one row per attempt that ended. Rows are added; what is taken from them later (captures whose time is over, users
//! who are erased) stands in `kept.rs` and `erasure.rs`; how they are looked up, in `listing.rs`.

use serde::Deserialize;

use super::Connection;
use crate::domain::{ChallengeId, EventId};

/// An attempt that ended.
#[derive(Clone, Debug, Deserialize, sqlx::FromRow)]
pub struct Event {
    /// The row's id.
    pub id: EventId,
    /// The user's address, in clear: this is what an audit is about.
    pub email: String,
    /// `VERIFIED` or `FAILED`.
    pub status: String,
    /// The reason's code, `None` when verified.
    pub reason: Option<String>,
    /// Whether captures were scored, kept or not: 0 or 1.
    pub open_captured: i64,
    /// When captures that were kept were removed.
    pub captures_removed_at: Option<i64>,
    /// Where the capture with open eyes is kept.
    pub open_capture_ref: Option<String>,
    /// Where the capture with closed eyes is kept.
    pub closed_capture_ref: Option<String>,
    /// Where the evidence strip is kept.
    pub strip_ref: Option<String>,
    /// The signed transcript.
    pub transcript: Option<String>,
    /// What was laid down for the challenge and seen of it, JSON ([`engine::Issued`]).
    pub issued: Option<String>,
    /// When it ended.
    pub created_at: i64,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// How the challenge was put.
    pub policy: String,
    /// Which attempt of the session it was, from 1.
    #[sqlx(try_from = "i64")]
    pub attempt: u32,
    /// Name of the thresholds that were used.
    pub thresholds: String,
    /// Version of the engine that decided.
    pub engine: String,
    /// The decision's record, JSON.
    pub details: String,
    /// Why somebody should look at it, JSON.
    pub review: Option<String>,
    /// Keeps `trail_personal` from telling whose it is; `None` once the row is erased.
    pub trail_salt: Option<String>,
    /// Digest of all that is erased with the person (`trail/mod.rs`).
    pub trail_personal: Option<String>,
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

/// Keeps salt and digest of a row from before the trail.
pub async fn salt(db: &mut Connection, event: &Event) -> sqlx::Result<()> {
    db.query("update verification_events set trail_salt = $2, trail_personal = $3 where id = $1")
        .bind(&event.id)
        .bind(&event.trail_salt)
        .bind(&event.trail_personal)
        .execute()
        .await?;
    Ok(())
}

/// Returns the row of this id.
pub async fn find(db: &mut Connection, id: &EventId) -> sqlx::Result<Option<Event>> {
    db.query(
        "select id, email, status, reason, open_capture_ref, closed_capture_ref, created_at, challenge_id, attempt,
             thresholds, engine, details, policy, strip_ref, transcript, issued, review, open_captured,
             captures_removed_at, trail_salt, trail_personal
         from verification_events where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}
