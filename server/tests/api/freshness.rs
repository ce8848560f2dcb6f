//! Replays, other users' evidence and IDs, and clocks that jump.

use std::time::Instant;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use server::clock;
use server::domain::random_base64url;
use test_client::SubmissionParts;

use crate::helpers::{TestServer, challenge_body, own_post, public_key};
use crate::pixels::{Person, SECRET};
use crate::submit_steps::{chunk, worthless};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn sr_01_an_accepted_submission_sent_again_100_times_is_accepted_once() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let first = person.submit(&server, "k1").await;
    assert_eq!(first.json()["status"], "VERIFIED", "{}", first.text);
    let before = server.contents().await;
    for n in 0..100 {
        server.refill();
        let again = server.finish(&person.cookie, "k1", &person.sign()).await;
        assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text));
        let other = server.finish(&person.cookie, &format!("other-{n}"), &person.sign()).await;
        other.assert_problem(409, "challenge_used");
    }
    assert_eq!(server.contents().await, before);
}

#[tokio::test]
async fn sr_02_evidence_of_a_verified_session_is_refused_in_another_before_any_pixel_is_read() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let old = person.sign();
    // The key cannot be registered again, so the transcript is sent as it is, or signed again with the attacker's own key.
    let secret = [7; 32];
    let key = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let payload = URL_SAFE_NO_PAD.decode(person.evidence.signing_input.split_once('.').unwrap().1).unwrap();
    let anew = engine::transcript::sign(&engine::transcript::signing_input(&payload, &key), &secret).into_bytes();
    let cookie = server.open_session("thief@example.com").await;
    let same = ed25519_dalek::SigningKey::from_bytes(&SECRET).verifying_key().to_bytes();
    let body = challenge_body(URL_SAFE_NO_PAD.encode(same));
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(422, "key_invalid");
    for (transcript, reason) in [(old.transcript.clone(), "transcript_header"), (anew, "transcript_binding")] {
        let key = if reason == "transcript_binding" { URL_SAFE_NO_PAD.encode(key) } else { public_key() };
        let body = challenge_body(key);
        let challenge = server.post("/api/challenge", Some(&cookie), &body).await.json();
        let submission = SubmissionParts {
            challenge: challenge["challenge_id"].as_str().unwrap().to_owned(),
            transcript,
            ..old.clone()
        };
        let answer = server.submit(&cookie, "k1", &submission).await.json();
        assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!(reason)));
        let event = &server.events().await[0];
        assert_eq!((&event["details"]["open"], &event["details"]["closed"]), (&Value::Null, &Value::Null));
        assert_eq!(event["open_captured"], false);
    }
    assert_eq!(server.number("select count(*) from users where status = 'VERIFIED'").await, 1);
}

#[tokio::test]
async fn sr_03_other_users_ids_open_nothing_and_look_like_unknown_ones() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
    server.append(&cookie, "k1", &submission, 0, b"mine").await;
    let stranger = server.open_session("mallory@example.com").await;
    server.challenge(&stranger).await;
    let before = server.contents().await;
    let session = server.text("select id from capture_sessions order by created_at limit 1").await;
    let user = server.text("select id from users order by created_at limit 1").await;
    for n in 0..250 {
        // The challenge itself, then variants: another user's session, user ID and key; shortened, lengthened, altered, invented.
        let id = match n {
            0 => submission.challenge.clone(),
            1 => session.clone(),
            2 => user.clone(),
            3..30 => submission.challenge[..n].to_owned(),
            30 => format!("{}0", submission.challenge),
            31 => submission.challenge.to_uppercase() + "%00",
            32..60 => flip(&submission.challenge, n % submission.challenge.len()),
            _ => random_base64url(),
        };
        server.refill();
        let swapped = SubmissionParts { challenge: id, ..submission.clone() };
        let (theirs, key) = (Some(stranger.as_str()), "k1");
        let asked = Request::get(swapped.path()).header(header::COOKIE, &stranger).header("idempotency-key", key);
        let finished = own_post(&swapped.path(), theirs).header("idempotency-key", key);
        let giving_up = json!({ "challenge_id": swapped.challenge, "reason": "timeout" }).to_string();
        let requests = [
            asked.body(Body::empty()).unwrap(),
            chunk(&swapped, theirs, key, 4, b"theirs"),
            finished.method(Method::POST).body(Body::from(swapped.lengths().to_string())).unwrap(),
            own_post("/api/give-up", theirs).body(Body::from(giving_up)).unwrap(),
        ];
        for request in requests {
            server.send(request).await.assert_problem(404, "challenge_unknown");
        }
    }
    assert_eq!(server.contents().await, before, "1,000 swaps changed nothing");
    assert_eq!(server.received(&cookie, "k1", &submission).await.json()["received"], 4);
}

fn flip(id: &str, at: usize) -> String {
    let mut bytes = id.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    String::from_utf8(bytes).unwrap()
}

/// Every request that a user can make in a session.
async fn refusals(server: &TestServer, cookie: &str, submission: &SubmissionParts) -> Vec<u16> {
    let show = Request::get("/api/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let challenge = challenge_body(public_key());
    let giving_up = json!({ "challenge_id": submission.challenge, "reason": "timeout" });
    vec![
        server.send(show).await.status.as_u16(),
        server.post("/api/challenge", Some(cookie), &challenge).await.status.as_u16(),
        server.append(cookie, "k", submission, 0, b"x").await.status.as_u16(),
        server.finish(cookie, "k", submission).await.status.as_u16(),
        server.post("/api/give-up", Some(cookie), &giving_up).await.status.as_u16(),
    ]
}

#[tokio::test]
async fn sr_12_after_a_clock_jump_nothing_expired_is_accepted_and_nobody_is_locked_out() {
    for jump in [DAY_MS, -DAY_MS] {
        let server = TestServer::start().await;
        let unopened = server.mailed_token("ann@example.com").await;
        let token = server.mailed_token("jo@example.com").await;
        let cookie = crate::helpers::cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
        let expired = server.open_session("old@example.com").await;
        server
            .execute(
                "update capture_sessions set expires_at = created_at where id = (select max(id) from capture_sessions)",
            )
            .await;
        let submission = worthless(&server.challenge(&cookie).await);
        // Earlier failures, mails and links count towards every limit.
        for _ in 0..4 {
            let challenge = server.challenge(&cookie).await;
            server.submit(&cookie, "k", &worthless(&challenge)).await;
        }
        server.register("jo@example.com").await;

        server.jump_clock(jump).await;
        // After a jump in either direction, nobody can tell how old these are.
        for old in [&cookie, &expired] {
            assert_eq!(refusals(&server, old, &submission).await, [401; 5], "{jump}");
        }
        for old in [&token, &unopened] {
            server.post("/verify", None, &json!({ "token": old })).await.assert_problem(410, "token_expired");
        }
        // An interrupted user can start over at once: no limit counts what happened at a time that the clock has left.
        let cookie = server.open_session("jo@example.com").await;
        assert_eq!(server.session(&cookie).await["cool_down_s"], 0);
        let challenge = server.challenge(&cookie).await;
        let answer = server.submit(&cookie, "k", &worthless(&challenge)).await;
        assert_eq!((answer.status, &answer.json()["attempts_left"]), (StatusCode::OK, &json!(4)), "{jump}");
        assert_eq!(server.challenge(&cookie).await["attempt"], 2);
    }
}

#[tokio::test]
async fn sr_43_a_clock_set_back_during_a_check_costs_no_attempt() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.jump_clock(-60_000).await;
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "timeout" });
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(410, "challenge_expired");
    server.post("/api/give-up", Some(&cookie), &giving_up).await.assert_problem(410, "challenge_expired");
    assert_eq!(server.session(&cookie).await["attempts_left"], 5);
    assert_eq!(server.number("select count(*) from verification_events").await, 0);
    let challenge = server.challenge(&cookie).await;
    assert_eq!(challenge["attempt"], 1);
    let answer = server.submit(&cookie, "k2", &worthless(&challenge)).await;
    assert_eq!(
        (answer.status, &answer.json()["attempts_left"]),
        (StatusCode::OK, &json!(4)),
        "and another failure counts"
    );
}

#[tokio::test]
async fn sr_43_inconsistent_times_cost_an_attempt_unless_the_clock_was_set_during_the_check() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    for set in [false, true, true] {
        let person = Person::at(&server, cookie.clone()).await;
        let submission = person.sign();
        server.upload(&cookie, "k", &submission).await;
        // By this clock the check has just begun. What takes long was done before, so that it is decided soon.
        let now = clock::now_ms();
        server.execute(format!("update challenges set issued_at = {now} where state = 'issued'").leak()).await;
        if set {
            server.app.clock_steps.read(now + 9500, Instant::now());
        }
        let answer = server.finish(&cookie, "k", &submission).await;
        if set {
            answer.assert_problem(410, "challenge_expired");
        } else {
            assert_eq!(answer.json()["reason"], "transcript_times", "{}", answer.text);
        }
        assert_eq!(server.session(&cookie).await["attempts_left"], 4);
    }
    assert_eq!(server.number("select count(*) from verification_events").await, 1);
    // Other errors, and a valid submission, do not depend on the clock.
    let challenge = server.challenge(&cookie).await;
    let answer = server.submit(&cookie, "k", &worthless(&challenge)).await;
    assert_eq!(answer.json()["attempts_left"], 3, "{}", answer.text);
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k").await.json()["status"], "VERIFIED");
}

#[tokio::test]
async fn the_clocks_of_several_servers_may_differ_a_little() {
    let server = TestServer::start().await;
    let token = server.mailed_token("ann@example.com").await;
    let cookie = server.open_session("jo@example.com").await;
    server.jump_clock(-60_000).await;
    assert_eq!(server.session(&cookie).await["status"], "PENDING");
    assert_eq!(server.post("/verify", None, &json!({ "token": token })).await.status, StatusCode::OK);
}
