//! `/.well-known/…`: what sites need to know to verify results by themselves. The same for everybody.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::prompt::Policy;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::app::App;
use crate::results;

/// Shorter than a new key is published before it signs.
const CACHED: &str = "public, max-age=300";

/// `GET /.well-known/jwks.json`: the keys that sign results.
pub(super) async fn jwks(State(app): State<App>) -> Result<Response, ApiError> {
    let keys = results::jwks(&mut app.db.read().await?).await?;
    Ok(cached(&keys))
}

/// `GET /.well-known/blinkgate`: what this server is and can do.
pub(super) async fn about(State(app): State<App>) -> Response {
    let base = app.base_url.as_str();
    let policies: Vec<&str> = [Some(app.limits.policy), app.limits.allow_tone_guided.then_some(Policy::ToneGuided)]
        .into_iter()
        .flatten()
        .map(Policy::name)
        .collect();
    cached(&json!({
        "issuer": base,
        "version": env!("CARGO_PKG_VERSION"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "openapi": format!("{base}/api/openapi.json"),
        "element": format!("{base}/embed/v1/blink-check.js"),
        "result_signing_alg_values_supported": ["EdDSA"],
        "gates": ["link", "code", "site"],
        "policies": policies,
        "max_attempts": app.limits.max_attempts,
    }))
}

fn cached(answer: &Value) -> Response {
    ([(header::CACHE_CONTROL, CACHED)], Json(answer)).into_response()
}
