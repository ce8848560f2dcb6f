//! The embedded files: pages, scripts, styles, the engine and its models, and the API description.

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

/// The page of somebody whom a site has sent here. Its token is behind the #, so it reaches no server's log.
pub(super) async fn check_page(headers: HeaderMap) -> Response {
    named("check.html", &headers)
}

/// The page of a phone that takes a check over. Its token is behind the #, too.
pub(super) async fn phone_page(headers: HeaderMap) -> Response {
    named("phone.html", &headers)
}

pub(super) async fn result_page(headers: HeaderMap) -> Response {
    named("result.html", &headers)
}

/// The operators' console. The page itself is public; it loads its data with the key that the operator enters.
pub(super) async fn admin_page(headers: HeaderMap) -> Response {
    named("admin.html", &headers)
}

/// The page behind a mailed link. It changes nothing, because mail scanners open links.
pub(super) async fn verify_page(headers: HeaderMap) -> Response {
    let mut response = uncached("verify.html", headers);
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

pub(super) async fn to_register_page() -> Redirect {
    Redirect::to("/")
}

/// The service worker is served beside the pages, because its scope is its own folder.
pub(super) async fn service_worker(headers: HeaderMap) -> Response {
    named("sw.js", &headers)
}

/// The OpenAPI description. Caches revalidate it.
pub(super) async fn api_description(headers: HeaderMap) -> Response {
    send(embedded::api_description(), &headers)
}

/// A file with a content-addressed path.
pub(super) async fn by_content(uri: Uri, headers: HeaderMap) -> Response {
    named(uri.path().trim_start_matches('/'), &headers)
}

/// Not found: a page for people, an error for programs.
pub(super) async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_api = ["/api/", "/admin/", "/v1/"].iter().any(|folder| uri.path().starts_with(folder));
    if accepted.contains("text/html") && !is_api && embedded::site_file("404.html").is_some() {
        (StatusCode::NOT_FOUND, uncached("404.html", headers)).into_response()
    } else {
        ApiError::NotFound.into_response()
    }
}

pub(super) fn named(path: &str, headers: &HeaderMap) -> Response {
    embedded::site_file(path).map_or_else(|| ApiError::NotFound.into_response(), |file| send(file, headers))
}

/// A file that is always sent in full and must not be cached.
pub(super) fn uncached(path: &str, mut headers: HeaderMap) -> Response {
    headers.remove(header::IF_NONE_MATCH);
    let mut response = named(path, &headers);
    response.headers_mut().remove(header::ETAG);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
