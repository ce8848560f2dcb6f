//! Checks in a frame on a site's page: who may frame what, and a session without a cookie.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Site, as_person, result_as_person};
use crate::helpers::{Answer, TestServer, challenge_body, own_post, public_key};

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Opens the check as its page in a frame does. Returns the session's secret.
async fn open_in_frame(server: &TestServer, check: &Value, code: Option<&str>, cookie: Option<&str>) -> Answer {
    let token = check["client_token"].as_str().unwrap();
    let request = own_post("/api/check/open", cookie).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = json!({ "code": code, "keep": "memory" }).to_string();
    server.send(request.body(Body::from(body)).unwrap()).await
}

async fn with_bearer(server: &TestServer, method: Method, path: &str, secret: &str, body: String) -> Answer {
    let request = own_post(path, None).method(method).header(header::AUTHORIZATION, format!("Bearer {secret}"));
    server.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn only_the_pages_of_its_site_may_frame_a_check() {
    let server = TestServer::start().await;
    Site::new(&server, "shop").await;
    for path in ["/embed/frame/shop", "/embed/frame/shop/camera"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let policy = text(&answer.headers, "content-security-policy");
        assert!(policy.ends_with("frame-ancestors https://shop.example"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert_eq!(text(&answer.headers, "x-frame-options"), "");
        assert_eq!(text(&answer.headers, "cache-control"), "no-store");
    }
    // The site that is there from the start lists no origin.
    let answer = server.get("/embed/frame/default").await;
    assert!(text(&answer.headers, "content-security-policy").ends_with("frame-ancestors 'none'"));
    assert_eq!(text(&answer.headers, "x-frame-options"), "DENY");
    for unknown in
        ["/embed/frame/bank", "/embed/frame/Shop", "/embed/frame/%ff", "/embed/frame/", "/embed/frame/shop/result"]
    {
        assert_eq!(server.get(unknown).await.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn no_page_of_ours_outside_of_embed_can_be_framed() {
    let server = TestServer::start().await;
    Site::new(&server, "shop").await;
    for path in ["/", "/c", "/camera", "/result", "/verify", "/admin", "/check-mail", "/nowhere"] {
        let answer = server.get(path).await;
        assert!(text(&answer.headers, "content-security-policy").ends_with("frame-ancestors 'none'"), "{path}");
        assert_eq!(text(&answer.headers, "x-frame-options"), "DENY", "{path}");
        assert_eq!(text(&answer.headers, "cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn every_page_may_load_the_element_and_nothing_else() {
    let server = TestServer::start().await;
    let answer = server.get("/embed/v1/blink-check.js").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(text(&answer.headers, "access-control-allow-origin"), "*");
    assert_eq!(text(&answer.headers, "cross-origin-resource-policy"), "cross-origin");
    assert_eq!(text(&answer.headers, "content-type"), "text/javascript; charset=utf-8");
    assert!(answer.text.len() <= 10_000, "{} bytes", answer.text.len());
    for file in ["package.json", "blink-check.d.ts", "README.md", "..%2f..%2fsw.js"] {
        assert_eq!(server.get(&format!("/embed/v1/{file}")).await.status, StatusCode::NOT_FOUND, "{file}");
    }
}

#[tokio::test]
async fn a_session_in_a_frame_needs_no_cookie_and_ends_no_other() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let own = server.open_session("other@example.com").await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    let answer = open_in_frame(&server, &check, None, Some(&own)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(text(&answer.headers, "set-cookie"), "");
    let secret = answer.json()["session"].as_str().unwrap().to_owned();

    let session = with_bearer(&server, Method::GET, "/api/session", &secret, String::new()).await;
    assert_eq!(session.json()["check"]["id"], check["id"]);
    let body = challenge_body(public_key()).to_string();
    let challenge = with_bearer(&server, Method::POST, "/api/challenge", &secret, body).await;
    assert_eq!(challenge.status, StatusCode::CREATED, "{}", challenge.text);
    assert_eq!(server.session(&own).await["email_masked"], "o***@example.com", "the other person's goes on");

    for wrong in ["", "x", check["client_token"].as_str().unwrap()] {
        let refused = with_bearer(&server, Method::GET, "/api/session", wrong, String::new()).await;
        refused.assert_problem(401, "session_missing");
    }
    // The frame was removed and put back: the session is another one.
    let again = open_in_frame(&server, &check, None, None).await.json()["session"].as_str().unwrap().to_owned();
    let before = with_bearer(&server, Method::GET, "/api/session", &secret, String::new()).await;
    before.assert_problem(401, "session_replaced");
    let now = with_bearer(&server, Method::GET, "/api/session", &again, String::new()).await;
    assert_eq!(now.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_with_a_bearer_must_still_come_from_our_own_page() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    let secret = open_in_frame(&server, &check, None, None).await.json()["session"].as_str().unwrap().to_owned();
    let request = own_post("/api/challenge", None).header(header::AUTHORIZATION, format!("Bearer {secret}"));
    let mut request = request.body(Body::from(challenge_body(public_key()).to_string())).unwrap();
    request.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://shop.example"));
    server.send(request).await.assert_problem(403, "origin_refused");
}

#[tokio::test]
async fn the_page_gets_the_signed_result_once_the_check_has_ended() {
    let server = TestServer::start().await;
    let tests = Site::new(&server, "shop").await.in_test_mode().await;
    let open = tests.check(json!({ "email": "slow@test.blinkgate" })).await;
    result_as_person(&server, &open).await.assert_problem(409, "not_final");
    let check = tests.check(json!({ "email": "pass@test.blinkgate", "nonce": "n1" })).await;
    let token = result_as_person(&server, &check).await.json()["token"].as_str().unwrap().to_owned();
    let body = json!({ "secret": tests.key, "response": token });
    let verdict = server.post("/v1/siteverify", None, &body).await.json();
    assert_eq!((&verdict["success"], &verdict["nonce"]), (&json!(true), &json!("n1")));
    let seen = as_person(&server, check["client_token"].as_str().unwrap()).await.json();
    assert_eq!((&seen["site_id"], &seen["status"]), (&json!("shop"), &json!("verified")));
}
