//! Pages, scripts, styles, the WASM package and the models: all inside the program, sent with a strong tag so that a
//! browser asks once and then only whether it still holds.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::ApiError;
use crate::embedded::{self, Embedded};

pub(super) async fn register_page(headers: HeaderMap) -> Response {
    page("index.html", &headers)
}

pub(super) async fn check_mail_page(headers: HeaderMap) -> Response {
    page("check-mail.html", &headers)
}

pub(super) async fn camera_page(headers: HeaderMap) -> Response {
    page("camera.html", &headers)
}

pub(super) async fn result_page(headers: HeaderMap) -> Response {
    page("result.html", &headers)
}

/// The page behind a mailed link. Looks at nothing but its own file: mail scanners open links.
pub(super) async fn verify_page() -> Response {
    let mut response = page("verify.html", &HeaderMap::new());
    let headers = response.headers_mut();
    headers.remove(header::ETAG);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

pub(super) async fn to_register_page() -> Redirect {
    Redirect::to("/")
}

pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(embedded::page_file(&format!("assets/{path}")), &path, &headers)
}

pub(super) async fn package(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(embedded::page_file(&format!("pkg/{path}")), &path, &headers)
}

pub(super) async fn model(Path(name): Path<String>, headers: HeaderMap) -> Response {
    // Model cards and sums lie in the same folder.
    let found = name.ends_with(".onnx").then(|| embedded::model_file(&name)).flatten();
    file(found, &name, &headers)
}

/// Nothing there: a page for people, an error for programs.
pub(super) async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_api = uri.path().starts_with("/api/") || uri.path().starts_with("/admin/");
    match embedded::page_file("404.html") {
        Some(page) if accepted.contains("text/html") && !is_api => {
            let html = HeaderValue::from_static(content_type("404.html"));
            (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, html)], page.bytes).into_response()
        }
        _ => ApiError::NotFound.into_response(),
    }
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    file(embedded::page_file(name), name, headers)
}

/// Sends the file, or only word that it has not changed.
fn file(found: Option<Embedded>, name: &str, headers: &HeaderMap) -> Response {
    let Some(Embedded { bytes, sha256 }) = found else { return ApiError::NotFound.into_response() };
    let tag: String = sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let is_known = is_known(headers, &tag);
    let etag = HeaderValue::from_str(&tag).expect("hexadecimal fits into a header");
    let answer_headers = [
        (header::ETAG, etag),
        // Kept, but asked about before each use: names do not change with content.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(name))),
    ];
    if is_known {
        (StatusCode::NOT_MODIFIED, answer_headers).into_response()
    } else {
        (answer_headers, bytes).into_response()
    }
}

/// Whether the browser says that it has the file with this tag.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        // Any other type makes browsers refuse to compile while it loads.
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
