//! `GET /health`: the process runs. `GET /ready`: so does all that it needs. `GET /metrics`: what was counted.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::error::ApiError;
use crate::app::App;
use crate::readiness::{self, Readiness};
use crate::{clock, metrics};

/// So long an answer of `/ready` is given again: asking costs nothing, however often it is done.
const READY_HOLDS: Duration = Duration::from_secs(2);

/// The answer.
#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    // Who comes meanwhile waits for the same answer.
    let mut held = app.readiness.lock().await;
    let readiness = match &*held {
        Some((at, readiness)) if at.elapsed() < READY_HOLDS => *readiness,
        _ => {
            let readiness = readiness::look(&app, clock::now_ms()).await;
            *held = Some((Instant::now(), readiness));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

pub(super) async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    readiness::measure(&app, clock::now_ms()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render()))
}
