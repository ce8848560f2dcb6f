//! `GET /admin/events` and `/admin/events.csv`: the audit, for who holds the admin key.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::Value;

use super::client::Client;
use super::error::ApiError;
use crate::app::App;
use crate::clock;
use crate::csv_export;
use crate::db::events::{self, Event};
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
    const HEADER: [&str; 15] = [
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

impl From<Event> for Listed {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            email: event.email,
            status: event.status,
            reason: event.reason,
            open_captured: event.open_capture_ref.is_some(),
            closed_captured: event.closed_capture_ref.is_some(),
            open_capture_ref: event.open_capture_ref,
            closed_capture_ref: event.closed_capture_ref,
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

fn row(event: Listed) -> [String; 15] {
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
