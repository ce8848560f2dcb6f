//! Writes errors: as in RFC 9457, with the request's id.

use std::any::Any;
use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::ApiError;

/// The error body, as in RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'static str,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    request_id: &'a str,
}

impl IntoResponse for ApiError {
    /// Only the status, with the error as an extension; the outermost middleware knows the request's id and writes the
    /// body.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the error's body and headers. Logs it if it is a fault of ours.
pub(in crate::routes) fn render(error: &ApiError, request_id: &str) -> Response {
    let status = error.status();
    if let Some(cause) = error.cause() {
        tracing::error!(code = error.code(), cause, "request failed");
    }
    let title = status.canonical_reason().unwrap_or("Error");
    let (code, detail, parameter) = (error.code(), error.detail(), error.parameter());
    let status_code = status.as_u16();
    let problem = Problem { r#type: "about:blank", title, status: status_code, code, detail, parameter, request_id };
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 11.6.1. Browsers ask nobody for a password because of it.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = error.retry_after_s() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The response for a handler that panicked. The panic itself was already logged.
pub(in crate::routes) fn from_panic(_: Box<dyn Any + Send>) -> Response {
    ApiError::Internal("a handler panicked".to_owned()).into_response()
}
