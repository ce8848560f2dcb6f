//! `/v1/webhooks…`: where a site wants to be told.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use url::Url;

use super::access::Caller;
use super::fields::{Fields, invalid};
use super::idempotent::{Repeatable, answered};
use crate::app::App;
use crate::clock;
use crate::db::endpoints::{self, Endpoint};
use crate::db::site_events::{self, SiteEvent};
use crate::db::{LockScope, deliveries, sites};
use crate::domain::{EndpointId, SiteEventId, SiteEventType};
use crate::routes::body::JsonBytes;
use crate::routes::error::ApiError;
use crate::webhooks::{self, Secrets};

/// Prefix of ids of endpoints in the API.
const PREFIX: &str = "whe_";
/// Longest address.
const MAX_URL: usize = 1000;
/// Most endpoints of a site and mode.
const MAX_ENDPOINTS: usize = 16;
/// Deliveries that are shown with an endpoint.
const SHOWN: u32 = 50;

/// The id in the path.
type EndpointPath = Result<Path<String>, PathRejection>;

/// An endpoint, as JSON.
#[derive(Serialize)]
struct EndpointView {
    id: String,
    object: &'static str,
    url: String,
    /// Empty for all.
    types: Vec<String>,
    test: bool,
    /// Only in the answers that make it.
    secret: Option<String>,
    public_key: String,
    created_at: String,
    rotated_at: Option<String>,
    disabled_at: Option<String>,
    disabled_why: Option<String>,
}

impl EndpointView {
    fn of(app: &App, endpoint: Endpoint, with_secret: bool) -> Self {
        let Secrets { symmetric, public } = app.webhooks.keys().secrets(&endpoint);
        Self {
            id: format!("{PREFIX}{}", endpoint.id),
            object: "webhook",
            types: endpoint.types.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            url: endpoint.url,
            test: endpoint.test != 0,
            secret: with_secret.then_some(symmetric),
            public_key: public,
            created_at: clock::rfc3339(endpoint.created_at),
            rotated_at: endpoint.rotated_at.map(clock::rfc3339),
            disabled_at: endpoint.disabled_at.map(clock::rfc3339),
            disabled_why: endpoint.disabled_why,
        }
    }
}

#[derive(Serialize)]
struct Endpoints {
    data: Vec<EndpointView>,
}

pub(in crate::routes) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, ApiError> {
    let found = endpoints::of_site(&mut app.db.read().await?, &caller.site, caller.test).await?;
    let data = found.into_iter().map(|endpoint| EndpointView::of(&app, endpoint, false)).collect();
    Ok(answered(Endpoints { data }))
}

pub(in crate::routes) async fn add(
    State(app): State<App>,
    caller: Caller,
    repeatable: Repeatable,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let mut fields = Fields::of_body(&body)?;
    let site = sites::find(&mut app.db.read().await?, &caller.site).await?;
    let hosts = site.map(|site| site.private_hosts()).unwrap_or_default();
    let is_allowed = |text: &str| Url::parse(text).ok().filter(|url| webhooks::allowed(url, &hosts).is_ok());
    let url = fields.text("url", MAX_URL)?.and_then(|text| is_allowed(&text)).ok_or_else(|| invalid("url"))?;
    let types = fields.list("types")?;
    fields.end()?;
    if types.iter().any(|name| name.parse::<SiteEventType>().is_err()) {
        return Err(invalid("types"));
    }
    let now = clock::now_ms();
    let endpoint = Endpoint {
        id: EndpointId::new(now),
        site_id: caller.site,
        url: url.into(),
        types: if types.is_empty() { String::new() } else { format!(",{},", types.join(",")) },
        test: caller.test.into(),
        generation: 0,
        rotated_at: None,
        created_at: now,
        disabled_at: None,
        disabled_why: None,
    };
    let mut tx = app.db.write(LockScope::Nothing).await?;
    if endpoints::of_site(&mut tx, &endpoint.site_id, caller.test).await?.len() >= MAX_ENDPOINTS {
        return Err(ApiError::TooManyWebhooks);
    }
    endpoints::insert(&mut tx, &endpoint).await?;
    let view = EndpointView::of(&app, endpoint, true);
    repeatable.commit(tx, StatusCode::CREATED, &view).await
}

pub(in crate::routes) async fn remove(
    State(app): State<App>,
    caller: Caller,
    path: EndpointPath,
) -> Result<StatusCode, ApiError> {
    let endpoint = find(&app, &caller, path).await?;
    let mut tx = app.db.write(LockScope::Nothing).await?;
    endpoints::remove(&mut tx, &endpoint.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/rotate`: new secrets. Those from before sign too for a day.
pub(in crate::routes) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    path: EndpointPath,
) -> Result<Response, ApiError> {
    let endpoint = find(&app, &caller, path).await?;
    let mut tx = app.db.write(LockScope::Nothing).await?;
    endpoints::rotate(&mut tx, &endpoint.id, clock::now_ms()).await?;
    let endpoint = endpoints::get(&mut tx, &endpoint.id).await?.ok_or(ApiError::WebhookUnknown)?;
    tx.commit().await?;
    Ok(answered(EndpointView::of(&app, endpoint, true)))
}

#[derive(Serialize)]
struct TestView {
    event: String,
}

/// `POST …/test`: sends an event that says nothing to this endpoint alone.
pub(in crate::routes) async fn test(
    State(app): State<App>,
    caller: Caller,
    path: EndpointPath,
) -> Result<Response, ApiError> {
    let endpoint = find(&app, &caller, path).await?;
    let now = clock::now_ms();
    let event = SiteEvent {
        id: SiteEventId::new(now),
        site_id: caller.site,
        check_id: None,
        kind: SiteEventType::WebhookTest,
        data: serde_json::json!({ "site": endpoint.site_id, "test": caller.test }).to_string(),
        test: caller.test.into(),
        created_at: now,
    };
    let mut tx = app.db.write(LockScope::Nothing).await?;
    site_events::insert(&mut tx, &event).await?;
    deliveries::send(&mut tx, &event.id, &endpoint.id, now).await?;
    tx.commit().await?;
    Ok(answered(TestView { event: webhooks::public_id(&event.id) }))
}

/// An endpoint with its latest deliveries.
#[derive(Serialize)]
pub(in crate::routes) struct EndpointDetail {
    #[serde(flatten)]
    endpoint: EndpointView,
    deliveries: Vec<DeliveryView>,
}

impl EndpointDetail {
    pub(in crate::routes) fn of(app: &App, endpoint: Endpoint, latest: Vec<deliveries::Delivery>) -> Self {
        let deliveries = latest.into_iter().map(DeliveryView::from).collect();
        Self { endpoint: EndpointView::of(app, endpoint, false), deliveries }
    }
}

#[derive(Serialize)]
struct DeliveryView {
    event: String,
    created_at: String,
    state: &'static str,
    tries: u32,
    next_try_at: Option<String>,
    delivered_at: Option<String>,
    last_status: Option<i64>,
    last_error: Option<String>,
}

impl From<deliveries::Delivery> for DeliveryView {
    fn from(delivery: deliveries::Delivery) -> Self {
        let state = match (delivery.delivered_at, delivery.given_up_at) {
            (Some(_), _) => "delivered",
            (None, Some(_)) => "given_up",
            (None, None) => "waiting",
        };
        Self {
            event: webhooks::public_id(&delivery.event_id),
            created_at: clock::rfc3339(delivery.created_at),
            state,
            tries: delivery.tries,
            next_try_at: (state == "waiting").then(|| clock::rfc3339(delivery.next_try_at)),
            delivered_at: delivery.delivered_at.map(clock::rfc3339),
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

pub(in crate::routes) async fn read(
    State(app): State<App>,
    caller: Caller,
    path: EndpointPath,
) -> Result<Response, ApiError> {
    let endpoint = find(&app, &caller, path).await?;
    let shown = deliveries::of_endpoint(&mut app.db.read().await?, &endpoint.id, SHOWN).await?;
    Ok(answered(EndpointDetail::of(&app, endpoint, shown)))
}

/// The endpoint of the path, if it is the caller's.
async fn find(app: &App, caller: &Caller, path: EndpointPath) -> Result<Endpoint, ApiError> {
    let Path(text) = path.map_err(|_| ApiError::WebhookUnknown)?;
    let id = text.strip_prefix(PREFIX).map(EndpointId::from_client).ok_or(ApiError::WebhookUnknown)?;
    let found = endpoints::get(&mut app.db.read().await?, &id).await?;
    let is_callers = |endpoint: &Endpoint| endpoint.site_id == caller.site && endpoint.test == i64::from(caller.test);
    found.filter(is_callers).ok_or(ApiError::WebhookUnknown)
}
