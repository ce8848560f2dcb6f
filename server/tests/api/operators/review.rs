use axum::http::StatusCode;
use serde_json::{Value, json};
use server::clock;
use server::domain::Scope;

use super::{add, event, get, key, post};
use crate::helpers::{ADMIN_KEY, TestServer};
use crate::pixels::Person;
use crate::submit_steps::worthless;

/// A failed attempt of this user.
async fn fail(server: &TestServer, cookie: &str, key: &str) -> Value {
    let challenge = server.challenge(cookie).await;
    let answer = server.submit(cookie, key, &worthless(&challenge)).await;
    assert_eq!(answer.json()["status"], "FAILED", "{}", answer.text);
    server.events().await.remove(0)
}

async fn decide(server: &TestServer, event: &Value, decision: &str, note: &str) -> Value {
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    let answer = post(server, &path, ADMIN_KEY, &json!({ "decision": decision, "note": note })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn status(server: &TestServer) -> String {
    server.text("select status from users where email = 'jo@example.com'").await
}

#[tokio::test]
async fn an_operator_can_approve_and_decline_and_the_event_does_not_change() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let event = fail(&server, &cookie, "k1").await;
    let before = server.contents().await["verification_events"].clone();

    let ops = key(&server, "ops", &[Scope::Review]).await;
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    let note = "Seen in person, \"Jo\" <jo@example.com>\nü";
    let answer = post(&server, &path, ops.expose(), &json!({ "decision": "approve", "note": note })).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "user": { "status": "VERIFIED" } })));
    assert_eq!(status(&server).await, "VERIFIED");
    assert_eq!(server.session(&cookie).await["status"], "VERIFIED");
    let entry = server.audit().await.remove(0);
    assert_eq!(entry["action"], "event_reviewed");
    assert_eq!(entry["actor"], format!("the key ops ({})", ops.id));
    let expected = json!({ "event": event["id"], "decision": "approve", "was": "FAILED", "is": "VERIFIED" });
    assert_eq!(entry["details"], expected, "and no note, which may contain names");

    assert_eq!(decide(&server, &event, "decline", "  a mistake ").await, json!({ "user": { "status": "FAILED" } }));
    assert_eq!(status(&server).await, "FAILED");
    assert_eq!(server.contents().await["verification_events"], before, "the event is never changed");
    let detail = server.admin(&format!("/admin/events/{}", event["id"].as_str().unwrap())).await.json();
    assert_eq!(detail["review_state"], "declined", "the last decision stands");
    let reviews = detail["reviews"].as_array().unwrap();
    let told: Vec<_> = reviews.iter().map(|review| (&review["decision"], &review["note"], &review["actor"])).collect();
    let by_ops = json!(format!("the key ops ({})", ops.id));
    let expected =
        [(&json!("approve"), &json!(note), &by_ops), (&json!("decline"), &json!("a mistake"), &json!("the admin key"))];
    assert_eq!(told, expected);
    let steps: Vec<_> = detail["timeline"].as_array().unwrap().iter().map(|entry| entry["what"].clone()).collect();
    assert_eq!(steps[steps.len() - 2..], [json!("reviewed"), json!("reviewed")]);
}

#[tokio::test]
async fn only_a_decline_revokes_a_verification_and_the_next_attempt_decides_again() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let event = server.events().await.remove(0);
    decide(&server, &event, "approve", "looked at").await;
    assert_eq!(status(&server).await, "VERIFIED");
    decide(&server, &event, "decline", "somebody else's face").await;
    assert_eq!(status(&server).await, "FAILED");
    assert_eq!(server.number("select count(*) from users where verified_at is not null").await, 0);

    let cookie = server.open_session("jo@example.com").await;
    fail(&server, &cookie, "k2").await;
    assert_eq!(status(&server).await, "FAILED");
    let again = Person::at(&server, cookie).await;
    assert_eq!(again.submit(&server, "k3").await.json()["status"], "VERIFIED");
    assert_eq!(status(&server).await, "VERIFIED");
    assert_eq!(server.number("select count(*) from users where verified_at is not null").await, 1);
}

#[tokio::test]
async fn an_approved_user_stays_verified_whatever_fails_later() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    let event = server.events().await.remove(0);
    let late = server.challenge(&cookie).await;
    decide(&server, &event, "approve", "seen").await;
    assert_eq!(server.submit(&cookie, "k2", &worthless(&late)).await.json()["status"], "FAILED");
    assert_eq!(status(&server).await, "VERIFIED");
    assert_eq!(server.events().await.len(), 2);
}

#[tokio::test]
async fn a_review_without_a_reason_or_an_event_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let event = fail(&server, &cookie, "k1").await;
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    let before = server.contents().await;
    for note in ["", " \n\t", "a\0b", &"x".repeat(1001)] {
        let answer = post(&server, &path, ADMIN_KEY, &json!({ "decision": "approve", "note": note })).await;
        answer.assert_problem(422, "note_invalid");
    }
    for body in [
        json!({ "decision": "approve" }),
        json!({ "decision": "open", "note": "x" }),
        json!({ "decision": "approve", "note": "x", "email": "x" }),
        json!([]),
    ] {
        post(&server, &path, ADMIN_KEY, &body).await.assert_problem(400, "body_malformed");
    }
    let body = json!({ "decision": "approve", "note": "x" });
    for unknown in ["0123456789abcdef0123456789abcdef", "%00", "%ff"] {
        let answer = post(&server, &format!("/admin/events/{unknown}/review"), ADMIN_KEY, &body).await;
        answer.assert_problem(404, "not_found");
    }
    assert_eq!(server.contents().await, before);
    // The longest allowed note, in its longest encoding.
    let escaped = "\\ud83d\\ude00".repeat(1000);
    let longest = format!(r#"{{"decision":"approve","note":"{escaped}"}}"#);
    let request = crate::helpers::own_post(&path, None).header("x-admin-key", ADMIN_KEY);
    let answer = server.send(request.body(longest.into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn an_erased_user_cannot_be_reviewed_and_their_notes_are_gone() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let event = fail(&server, &cookie, "k1").await;
    decide(&server, &event, "approve", "Jo Doe, of 1 Main Street").await;
    let erase = json!({ "email": "JO@example.com", "dry_run": false });
    assert_eq!(post(&server, "/admin/erase", ADMIN_KEY, &erase).await.status, StatusCode::OK);
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    let body = json!({ "decision": "decline", "note": "x" });
    post(&server, &path, ADMIN_KEY, &body).await.assert_problem(409, "address_erased");
    for (table, rows) in server.contents().await {
        assert!(
            rows.iter().all(|row| !row.contains("Main Street") && !row.contains("jo@example")),
            "{table}: {rows:?}"
        );
    }
    let detail = server.admin(&format!("/admin/events/{}", event["id"].as_str().unwrap())).await.json();
    assert_eq!((&detail["reviews"][0]["decision"], &detail["reviews"][0]["note"]), (&json!("approve"), &Value::Null));
    assert_eq!(detail["review_state"], "approved");
}

#[tokio::test]
async fn erasure_first_says_what_it_would_remove_and_then_what_it_removed() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let ops = key(&server, "ops", &[Scope::Erase]).await;
    let ask = async |body: Value| post(&server, "/admin/erase", ops.expose(), &body).await;
    // The key's use is recorded.
    ask(json!({ "email": "nobody@example.com", "dry_run": true })).await.assert_problem(404, "user_unknown");
    let before = server.contents().await;
    let dry = ask(json!({ "email": "Jo@Example.com", "dry_run": true })).await;
    assert_eq!(dry.status, StatusCode::OK, "{}", dry.text);
    assert_eq!(server.contents().await, before, "a dry run changes nothing");
    let told = dry.json();
    let would = &told["users"][0];
    assert_eq!((&would["status"], &would["would_erase"]["attempts_with_captures"]), (&json!("VERIFIED"), &json!(1)));
    assert!(would["erased"].is_null());

    for body in [json!({ "email": "jo@example.com" }), json!({ "email": "jo@example.com", "dry_run": 0 })] {
        ask(body).await.assert_problem(400, "body_malformed");
    }
    ask(json!({ "email": "jo", "dry_run": false })).await.assert_problem(422, "email_invalid");
    assert_eq!(server.contents().await, before);

    let done = ask(json!({ "email": "Jo@Example.com", "dry_run": false })).await.json();
    assert_eq!(done["users"][0]["erased"], would["would_erase"]);
    assert_eq!(server.number("select count(*) from users").await, 0);
    let entry = server.audit().await.remove(0);
    assert_eq!(entry["action"], "user_erased");
    assert_eq!(entry["actor"], format!("the key ops ({})", ops.id));
    ask(json!({ "email": "jo@example.com", "dry_run": false })).await.assert_problem(404, "user_unknown");
}

#[tokio::test]
async fn of_simultaneous_reviews_one_stands() {
    let server = TestServer::start().await;
    assert_eq!(server.register("jo@example.com").await.status, StatusCode::ACCEPTED);
    let one = event(clock::now_ms(), |_| {});
    add(&server, std::slice::from_ref(&one)).await;
    let path = format!("/admin/events/{}/review", one.id);
    let bodies: Vec<Value> = (0..12)
        .map(|index| json!({ "decision": if index % 2 == 0 { "approve" } else { "decline" }, "note": format!("{index}") }))
        .collect();
    let answers =
        crate::helpers::join_all(bodies.iter().map(|body| post(&server, &path, ADMIN_KEY, body)).collect()).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(server.number("select count(*) from reviews").await, 12);
    let last = server.text("select decision from reviews where is_last = 1").await;
    let stands = if last == "approve" { "VERIFIED" } else { "FAILED" };
    assert_eq!(status(&server).await, stands);
    let listed = get(&server, "/admin/events", ADMIN_KEY).await.json();
    let state = if last == "approve" { "approved" } else { "declined" };
    assert_eq!(listed["events"][0]["review_state"], state);
}
