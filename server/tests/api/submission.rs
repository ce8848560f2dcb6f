use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::helpers::TestServer;
use crate::submit_steps::worthless;

async fn nothing_was_counted(server: &TestServer, cookie: &str) {
    assert_eq!(server.session(cookie).await["attempts_left"], 5);
    assert_eq!(server.text("select status from users where email = 'jo@example.com'").await, "PENDING");
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn a_worthless_submission_fails_with_a_reason_and_an_event_and_without_captures() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let answer = server.submit(&cookie, "k1", &worthless(&challenge)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!((&body["status"], &body["reason"]), (&json!("FAILED"), &json!("transcript_header")));
    assert_eq!(body["attempts_left"], 4);

    assert_eq!(server.text("select status from users").await, "FAILED");
    let events = server.events().await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((&event["email"], &event["status"]), (&json!("jo@example.com"), &json!("FAILED")));
    assert_eq!((&event["reason"], &event["attempt"]), (&json!("transcript_header"), &json!(1)));
    assert_eq!((&event["open_captured"], &event["closed_captured"]), (&json!(false), &json!(false)));
    assert_eq!((&event["open_capture_ref"], &event["closed_capture_ref"]), (&Value::Null, &Value::Null));
    assert_eq!((&event["challenge_id"], &event["thresholds"]), (&challenge["challenge_id"], &json!("v8")));
    assert_eq!(event["details"]["thresholds"], "v8");
    assert!(!server.data.path().join("captures").exists());

    let session = server.session(&cookie).await;
    assert_eq!((&session["status"], &session["last_reason"]), (&json!("FAILED"), &json!("transcript_header")));
    assert_eq!((&session["attempts_left"], &session["last_message"]), (&json!(4), &body["message"]));
    assert_eq!(server.challenge(&cookie).await["attempt"], 2);
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_is_decided_once() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let first = server.submit(&cookie, "k1", &worthless(&challenge)).await;
    let again = server.submit(&cookie, "k1", &worthless(&challenge)).await;
    assert_eq!((again.status, again.text), (first.status, first.text));
    assert_eq!(server.session(&cookie).await["attempts_left"], 4);
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn a_challenge_is_not_decided_twice() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    server.submit(&cookie, "k2", &worthless(&challenge)).await.assert_problem(409, "challenge_used");
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
    server.post("/api/give-up", Some(&cookie), &giving_up).await.assert_problem(409, "challenge_used");
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn another_users_challenge_is_as_unknown_as_one_that_does_not_exist() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let stranger = server.open_session("mallory@example.com").await;
    let theirs = server.submit(&stranger, "k1", &worthless(&challenge)).await;
    theirs.assert_problem(404, "challenge_unknown");
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "timeout" });
    server.post("/api/give-up", Some(&stranger), &giving_up).await.assert_problem(404, "challenge_unknown");
    let invented = json!({ "challenge_id": "0123456789abcdef0123456789abcdef" });
    let none = server.submit(&stranger, "k1", &worthless(&invented)).await;
    none.assert_problem(404, "challenge_unknown");
    assert_eq!(none.json()["detail"], theirs.json()["detail"]);
    nothing_was_counted(&server, &cookie).await;
    assert_eq!(server.submit(&cookie, "k1", &worthless(&challenge)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_submission_after_expiry_is_refused_and_not_counted() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.execute("update challenges set expires_at = issued_at").await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(410, "challenge_expired");
    nothing_was_counted(&server, &cookie).await;
}

#[tokio::test]
async fn running_out_of_time_counts_as_a_failed_attempt() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let body = json!({ "challenge_id": challenge["challenge_id"], "reason": "timeout" });
    let answer = server.post("/api/give-up", Some(&cookie), &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((&answer.json()["status"], &answer.json()["reason"]), (&json!("FAILED"), &json!("timeout")));
    assert_eq!(answer.json()["attempts_left"], 4);
    let again = server.post("/api/give-up", Some(&cookie), &body).await;
    assert_eq!((again.status, again.text), (StatusCode::OK, answer.text));
    assert_eq!(server.text("select status from users").await, "FAILED");
    let events = server.events().await;
    assert_eq!((events.len(), &events[0]["reason"]), (1, &json!("timeout")));
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(409, "challenge_used");
}

#[tokio::test]
async fn cancelling_is_recorded_but_costs_nothing() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let body = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
    let answer = server.post("/api/give-up", Some(&cookie), &body).await.json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!("cancelled")));
    assert_eq!(answer["attempts_left"], 5);
    assert_eq!(server.text("select status from users").await, "PENDING");
    let events = server.events().await;
    assert_eq!((events.len(), &events[0]["reason"]), (1, &json!("cancelled")));
    for reason in ["bored", "no_blink", ""] {
        let body = json!({ "challenge_id": challenge["challenge_id"], "reason": reason });
        server.post("/api/give-up", Some(&cookie), &body).await.assert_problem(400, "body_malformed");
    }
}

#[tokio::test]
async fn a_later_failure_never_revokes_a_verification() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    // Verified in another session meanwhile.
    server.execute("update users set status = 'VERIFIED', verified_at = 1").await;
    let answer = server.submit(&cookie, "k1", &worthless(&challenge)).await.json();
    assert_eq!(answer["status"], "FAILED");
    assert_eq!(server.text("select status from users").await, "VERIFIED");
    assert_eq!(server.number("select verified_at from users").await, 1);
}
