//! `GET /admin/events`, `/admin/events.csv`, `/admin/captures/…` and `/admin/audit`: what was decided, the pictures that it rests
//! on, and what operators did, for who holds the admin key.

use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};

use super::client::Client;
use super::error::ApiError;
use crate::app::App;
use crate::audit;
use crate::captures::{self, Found};
use crate::clock;
use crate::csv_export;
use crate::db::events::{self, Event};
use crate::db::{self, Hold};
use crate::domain::HashedToken;
use crate::rate::Limit;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
/// Names under which people put keys into addresses.
const KEY_NAMES: [&str; 4] = ["key", "token", "api_key", "admin_key"];

/// Proof that the request carried the admin key, with the number of events asked for.
pub(super) struct Admin {
    limit: u32,
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let client = Client::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or_default();
        if pairs(query).any(|(name, _)| KEY_NAMES.contains(&name.to_ascii_lowercase().as_str())) {
            tracing::warn!("an admin key came in an address; take it as exposed and change it");
            return Err(ApiError::AdminKeyInQuery);
        }
        let presented = presented_key(&parts.headers).ok_or(ApiError::AdminKeyMissing)?;
        app.rate.peek(Limit::BadAdminKey, client.as_str(), Instant::now())?;
        if !presented.matches(&app.admin_key) {
            app.rate.take(Limit::BadAdminKey, client.as_str(), Instant::now())?;
            return Err(ApiError::AdminKeyWrong);
        }
        Ok(Self { limit: limit(query)? })
    }
}

/// One event as it is listed.
#[derive(Serialize)]
struct Listed {
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
}

#[derive(Serialize)]
pub(super) struct Listing {
    events: Vec<Listed>,
}

pub(super) async fn events(State(app): State<App>, admin: Admin) -> Result<Json<Listing>, ApiError> {
    let mut db = app.db.read().await?;
    let events = events::list_newest(&mut db, admin.limit).await?;
    Ok(Json(Listing { events: events.into_iter().map(Listed::from).collect() }))
}

pub(super) async fn events_csv(State(app): State<App>, admin: Admin) -> Result<impl IntoResponse, ApiError> {
    const HEADER: [&str; 17] = [
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
    ];
    let mut db = app.db.read().await?;
    let events = events::list_newest(&mut db, admin.limit).await?;
    let csv = csv_export::write(HEADER, events.into_iter().map(|event| row(event.into())))
        .map_err(|error| ApiError::Internal(format!("csv: {error}")))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"events.csv\""),
    ];
    Ok((headers, csv))
}

/// One picture, by the reference under which events name it, wherever it is kept. Looking at it is written down.
pub(super) async fn capture(
    State(app): State<App>,
    _: Admin,
    path: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Path(path) = path.map_err(|_| ApiError::NotFound)?;
    let reference = format!("captures/{path}");
    let event = captures::event_of(&reference).ok_or(ApiError::NotFound)?;
    let event = events::find(&mut app.db.read().await?, &event).await?.ok_or(ApiError::NotFound)?;
    if ![&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref].contains(&&Some(reference.clone())) {
        return Err(if event.captures_removed_at.is_some() { ApiError::CaptureGone } else { ApiError::NotFound });
    }
    let Found::Picture(picture) = app.captures.read(&reference).await? else { return Err(ApiError::CaptureGone) };
    let now = clock::now_ms();
    let mut tx = app.db.write(Hold::Nothing).await?;
    let figures = json!({ "event": event.id, "reference": reference });
    audit::note(&mut tx, audit::Action::CaptureViewed, "the admin key", &figures, now).await?;
    tx.commit().await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], picture))
}

/// What operators did, and what was removed when its time was over.
#[derive(Serialize)]
pub(super) struct AuditListing {
    entries: Vec<AuditEntry>,
}

#[derive(Serialize)]
struct AuditEntry {
    id: String,
    created_at: String,
    action: String,
    actor: String,
    details: Value,
}

pub(super) async fn audit_entries(State(app): State<App>, admin: Admin) -> Result<Json<AuditListing>, ApiError> {
    let entries = db::audit::list_newest(&mut app.db.read().await?, admin.limit).await?;
    let entry = |entry: db::audit::Entry| AuditEntry {
        id: entry.id.to_string(),
        created_at: clock::rfc3339(entry.created_at),
        action: entry.action,
        actor: entry.actor,
        details: serde_json::from_str(&entry.details).unwrap_or(Value::String(entry.details)),
    };
    Ok(Json(AuditListing { entries: entries.into_iter().map(entry).collect() }))
}

impl From<Event> for Listed {
    fn from(event: Event) -> Self {
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
            details: serde_json::from_str(&event.details).unwrap_or(Value::String(event.details)),
            review: event.review.and_then(|review| serde_json::from_str(&review).ok()).unwrap_or_default(),
        }
    }
}

fn row(event: Listed) -> [String; 17] {
    [
        event.id,
        event.email,
        event.status,
        event.reason.unwrap_or_default(),
        event.open_captured.to_string(),
        event.closed_captured.to_string(),
        event.open_capture_ref.unwrap_or_default(),
        event.closed_capture_ref.unwrap_or_default(),
        event.created_at,
        event.attempt.to_string(),
        event.challenge_id,
        event.thresholds,
        event.engine,
        event.details.to_string(),
        if event.review.is_null() { String::new() } else { event.review.to_string() },
        event.strip_ref.unwrap_or_default(),
        event.captures_removed_at.unwrap_or_default(),
    ]
}

fn presented_key(headers: &HeaderMap) -> Option<HashedToken> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    text("x-admin-key").or_else(bearer).map(|key| HashedToken::of(key.trim()))
}

fn limit(query: &str) -> Result<u32, ApiError> {
    match pairs(query).find(|(name, _)| name == "limit") {
        None => Ok(DEFAULT_LIMIT),
        Some((_, text)) => {
            text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or(ApiError::LimitInvalid)
        }
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned()
}
