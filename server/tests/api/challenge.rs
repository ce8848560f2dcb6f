use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::helpers::{TestServer, challenge_body, public_key};
use crate::submit_steps::worthless;

#[tokio::test]
async fn a_challenge_is_bound_to_key_site_and_attempt() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let first = server.challenge(&cookie).await;
    assert_eq!((&first["audience"], &first["policy"]), (&json!("http://localhost:8080"), &json!("natural")));
    assert_eq!(
        (&first["attempt"], &first["timeout_ms"], &first["thresholds"]),
        (&json!(1), &json!(60_000), &json!("v8"))
    );
    assert_eq!(first["expires_in_s"], 150);
    assert_eq!(URL_SAFE_NO_PAD.decode(first["nonce"].as_str().unwrap()).unwrap().len(), 32);
    let second = server.challenge(&cookie).await;
    assert_ne!(first["nonce"], second["nonce"]);
    assert_ne!(first["challenge_id"], second["challenge_id"]);
    assert_eq!(second["attempt"], 1, "an unused challenge is not an attempt");
}

#[tokio::test]
async fn keys_that_cannot_be_trusted_are_refused() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let good = public_key();
    let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
    let identity = URL_SAFE_NO_PAD.encode([[1].as_slice(), &[0; 31]].concat());
    // Not a point: y = 2 has no x on the curve.
    let no_point = URL_SAFE_NO_PAD.encode([[2].as_slice(), &[0; 31]].concat());
    let cases = [
        String::new(),
        "*".repeat(43),
        URL_SAFE_NO_PAD.encode(&bytes[..31]),
        URL_SAFE_NO_PAD.encode([bytes.as_slice(), &[0]].concat()),
        STANDARD.encode(&bytes),
        URL_SAFE_NO_PAD.encode([0; 32]),
        identity,
        no_point,
    ];
    for key in cases {
        let answer = server.post("/api/challenge", Some(&cookie), &challenge_body(key)).await;
        answer.assert_problem(422, "key_invalid");
    }
    let body = challenge_body(good);
    assert_eq!(server.post("/api/challenge", Some(&cookie), &body).await.status, StatusCode::CREATED);
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(422, "key_invalid");
    assert_eq!(server.number("select count(*) from challenges").await, 1);
}

#[tokio::test]
async fn a_page_with_another_consent_text_is_told_to_reload() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    for consent in ["", "none", &"A".repeat(43)] {
        let body = json!({ "public_key": public_key(), "consent": consent });
        server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(422, "consent_unknown");
    }
    assert_eq!(server.challenge(&cookie).await["consent"], json!(test_client::consent()));
}

#[tokio::test]
async fn a_new_challenge_replaces_the_previous_one() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let old = server.challenge(&cookie).await;
    let new = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&old)).await.assert_problem(410, "challenge_expired");
    assert_eq!(server.submit(&cookie, "k2", &worthless(&new)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn attempts_run_out_and_a_new_link_brings_new_ones() {
    let server = TestServer::with(&[("MAX_ATTEMPTS", "2")]).await;
    let cookie = server.open_session("jo@example.com").await;
    for left in [1, 0] {
        let challenge = server.challenge(&cookie).await;
        let answer = server.submit(&cookie, "k", &worthless(&challenge)).await;
        assert_eq!(answer.json()["attempts_left"], left);
    }
    let body = challenge_body(public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(429, "attempts_exhausted");
    assert_eq!(server.session(&cookie).await["attempts_left"], 0);
    let fresh = server.open_session("jo@example.com").await;
    assert_eq!(server.challenge(&fresh).await["attempt"], 1);
}

#[tokio::test]
async fn a_verified_user_gets_no_challenge() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    server.execute("update users set status = 'VERIFIED'").await;
    let body = challenge_body(public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(409, "already_verified");
    assert_eq!(server.session(&cookie).await["status"], "VERIFIED");
}

#[tokio::test]
async fn challenges_of_one_session_are_limited() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    for _ in 0..30 {
        server.challenge(&cookie).await;
    }
    let body = challenge_body(public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(429, "too_many_requests");
}
