use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

use crate::helpers::{TestServer, own_post};

const POSTS: [&str; 5] = ["/register", "/verify", "/api/challenge", "/api/submission/x", "/api/give-up"];

#[tokio::test]
async fn sr_20_requests_of_other_sites_change_nothing() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let foreign: [&[(&'static str, &str)]; 7] = [
        &[("x-blinkgate", "")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://localhost:8080")],
        &[("origin", "http://localhost:8081")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ];
    for path in POSTS {
        for headers in foreign {
            let body = json!({ "token": token }).to_string();
            let mut request = own_post(path, None).body(Body::from(body)).unwrap();
            for (name, value) in headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            server.send(request).await.assert_problem(403, "origin_refused");
        }
        let bare = Request::post(path).body(Body::empty()).unwrap();
        server.send(bare).await.assert_problem(403, "origin_refused");
    }
    assert_eq!(server.number("select count(*) from capture_sessions").await, 0);
    let own = own_post("/verify", None).body(Body::from(json!({ "token": token }).to_string())).unwrap();
    assert_eq!(server.send(own).await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_other_site_is_allowed_by_cors() {
    let server = TestServer::start().await;
    let preflight = Request::options("/register")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-blinkgate")
        .body(Body::empty())
        .unwrap();
    let answer = server.send(preflight).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths_are_refused_as_such() {
    let server = TestServer::start().await;
    server.get("/nowhere").await.assert_problem(404, "not_found");
    server.get("/api/nowhere").await.assert_problem(404, "not_found");
    server.get("/api/challenge").await.assert_problem(405, "method_not_allowed");
    for (method, path) in [(Method::DELETE, "/register"), (Method::PUT, "/check-mail"), (Method::POST, "/api/session")]
    {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        server.send(request).await.assert_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_body_that_never_arrives_is_given_up() {
    let short = Duration::from_millis(50);
    let server = TestServer::changed(&[], |app| app.limits.body_timeout = short).await;
    let body = Body::from_stream(Endless);
    let answer = server.send(own_post("/register", None).body(body).unwrap()).await;
    answer.assert_problem(408, "body_too_slow");
}

/// A body that never arrives.
struct Endless;

impl futures_core::Stream for Endless {
    type Item = Result<axum::body::Bytes, std::convert::Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
