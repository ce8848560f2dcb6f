//! Every route, checked against the table of routes.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use server::domain::HashedToken;
use server::rate::Limit;
use server::routes::{Access, Route, routes};

use crate::helpers::{ADMIN_KEY, Answer, TestServer, own_post};

/// A request for the route with all that it needs, except what `cookie` and `key` leave out.
fn request(route: &Route, cookie: Option<&str>, key: Option<&str>, body: &str) -> Request<Body> {
    let path = route.path.replace("{challenge}", "0123").replace("{id}", "0123").replace("{*path}", "nothing.js");
    let path = path.replace("{site}", "default").replace("{file}", "nothing.js");
    let mut request = own_post(&path, cookie)
        .method(route.method.clone())
        .header("idempotency-key", "k")
        .header("upload-offset", "0")
        .body(Body::from(body.to_owned()))
        .unwrap();
    if route.method == Method::PATCH {
        let bytes = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(header::CONTENT_TYPE, bytes);
    }
    if let Some(key) = key {
        request.headers_mut().insert("x-admin-key", key.parse().unwrap());
        if matches!(route.access, Access::Site(_)) {
            request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
            request.headers_mut().insert("idempotency-key", server::domain::random_base64url().parse().unwrap());
        }
    }
    if route.access == Access::Client && cookie.is_some() {
        request.headers_mut().insert("authorization", "Bearer ct_none".parse().unwrap());
    }
    request
}

/// A body that the route can read; the result does not matter.
fn body(route: &Route) -> &'static str {
    match (route.method.as_str(), route.path) {
        ("POST", "/register") => r#"{"email":"jo@example.com"}"#,
        ("POST", "/verify") => r#"{"token":"none"}"#,
        ("POST", "/api/session/extend") => "",
        ("POST", "/api/challenge") => r#"{"public_key":"none","consent":"none"}"#,
        ("POST", "/api/submission/{challenge}") => r#"{"transcript":1,"open":1,"closed":1,"strip":1}"#,
        ("POST", "/api/cue/{challenge}") => r#"{"commitment":null}"#,
        ("POST", "/api/give-up") => r#"{"challenge_id":"none","reason":"timeout"}"#,
        ("POST", "/admin/events/{id}/review") => r#"{"decision":"approve","note":"seen"}"#,
        ("POST", "/admin/session") => r#"{"code":"123456"}"#,
        ("POST", "/admin/erase") => r#"{"email":"jo@example.com","dry_run":true}"#,
        ("POST", "/v1/siteverify") => r#"{"secret":"none","response":"none"}"#,
        ("POST", "/v1/webhooks") => r#"{"url":"https://shop.example/hook"}"#,
        ("DELETE", _) => "",
        ("POST", path) if path.starts_with("/v1/webhooks/") || path.starts_with("/v1/events/") => "",
        ("POST", "/v1/checks") => r#"{"email":"jo@example.com","gate":"site"}"#,
        ("POST", path) if path.starts_with("/v1/checks/") => "",
        ("POST", "/api/check/open") => "{}",
        ("POST", "/api/handoff/open") => r#"{"token":"none","way":"qr"}"#,
        ("POST", "/api/handoff/answer") => r#"{"ticket":"none","number":null}"#,
        ("POST", "/api/handoff/mail") => "",
        ("POST", path) if path.starts_with("/api/handoff") => "{}",
        ("PATCH", _) => "bytes",
        ("GET", _) => "",
        other => panic!("{other:?} is a new route: say here what it reads"),
    }
}

async fn ask(server: &TestServer, route: &Route, cookie: Option<&str>, key: Option<&str>) -> Answer {
    server.send(request(route, cookie, key, body(route))).await
}

#[tokio::test]
async fn every_route_asks_for_what_the_table_says() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    for route in routes() {
        let (name, stranger) = (format!("{} {}", route.method, route.path), ask(&server, &route, None, None).await);
        let admitted = ask(&server, &route, Some(&cookie), Some(ADMIN_KEY)).await;
        match route.access {
            Access::Anybody => {
                assert!(![401, 403, 405].contains(&stranger.status.as_u16()), "{name}: {}", stranger.status);
            }
            Access::Link => stranger.assert_problem(404, "token_unknown"),
            Access::Handoff => stranger.assert_problem(404, "handoff_unknown"),
            Access::Session => {
                stranger.assert_problem(401, "session_missing");
                ask(&server, &route, None, Some(ADMIN_KEY)).await.assert_problem(401, "session_missing");
            }
            Access::Client => {
                stranger.assert_problem(401, "client_token_missing");
                admitted.assert_problem(401, "client_token_unknown");
            }
            Access::Site(_) => {
                stranger.assert_problem(401, "key_missing");
                ask(&server, &route, Some(&cookie), None).await.assert_problem(401, "key_missing");
            }
            Access::Admin(_) => {
                stranger.assert_problem(401, "admin_key_missing");
                ask(&server, &route, Some(&cookie), None).await.assert_problem(401, "admin_key_missing");
            }
        }
        // No client token is at hand: theirs is refused above.
        let refused: &[u16] = if route.access == Access::Client { &[403, 405] } else { &[401, 403, 405] };
        assert!(!refused.contains(&admitted.status.as_u16()), "{name}: {}", admitted.status);
        if !route.method.is_safe() && !route.path.starts_with("/v1/") {
            let mut foreign = request(&route, Some(&cookie), None, body(&route));
            foreign.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
            server.send(foreign).await.assert_problem(403, "origin_refused");
        }
    }
}

#[tokio::test]
async fn every_route_keeps_the_limits_that_the_table_names() {
    for route in routes() {
        let is_free = route.method == Method::GET && route.access == Access::Anybody;
        assert_eq!(route.limits.is_empty(), is_free, "{} {}", route.method, route.path);
    }
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let session = server.text("select id from capture_sessions").await;
    for route in routes() {
        for &limit in route.limits {
            // Once with the limits of client, session and link used up, once with all of them unused.
            let (link, token) = (HashedToken::of("none"), HashedToken::of("ct_none"));
            exhaust(&server, limit, &[&session, link.as_str(), token.as_str()]);
            // Anybody may ask with a key in the body.
            if limit == Limit::BadAdminKey && route.access != Access::Anybody {
                let right = ask(&server, &route, Some(&cookie), Some(ADMIN_KEY)).await;
                assert_ne!(right.status, StatusCode::TOO_MANY_REQUESTS, "a right key is never locked out");
            }
            ask(&server, &route, Some(&cookie), Some("wrong")).await.assert_problem(429, "too_many_requests");
            server.refill();
            let answer = ask(&server, &route, Some(&cookie), Some("wrong")).await;
            assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{limit:?} of {}", route.path);
        }
    }
}

fn exhaust(server: &TestServer, limit: Limit, ids: &[&str]) {
    let now = std::time::Instant::now();
    while server.app.rate.take_around(limit, Ipv4Addr::LOCALHOST.into(), now).is_ok() {}
    for id in ids {
        while server.app.rate.take(limit, id, now).is_ok() {}
    }
}

#[tokio::test]
async fn every_route_takes_bodies_as_large_as_the_table_says_and_no_larger() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    // Those of a client token look at the token first.
    for route in routes().iter().filter(|route| route.max_body > 0 && route.access != Access::Client) {
        assert!(route.max_body <= 16 * 1024, "{}", route.path);
        let key = matches!(route.access, Access::Admin(_) | Access::Site(_)).then_some(ADMIN_KEY);
        let fits = server.send(request(route, Some(&cookie), key, &" ".repeat(route.max_body))).await;
        assert_ne!(fits.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", route.path);
        let larger = request(route, Some(&cookie), key, &" ".repeat(route.max_body + 1));
        server.send(larger).await.assert_problem(413, "too_large");
    }
    for route in routes().iter().filter(|route| route.max_body == 0) {
        // They act on what the path, the token or the session names.
        let is_of_path_or_holder = matches!(route.access, Access::Site(_) | Access::Client | Access::Session);
        let is_named = is_of_path_or_holder || route.method == Method::DELETE;
        assert!(route.method.is_safe() || is_named, "{} {} takes no body", route.method, route.path);
    }
}

#[tokio::test]
async fn sr_20b_every_route_carries_the_protective_headers() {
    const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
         connect-src 'self'; media-src 'self' blob:; worker-src 'self'; font-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    const EXPECTED: [(&str, &str); 7] = [
        ("content-security-policy", CSP),
        ("permissions-policy", "camera=(self), microphone=(), geolocation=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ];
    const TWO_YEARS: &str = "max-age=63072000";
    for (base, transport) in [("http://localhost:8080", ""), ("https://blink.example.com", TWO_YEARS)] {
        let server = TestServer::with(&[("APP_BASE_URL", base)]).await;
        let mut seen = Vec::new();
        for route in routes() {
            // As an authorised user, as a stranger, and as another site's page.
            seen.push((route.path, ask(&server, &route, None, Some(ADMIN_KEY)).await));
            seen.push((route.path, ask(&server, &route, None, None).await));
            let wrong = Request::builder().method(Method::DELETE).uri(route.path.replace("{*path}", "x"));
            seen.push((route.path, server.send(wrong.body(Body::empty()).unwrap()).await));
        }
        seen.push(("/nowhere", server.get("/nowhere").await));
        for (path, answer) in seen {
            for (name, value) in EXPECTED {
                assert_eq!(answer.header(name), value, "{name} of {path}, {}", answer.status);
            }
            assert_eq!(answer.header("strict-transport-security"), transport, "{path}");
            assert_ne!(answer.header("cache-control"), "", "{path}");
            assert_ne!(answer.header("x-request-id"), "", "{path}");
            let is_private =
                ["/api/", "/admin/", "/v1/"].iter().any(|folder| path.starts_with(folder)) || path == "/verify";
            // The API's description is the same for everybody.
            let is_description = path == "/api/openapi.json" && answer.status == StatusCode::OK;
            let expected = if is_description { "no-cache" } else { "no-store" };
            assert!(!is_private || answer.header("cache-control") == expected, "{path}");
        }
    }
}
