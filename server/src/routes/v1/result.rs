//! `GET /v1/checks/{id}/result`: what a check found, signed.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::access::Caller;
use super::actions::find;
use crate::app::App;
use crate::clock;
use crate::db::checks::Check;
use crate::results::{self, Claims};
use crate::routes::error::ApiError;

pub(in crate::routes) async fn result(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let check = find(&app, &caller, path).await?;
    let token = signed_result(&app, &check).await?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], token).into_response())
}

/// What the check found, signed now. Refused while it goes on.
pub(in crate::routes) async fn signed_result(app: &App, check: &Check) -> Result<String, ApiError> {
    if check.status.is_going_on() {
        return Err(ApiError::NotFinal);
    }
    let now = clock::now_ms();
    let claims = Claims::of(check, app.base_url.as_str(), now);
    let signed = results::sign(&mut app.db.read().await?, &app.signing_keys, &claims, now).await;
    signed.map_err(|error| ApiError::Unavailable(error.to_string()))
}
