//! `/v1/events…`: what happened to a site's checks, for those who would rather ask than be told, and telling again.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::access::Caller;
use super::fields::Fields;
use super::idempotent::answered;
use crate::app::App;
use crate::clock;
use crate::db::site_events::{self, SiteEvent};
use crate::db::{LockScope, deliveries, endpoints};
use crate::domain::SiteEventId;
use crate::routes::error::ApiError;
use crate::webhooks;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
/// Events are listed this long after they happened: until then, one with an earlier id may still be written.
const SETTLED_MS: i64 = 2000;

/// An event, as JSON.
#[derive(Serialize)]
struct EventView {
    id: String,
    r#type: &'static str,
    timestamp: String,
    data: Value,
}

impl From<SiteEvent> for EventView {
    fn from(event: SiteEvent) -> Self {
        Self {
            id: webhooks::public_id(&event.id),
            r#type: event.kind.name(),
            timestamp: clock::rfc3339(event.created_at),
            data: serde_json::from_str(&event.data).unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
struct Page {
    data: Vec<EventView>,
    /// Pass it as `after` to get the next page, now or later; `None` if there is nothing yet.
    next: Option<String>,
}

/// `GET /v1/events`: oldest first, after the one named in `after`.
pub(in crate::routes) async fn list(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut fields = Fields::of_query(query.as_deref())?;
    let is_limit = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let limit = fields.parsed("limit", is_limit)?.unwrap_or(DEFAULT_LIMIT);
    let after = fields.parsed("after", webhooks::parse_id)?;
    fields.end()?;
    let after = after.as_ref().map_or("", SiteEventId::as_str);
    let until = clock::now_ms() - SETTLED_MS;
    let mut db = app.db.read().await?;
    let found = site_events::after(&mut db, &caller.site, caller.test, (after, until), limit).await?;
    let last = found.last().map(|event| webhooks::public_id(&event.id));
    let next = last.or_else(|| (!after.is_empty()).then(|| format!("evt_{after}")));
    Ok(answered(Page { data: found.into_iter().map(EventView::from).collect(), next }))
}

#[derive(Serialize)]
struct Resent {
    endpoints: usize,
}

/// `POST /v1/events/{id}/deliver`: sends an event again, to every endpoint of the site that is told anything.
pub(in crate::routes) async fn deliver(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(text) = path.map_err(|_| ApiError::EventUnknown)?;
    let id = webhooks::parse_id(&text).ok_or(ApiError::EventUnknown)?;
    let mut tx = app.db.write(LockScope::Nothing).await?;
    let event = site_events::get(&mut tx, &id).await?;
    let is_callers = |event: &SiteEvent| event.site_id == caller.site && event.test == i64::from(caller.test);
    let event = event.filter(is_callers).ok_or(ApiError::EventUnknown)?;
    let mut told = endpoints::of_site(&mut tx, &caller.site, caller.test).await?;
    told.retain(|endpoint| endpoint.disabled_at.is_none());
    for endpoint in &told {
        deliveries::send(&mut tx, &event.id, &endpoint.id, clock::now_ms()).await?;
    }
    tx.commit().await?;
    Ok(answered(Resent { endpoints: told.len() }))
}
