//! Pages, scripts, styles, the engine and its models: all inside the program.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::ApiError;
use super::send_file::send;
use crate::embedded;

pub(super) async fn register_page(headers: HeaderMap) -> Response {
    named("index.html", &headers)
}

pub(super) async fn check_mail_page(headers: HeaderMap) -> Response {
    named("check-mail.html", &headers)
}

pub(super) async fn camera_page(headers: HeaderMap) -> Response {
    named("camera.html", &headers)
}

pub(super) async fn result_page(headers: HeaderMap) -> Response {
    named("result.html", &headers)
}

/// The page behind a mailed link. Looks at nothing but its own file: mail scanners open links.
pub(super) async fn verify_page(headers: HeaderMap) -> Response {
    let mut asked = HeaderMap::new();
    if let Some(encodings) = headers.get(header::ACCEPT_ENCODING) {
        asked.insert(header::ACCEPT_ENCODING, encodings.clone());
    }
    let mut response = named("verify.html", &asked);
    let headers = response.headers_mut();
    headers.remove(header::ETAG);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

pub(super) async fn to_register_page() -> Redirect {
    Redirect::to("/")
}

/// The service worker lies beside the pages: it may serve what lies below it, and no more.
pub(super) async fn service_worker(headers: HeaderMap) -> Response {
    named("sw.js", &headers)
}

/// A file whose address names its content.
pub(super) async fn by_content(uri: Uri, headers: HeaderMap) -> Response {
    named(uri.path().trim_start_matches('/'), &headers)
}

/// Nothing there: a page for people, an error for programs.
pub(super) async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_api = uri.path().starts_with("/api/") || uri.path().starts_with("/admin/");
    match embedded::site_file("404.html") {
        Some(page) if accepted.contains("text/html") && !is_api => {
            let html = HeaderValue::from_static(page.content_type);
            (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, html)], page.plain).into_response()
        }
        _ => ApiError::NotFound.into_response(),
    }
}

fn named(path: &str, headers: &HeaderMap) -> Response {
    embedded::site_file(path).map_or_else(|| ApiError::NotFound.into_response(), |file| send(file, headers))
}
