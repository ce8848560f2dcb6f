use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::helpers::TestServer;

#[tokio::test]
async fn pages_come_as_html_and_are_asked_about_each_time() {
    let server = TestServer::start().await;
    for path in ["/", "/check-mail", "/camera", "/result"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.text.to_lowercase().starts_with("<!doctype html>"), "{path}");
    }
    assert_eq!(server.get("/register").await.header("location"), "/");
}

#[tokio::test]
async fn a_file_the_browser_has_is_not_sent_again() {
    let server = TestServer::start().await;
    let path = "/models/face_detector.onnx";
    let first = server.get(path).await;
    assert_eq!((first.status, first.header("content-type")), (StatusCode::OK, "application/octet-stream"));
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let request = Request::get(path).header("if-none-match", known).body(Body::empty()).unwrap();
        let answer = server.send(request).await;
        assert_eq!((answer.status, answer.text.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(answer.header("etag"), tag);
    }
    let request = Request::get(path).header("if-none-match", "\"other\"").body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_outside_the_public_folders_is_served() {
    let server = TestServer::start().await;
    for path in [
        "/models/SHA256SUMS",
        "/models/README.md",
        "/models/..%2fCargo.toml",
        "/models/%2e%2e/Cargo.toml",
        "/assets/",
        "/assets/../index.html",
        "/assets/..%2findex.html",
        "/assets/%2e%2e%2findex.html",
        "/index.html",
        "/assets//etc/passwd",
        "/pkg/..%2fcamera.html",
        "/data/blinkgate.db",
        "/captures/2026/x-open.jpg",
        "/.env",
    ] {
        server.get(path).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn people_get_a_page_where_there_is_nothing_and_programs_an_error() {
    let server = TestServer::start().await;
    let ask = async |path: &str| {
        let request = Request::get(path).header("accept", "text/html,application/xhtml+xml").body(Body::empty());
        server.send(request.unwrap()).await
    };
    let page = ask("/nowhere").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
    ask("/api/nowhere").await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn health_says_that_the_process_runs() {
    let answer = TestServer::start().await.get("/health").await;
    assert_eq!(answer.json()["status"], "ok");
    assert_eq!(answer.json()["version"], env!("CARGO_PKG_VERSION"));
}
