use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::helpers::{TestServer, challenge_body, cookie_of};
use crate::pixels::Person;

#[tokio::test]
async fn a_session_returns_what_the_pages_need() {
    let server = TestServer::with(&[("LIVENESS_TIMEOUT_SECONDS", "20"), ("MAX_ATTEMPTS", "3")]).await;
    let cookie = server.open_session("jo@example.com").await;
    let mut session = server.session(&cookie).await;
    let expires = session["session_expires_in_s"].take().as_i64().unwrap();
    assert!((1790..=1800).contains(&expires), "{expires}");
    assert_eq!(
        session,
        json!({
            "email_masked": "j***@example.com", "status": "PENDING", "attempts_left": 3, "last_reason": null,
            "last_message": null, "session_expires_in_s": null, "cool_down_s": 0, "timeout_s": 20,
            "frame_interval_ms": 33, "policy": "natural", "tones": false, "no_turn": false,
            "handed_over": false, "check": null,
        })
    );
}

#[tokio::test]
async fn no_api_route_works_without_a_session() {
    let server = TestServer::start().await;
    server.open_session("jo@example.com").await;
    for cookie in ["", "blinkgate=", "blinkgate=AAAA", "other=1; blinkgate = x", "__Host-blinkgate=AAAA"] {
        let request = Request::get("/api/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        server.send(request).await.assert_problem(401, "session_missing");
    }
    let bodies: [(&str, Value); 2] = [
        ("/api/challenge", challenge_body("x")),
        ("/api/give-up", json!({ "challenge_id": "x", "reason": "timeout" })),
    ];
    for (path, body) in bodies {
        server.post(path, None, &body).await.assert_problem(401, "session_missing");
    }
}

#[tokio::test]
async fn a_session_ends() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    server.execute("update capture_sessions set expires_at = created_at").await;
    let request = Request::get("/api/session").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    server.send(request).await.assert_problem(401, "session_expired");
    let body = challenge_body(crate::helpers::public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(401, "session_expired");
}

#[tokio::test]
async fn the_cookie_is_found_among_others() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    assert_eq!(server.session(&format!("a=1; {cookie}; b=2")).await["status"], "PENDING");
}

#[tokio::test]
async fn who_is_slow_gets_more_time_up_to_ten_times_as_long() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let extend = async || server.post("/api/session/extend", Some(&cookie), &json!({})).await;
    let left = async || extend().await.json()["session_expires_in_s"].as_i64().unwrap();
    server
        .execute("update capture_sessions set expires_at = expires_at - 1700000, created_at = created_at - 1700000")
        .await;
    assert!((1790..=1800).contains(&left().await), "the usual time again");
    // Five hours after it began there is no more to give, and what is left is not taken away.
    server.execute("update capture_sessions set created_at = created_at - 15800000").await;
    assert!((1780..=1800).contains(&left().await));
    server.execute("update capture_sessions set expires_at = expires_at - 1700000").await;
    assert!((400..=600).contains(&left().await), "ten times as long in all");
    server.execute("update capture_sessions set expires_at = 1").await;
    extend().await.assert_problem(401, "session_expired");
}

#[tokio::test]
async fn the_page_that_was_left_learns_how_the_check_ended_elsewhere() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let open = async || cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
    let (first, second) = (open().await, open().await);
    let outcome = async |cookie: &str| {
        let request = Request::get("/api/session/outcome").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        server.send(request).await
    };
    assert_eq!(outcome(&first).await.json(), json!({ "status": "PENDING", "goes_on": true }));
    let request = Request::get("/api/session").header(header::COOKIE, &first).body(Body::empty()).unwrap();
    server.send(request).await.assert_problem(401, "session_replaced");
    let person = Person::at(&server, second).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    assert_eq!(
        outcome(&first).await.json(),
        json!({ "status": "VERIFIED", "goes_on": false }),
        "and no more than that"
    );
    outcome("blinkgate=AAAA").await.assert_problem(401, "session_missing");
}
