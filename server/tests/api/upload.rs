//! Uploads in chunks, and everything that can go wrong with them.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};
use test_client::{CHUNK, SubmissionParts};

use crate::helpers::{TestServer, own_post};
use crate::submit_steps::{chunk, worthless};

/// A submission whose parts are as large as allowed, and the session to send it in.
async fn largest(server: &TestServer) -> (String, SubmissionParts) {
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
    (
        cookie,
        SubmissionParts {
            transcript: vec![b'x'; 24_000],
            open: vec![b'y'; 28_000],
            closed: vec![b'z'; 28_000],
            strip: vec![b'w'; 40_000],
            ..submission
        },
    )
}

async fn nothing_was_counted(server: &TestServer, cookie: &str) {
    assert_eq!(server.session(cookie).await["attempts_left"], 5);
    assert_eq!(server.text("select status from users where email = 'jo@example.com'").await, "PENDING");
    assert!(server.events().await.is_empty());
}

async fn chunks(server: &TestServer) -> i64 {
    server.number("select count(*) from upload_chunks").await
}

#[tokio::test]
async fn an_upload_reports_its_progress_and_is_decided_when_it_is_complete() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    let bytes = submission.bytes();
    assert_eq!(server.received(&cookie, "k1", &submission).await.json(), json!({ "received": 0 }));
    let (mut sent, mut sizes) = (0, [CHUNK, 1, 7000].into_iter().cycle());
    while sent < bytes.len() {
        server.finish(&cookie, "k1", &submission).await.assert_problem(409, "upload_incomplete");
        let end = bytes.len().min(sent + sizes.next().unwrap());
        let answer = server.append(&cookie, "k1", &submission, sent as u64, &bytes[sent..end]).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "received": end })));
        assert_eq!(server.received(&cookie, "k1", &submission).await.json(), json!({ "received": end }));
        sent = end;
    }
    nothing_was_counted(&server, &cookie).await;
    let answer = server.finish(&cookie, "k1", &submission).await;
    assert_eq!((answer.status, &answer.json()["reason"]), (StatusCode::OK, &json!("transcript_header")));
    assert_eq!(chunks(&server).await, 0, "a decided upload is not kept");
    assert_eq!(server.finish(&cookie, "k1", &submission).await.text, answer.text);
    server.append(&cookie, "k1", &submission, 0, b"more").await.assert_problem(409, "challenge_used");
    server.received(&cookie, "k1", &submission).await.assert_problem(409, "challenge_used");
}

#[tokio::test]
async fn a_chunk_out_of_place_changes_nothing() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    let bytes = submission.bytes();
    server.append(&cookie, "k1", &submission, 1, &bytes[..10]).await.assert_problem(409, "upload_offset");
    server.append(&cookie, "k1", &submission, 0, &bytes[..10]).await;
    for start in [0, 9, 11, 70_000] {
        server.append(&cookie, "k1", &submission, start, &bytes[..10]).await.assert_problem(409, "upload_offset");
    }
    assert_eq!(server.received(&cookie, "k1", &submission).await.json()["received"], 10);
    nothing_was_counted(&server, &cookie).await;
}

#[tokio::test]
async fn a_new_key_replaces_the_previous_upload() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
    server.upload(&cookie, "k1", &submission).await;
    assert_eq!(server.received(&cookie, "k2", &submission).await.json()["received"], 0);
    server.append(&cookie, "k2", &submission, 5, b"more").await.assert_problem(409, "upload_offset");
    server.finish(&cookie, "k2", &submission).await.assert_problem(409, "upload_incomplete");
    server.append(&cookie, "k2", &submission, 0, b"other").await;
    assert_eq!(chunks(&server).await, 1, "one upload for a challenge");
    server.finish(&cookie, "k1", &submission).await.assert_problem(409, "upload_incomplete");
    assert_eq!(server.submit(&cookie, "k3", &submission).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_else_can_send_or_see_an_upload() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    server.append(&cookie, "k1", &submission, 0, b"mine").await;
    let stranger = server.open_session("mallory@example.com").await;
    server.append(&stranger, "k1", &submission, 4, b"theirs").await.assert_problem(404, "challenge_unknown");
    server.append(&stranger, "k1", &submission, 0, b"theirs").await.assert_problem(404, "challenge_unknown");
    server.received(&stranger, "k1", &submission).await.assert_problem(404, "challenge_unknown");
    server.finish(&stranger, "k1", &submission).await.assert_problem(404, "challenge_unknown");
    let nameless = chunk(&submission, None, "k1", 4, b"theirs");
    server.send(nameless).await.assert_problem(401, "session_missing");
    let mut foreign = chunk(&submission, Some(&cookie), "k1", 4, b"theirs");
    foreign.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
    server.send(foreign).await.assert_problem(403, "origin_refused");
    assert_eq!(server.received(&cookie, "k1", &submission).await.json()["received"], 4);
}

#[tokio::test]
async fn a_challenge_that_is_over_takes_no_more_bytes_and_counts_no_attempt() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    server.append(&cookie, "k1", &submission, 0, b"some").await;
    server.execute("update challenges set expires_at = issued_at").await;
    server.append(&cookie, "k1", &submission, 4, b"more").await.assert_problem(410, "challenge_expired");
    server.received(&cookie, "k1", &submission).await.assert_problem(410, "challenge_expired");
    server.finish(&cookie, "k1", &submission).await.assert_problem(410, "challenge_expired");
    nothing_was_counted(&server, &cookie).await;
    assert_eq!(chunks(&server).await, 1);
    server::verification::discard_stale(&server.app.db).await.unwrap();
    assert_eq!(chunks(&server).await, 0, "it is removed without a request");

    let next = worthless(&server.challenge(&cookie).await);
    server.append(&cookie, "k2", &next, 0, b"some").await;
    server.challenge(&cookie).await;
    assert_eq!(chunks(&server).await, 0, "a new challenge replaces the previous one");
    let last = worthless(&server.challenge(&cookie).await);
    server.append(&cookie, "k3", &last, 0, b"some").await;
    let giving_up = json!({ "challenge_id": last.challenge, "reason": "cancelled" });
    server.post("/api/give-up", Some(&cookie), &giving_up).await;
    assert_eq!(chunks(&server).await, 0);
    assert_eq!(server.session(&cookie).await["attempts_left"], 5);
}

#[tokio::test]
async fn an_upload_that_waits_for_its_decision_is_not_swept_away() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    server.append(&cookie, "k1", &submission, 0, b"some").await;
    for state in [
        "update challenges set expires_at = expires_at",
        "update challenges set state = 'scoring', lease_until = issued_at + 60000",
        "update challenges set lease_until = issued_at",
    ] {
        server.execute(state).await;
        server::verification::discard_stale(&server.app.db).await.unwrap();
        assert_eq!(chunks(&server).await, 1, "{state}");
    }
}

#[tokio::test]
async fn an_upload_that_is_too_large_is_refused_and_not_counted() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    let bytes = vec![b'x'; CHUNK + 1];
    server.append(&cookie, "k1", &submission, 0, &bytes).await.assert_problem(413, "too_large");
    assert_eq!(chunks(&server).await, 0);
    for start in (0..7).map(|chunk| chunk * CHUNK as u64) {
        assert_eq!(server.append(&cookie, "k1", &submission, start, &bytes[..CHUNK]).await.status, StatusCode::OK);
    }
    let sent = 7 * CHUNK as u64;
    server.append(&cookie, "k1", &submission, sent, &bytes[..6000]).await.assert_problem(413, "too_large");
    server.append(&cookie, "k1", &submission, u64::MAX, b"x").await.assert_problem(413, "too_large");
    for (part, length) in
        [("transcript", 24_001), ("open", 28_001), ("closed", 28_001), ("strip", 40_001), ("strip", usize::MAX)]
    {
        let mut lengths = submission.lengths();
        lengths[part] = json!(length);
        let request = own_post(&submission.path(), Some(&cookie)).header("idempotency-key", "k1");
        let request = request.body(Body::from(lengths.to_string())).unwrap();
        server.send(request).await.assert_problem(413, "too_large");
    }
    nothing_was_counted(&server, &cookie).await;
    assert_eq!(
        server.submit(&cookie, "k2", &submission).await.status,
        StatusCode::OK,
        "the limits themselves are allowed"
    );
}

#[tokio::test]
async fn malformed_requests_are_refused_and_not_counted() {
    type Change = fn(&mut Request<Body>);
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    let of_chunk: [(&str, Change, u16, &str); 9] = [
        ("JSON", |r| set(r, "content-type", "application/json"), 415, "content_type"),
        ("a form", |r| set(r, "content-type", "multipart/form-data; boundary=seam"), 415, "content_type"),
        ("no offset", |r| _ = r.headers_mut().remove("upload-offset"), 422, "submission_malformed"),
        ("an offset with a sign", |r| set(r, "upload-offset", "+0"), 422, "submission_malformed"),
        ("a negative offset", |r| set(r, "upload-offset", "-1"), 422, "submission_malformed"),
        ("a huge offset", |r| set(r, "upload-offset", "99999999999999999999"), 422, "submission_malformed"),
        ("no key", |r| _ = r.headers_mut().remove("idempotency-key"), 422, "submission_malformed"),
        ("a key with a space", |r| set(r, "idempotency-key", "with space"), 422, "submission_malformed"),
        ("no bytes", |r| *r.body_mut() = Body::empty(), 422, "submission_malformed"),
    ];
    for (what, change, status, code) in of_chunk {
        let mut request = chunk(&submission, Some(&cookie), "k1", 0, b"bytes");
        change(&mut request);
        let answer = server.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (status, Some(code)), "{what}");
    }
    let long = "k".repeat(65);
    for key in ["", "käse", long.as_str()] {
        let mut request = chunk(&submission, Some(&cookie), "k1", 0, b"bytes");
        request.headers_mut().insert("idempotency-key", HeaderValue::from_bytes(key.as_bytes()).unwrap());
        server.send(request).await.assert_problem(422, "submission_malformed");
    }
    for body in ["", "{}", r#"{"transcript":1,"open":1}"#, r#"{"transcript":1,"open":1,"closed":-1}"#] {
        let request = own_post(&submission.path(), Some(&cookie)).header("idempotency-key", "k1");
        server.send(request.body(Body::from(body)).unwrap()).await.assert_problem(400, "body_malformed");
    }
    let mut with_more: Value = submission.lengths();
    with_more["film"] = json!(0);
    let request = own_post(&submission.path(), Some(&cookie)).header("idempotency-key", "k1");
    server.send(request.body(Body::from(with_more.to_string())).unwrap()).await.assert_problem(400, "body_malformed");
    assert_eq!(chunks(&server).await, 0);
    nothing_was_counted(&server, &cookie).await;
}

#[tokio::test]
async fn chunks_cannot_be_sent_without_end() {
    let server = TestServer::start().await;
    let (cookie, submission) = largest(&server).await;
    // The limit refills a little meanwhile.
    for start in 0..440 {
        let answer = server.append(&cookie, "k1", &submission, start, b"x").await;
        if answer.status != StatusCode::OK {
            assert!(start >= 400, "refused after {start}");
            return answer.assert_problem(429, "too_many_requests");
        }
    }
    panic!("440 chunks were taken");
}

fn set(request: &mut Request<Body>, name: &'static str, value: &'static str) {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
}
