//! Request bodies: read completely, with a timeout and a size limit, and with our own errors.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::app::App;

/// A JSON body; failures are [`ApiError`]s.
pub(super) struct AppJson<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for AppJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        require(request.headers(), "application/json")?;
        let bytes = in_time(app.limits.body_timeout, Bytes::from_request(request, app))
            .await?
            .map_err(|error| too_large(&error))?;
        serde_json::from_slice(&bytes).map(AppJson).map_err(|_| ApiError::BodyMalformed)
    }
}

/// A JSON body that the handler parses; failures are [`ApiError`]s.
pub(super) struct JsonBytes(pub(super) Bytes);

impl FromRequest<App> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        require(request.headers(), "application/json")?;
        let arriving = in_time(app.limits.body_timeout, Bytes::from_request(request, app));
        arriving.await?.map(JsonBytes).map_err(|error| too_large(&error))
    }
}

/// The fields of a form or of a JSON object; `None` if they cannot be read. Failures to receive it are [`ApiError`]s.
pub(super) struct FormOrJson<T>(pub(super) Option<T>);

impl<T: DeserializeOwned> FromRequest<App> for FormOrJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let is_form = media_type(request.headers()) == "application/x-www-form-urlencoded";
        if !is_form {
            require(request.headers(), "application/json")?;
        }
        let arriving = in_time(app.limits.body_timeout, Bytes::from_request(request, app));
        let bytes = arriving.await?.map_err(|error| too_large(&error))?;
        if !is_form {
            return Ok(Self(serde_json::from_slice(&bytes).ok()));
        }
        let mut fields = serde_json::Map::new();
        for (name, value) in url::form_urlencoded::parse(&bytes).into_owned() {
            // As in JSON, a field that is repeated makes the body invalid.
            if fields.insert(name, value.into()).is_some() {
                return Ok(Self(None));
            }
        }
        Ok(Self(serde_json::from_value(fields.into()).ok()))
    }
}

/// A body of plain bytes; failures are [`ApiError`]s.
pub(super) struct AppBytes(pub(super) Bytes);

impl FromRequest<App> for AppBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        require(request.headers(), "application/octet-stream")?;
        let arriving = in_time(app.limits.body_timeout, Bytes::from_request(request, app));
        arriving.await?.map(AppBytes).map_err(|error| too_large(&error))
    }
}

/// Fails with [`ApiError::BodyTooSlow`] if the body does not arrive in time.
async fn in_time<T>(limit: Duration, arriving: impl Future<Output = T>) -> Result<T, ApiError> {
    tokio::time::timeout(limit, arriving).await.map_err(|_| ApiError::BodyTooSlow)
}

/// Rejects bodies of another type, and compressed ones, whose length says nothing about their content.
fn require(headers: &HeaderMap, expected: &str) -> Result<(), ApiError> {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Err(ApiError::ContentEncoding);
    }
    if media_type(headers) == expected { Ok(()) } else { Err(ApiError::ContentType) }
}

/// The content type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn too_large(error: &BytesRejection) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::BodyMalformed,
    }
}
