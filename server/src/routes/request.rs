//! Wraps every request: assigns an id, logs one line, writes error bodies. Logs the route, never the path or query,
//! which may contain a token, and the method from a closed list.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::error::{self, ApiError};
use crate::domain::EventId;
use crate::{clock, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost middleware.
pub(super) async fn trace(request: Request, next: Next) -> Response {
    // Any sortable random id works.
    let id = EventId::new(clock::now_ms()).to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let (method, matched) = (metrics::method(request.method()), route.clone());
    let span = tracing::info_span!("request", %id, method, route);
    let start = Instant::now();
    let handled = async {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<ApiError>() {
            response = with_headers_of(response, error::render(&problem, &id));
        }
        let (status, took) = (response.status().as_u16(), start.elapsed());
        metrics::request(method, &matched, status, took);
        tracing::info!(status, duration_ms = took.as_millis() as u64, "answered");
        response
    };
    let mut response = handled.instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Copies the headers that inner layers set to the rendered error.
fn with_headers_of(bare: Response, mut rendered: Response) -> Response {
    for (name, value) in bare.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    rendered
}
