use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::helpers::TestServer;

#[tokio::test]
async fn pages_are_html_and_revalidated_each_time() {
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
async fn a_page_the_browser_has_is_not_sent_again() {
    let server = TestServer::start().await;
    for (encodings, encoding) in [("", ""), ("gzip, br", "br")] {
        let ask = async |known: &str| {
            let request = Request::get("/camera").header("accept-encoding", encodings).header("if-none-match", known);
            server.send(request.body(Body::empty()).unwrap()).await
        };
        let first = ask("\"other\"").await;
        assert_eq!((first.status, first.header("content-encoding")), (StatusCode::OK, encoding));
        let tag = first.header("etag").to_owned();
        assert_eq!(tag.ends_with("-br\""), !encoding.is_empty(), "each encoding has its own tag: {tag}");
        for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let answer = ask(&known).await;
            assert_eq!((answer.status, answer.text.len()), (StatusCode::NOT_MODIFIED, 0));
            assert_eq!((answer.header("etag"), answer.header("vary")), (tag.as_str(), "accept-encoding"));
        }
    }
}

#[tokio::test]
async fn files_are_named_by_their_content_and_cached_forever() {
    let server = TestServer::start().await;
    let page = server.get("/camera").await.text;
    let assets = page.split('"').filter(|part| part.starts_with("/assets/")).collect::<Vec<_>>();
    assert!(assets.len() > 20);
    let addresses = assets.iter().find(|path| path.ends_with("/addresses.js")).unwrap();
    let addresses = server.get(addresses).await.text;
    let models = addresses.split('"').filter(|part| part.starts_with("/models/") && part.matches('/').count() == 3);
    let models = models.collect::<Vec<_>>();
    assert!(!models.is_empty());
    for address in assets.iter().chain(&models) {
        // A page may refer to a part of a picture.
        let path = address.split('#').next().unwrap();
        let plain = server.get(path).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(plain.header("content-encoding"), "", "{path}: not compressed unless asked for");
        let request = Request::get(path).header("accept-encoding", "br").body(Body::empty()).unwrap();
        let packed = server.send(request).await;
        assert_eq!(packed.header("content-type"), plain.header("content-type"));
        assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("br", "accept-encoding"), "{path}");
        let length = |header: &str| header.parse::<usize>().unwrap();
        assert!(length(packed.header("content-length")) < length(plain.header("content-length")), "{path}");
    }
}

#[tokio::test]
async fn the_service_worker_covers_all_pages_and_is_revalidated_each_time() {
    let answer = TestServer::start().await.get("/sw.js").await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
    assert!(answer.text.contains("\"/models/"), "it knows the files of this release");
}

#[tokio::test]
async fn nothing_outside_the_public_folders_is_served() {
    let server = TestServer::start().await;
    for path in [
        "/models/SHA256SUMS",
        "/models/face_detector.onnx",
        "/models/networks.pack",
        "/assets/app.css",
        "/models/README.md",
        "/models/..%2fCargo.toml",
        "/models/%2e%2e/Cargo.toml",
        "/assets/",
        "/assets/../index.html",
        "/assets/..%2findex.html",
        "/assets/%2e%2e%2findex.html",
        "/index.html",
        "/camera.html",
        "/site.rs",
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
async fn an_unknown_path_shows_people_a_page_and_programs_an_error() {
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
