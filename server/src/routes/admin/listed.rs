//! An event as operators see it: in lists, on its own, and as a CSV row.

use serde::Serialize;
use serde_json::Value;

use crate::clock;
use crate::db::events::Event;
use crate::db::listing::Listed;
use crate::domain::{Decision, ReviewState};

/// An event, as JSON.
#[derive(Serialize)]
pub(super) struct EventView {
    id: String,
    email: String,
    status: String,
    reason: Option<String>,
    open_captured: bool,
    closed_captured: bool,
    open_capture_ref: Option<String>,
    closed_capture_ref: Option<String>,
    strip_ref: Option<String>,
    captures_removed_at: Option<String>,
    created_at: String,
    attempt: u32,
    challenge_id: String,
    thresholds: String,
    engine: String,
    details: Value,
    review: Value,
    review_state: Option<ReviewState>,
    handoff: String,
}

/// The CSV header. New columns are appended at the end.
pub(super) const HEADER: [&str; 19] = [
    "id",
    "email",
    "status",
    "reason",
    "open_captured",
    "closed_captured",
    "open_capture_ref",
    "closed_capture_ref",
    "created_at",
    "attempt",
    "challenge_id",
    "thresholds",
    "engine",
    "details",
    "review",
    "strip_ref",
    "captures_removed_at",
    "review_state",
    "handoff",
];

impl From<Listed> for EventView {
    fn from(event: Listed) -> Self {
        let (review_state, details) = (event.review_state(), record(event.details));
        Self {
            id: event.id.to_string(),
            email: event.email,
            status: event.status,
            reason: event.reason,
            open_captured: event.open_captured != 0,
            closed_captured: event.open_captured != 0,
            open_capture_ref: event.open_capture_ref,
            closed_capture_ref: event.closed_capture_ref,
            strip_ref: event.strip_ref,
            captures_removed_at: event.captures_removed_at.map(clock::rfc3339),
            created_at: clock::rfc3339(event.created_at),
            attempt: event.attempt,
            challenge_id: event.challenge_id.to_string(),
            thresholds: event.thresholds,
            engine: event.engine,
            handoff: handoff(&details),
            details,
            review: event.review.and_then(|review| serde_json::from_str(&review).ok()).unwrap_or_default(),
            review_state,
        }
    }
}

impl EventView {
    /// One event, with the last decision of an operator.
    pub(super) fn of(event: &Event, decision: Option<Decision>) -> Self {
        Self::from(Listed {
            id: event.id.clone(),
            email: event.email.clone(),
            status: event.status.clone(),
            reason: event.reason.clone(),
            open_captured: event.open_captured,
            open_capture_ref: event.open_capture_ref.clone(),
            closed_capture_ref: event.closed_capture_ref.clone(),
            strip_ref: event.strip_ref.clone(),
            captures_removed_at: event.captures_removed_at,
            created_at: event.created_at,
            attempt: event.attempt,
            challenge_id: event.challenge_id.clone(),
            thresholds: event.thresholds.clone(),
            engine: event.engine.clone(),
            details: event.details.clone(),
            review: event.review.clone(),
            decision,
        })
    }
}

/// A record as JSON; a damaged one as a string.
pub(super) fn record(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// How the check came to the device, if another one handed it over, as its record says.
fn handoff(record: &Value) -> String {
    record["handoff"].as_str().unwrap_or_default().to_owned()
}

/// A CSV row.
pub(super) fn row(event: Listed) -> [String; 19] {
    let review_state = event.review_state().map_or("", ReviewState::name);
    let captured = event.open_captured != 0;
    let handoff = handoff(&record(event.details.clone()));
    [
        event.id.to_string(),
        event.email,
        event.status,
        event.reason.unwrap_or_default(),
        captured.to_string(),
        captured.to_string(),
        event.open_capture_ref.unwrap_or_default(),
        event.closed_capture_ref.unwrap_or_default(),
        clock::rfc3339(event.created_at),
        event.attempt.to_string(),
        event.challenge_id.to_string(),
        event.thresholds,
        event.engine,
        event.details,
        event.review.unwrap_or_default(),
        event.strip_ref.unwrap_or_default(),
        event.captures_removed_at.map(clock::rfc3339).unwrap_or_default(),
        review_state.to_owned(),
        handoff,
    ]
}
