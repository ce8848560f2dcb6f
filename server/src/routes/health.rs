//! `GET /health`: the process is running. `GET /ready`: so is everything it needs. `GET /metrics`: counters and gauges.

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

/// How long an answer of `/ready` is cached, so that asking often costs nothing.
const READY_CACHE_TTL: Duration = Duration::from_secs(2);

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    // Concurrent requests wait for the same answer.
    let mut cached = app.readiness.lock().await;
    let readiness = match &*cached {
        Some((at, readiness)) if at.elapsed() < READY_CACHE_TTL => *readiness,
        _ => {
            let readiness = {
                let place = app.checkpoints.as_ref().map(|place| place.id.as_str());
                readiness::check(&app.db, &app.captures, &app.scoring, place, clock::now_ms()).await
            };
            *cached = Some((Instant::now(), readiness));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

pub(super) async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    readiness::measure(&app.db, &app.scoring, clock::now_ms()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render()))
}
