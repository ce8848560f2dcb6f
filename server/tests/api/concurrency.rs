use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use crate::helpers::{Answer, TestServer};
use crate::submit_steps::worthless;

/// Sends 64 submissions of one challenge at once, with the idempotency keys that `key` returns.
async fn all_at_once(
    server: &Arc<TestServer>,
    cookie: &str,
    challenge: &Value,
    key: fn(usize) -> String,
) -> Vec<Answer> {
    let sent: Vec<_> = (0..64)
        .map(|n| {
            let (server, cookie, challenge) = (Arc::clone(server), cookie.to_owned(), challenge.clone());
            tokio::spawn(async move {
                let submission = worthless(&challenge);
                server.upload(&cookie, &key(n), &submission).await;
                loop {
                    // So that the rate limit does not hide a failure.
                    server.refill();
                    let answer = server.finish(&cookie, &key(n), &submission).await;
                    if answer.status != StatusCode::TOO_MANY_REQUESTS {
                        return answer;
                    }
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sr_04_of_64_submissions_at_once_exactly_one_is_decided() {
    let server = Arc::new(TestServer::start().await);
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let mut outcomes = BTreeMap::<String, usize>::new();
    for answer in all_at_once(&server, &cookie, &challenge, |n| format!("key-{n}")).await {
        let body = answer.json();
        let outcome = body["code"].as_str().or(body["status"].as_str()).unwrap().to_owned();
        *outcomes.entry(outcome).or_default() += 1;
    }
    assert_eq!(outcomes.remove("FAILED"), Some(1), "{outcomes:?}");
    // Each upload replaces the previous one, so some find theirs gone.
    let others = ["submission_in_progress", "challenge_used", "upload_incomplete"];
    assert!(outcomes.keys().all(|code| others.contains(&code.as_str())), "{outcomes:?}");
    assert_eq!(server.events().await.len(), 1);
    assert_eq!(server.session(&cookie).await["attempts_left"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_identical_requests_get_one_answer() {
    let server = Arc::new(TestServer::start().await);
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let mut answers = Vec::new();
    for answer in all_at_once(&server, &cookie, &challenge, |_| "one-key".to_owned()).await {
        match answer.status.as_u16() {
            200 => answers.push(answer.text),
            _ => answer.assert_problem(409, "submission_in_progress"),
        }
    }
    assert!(!answers.is_empty() && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(server.events().await.len(), 1);
    assert_eq!(server.session(&cookie).await["attempts_left"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_challenges_leave_one_open_and_count_one_attempt_each() {
    let server = Arc::new(TestServer::start().await);
    let cookie = server.open_session("jo@example.com").await;
    let asked: Vec<_> = (0..12)
        .map(|_| {
            let (server, cookie) = (Arc::clone(&server), cookie.clone());
            tokio::spawn(async move { server.challenge(&cookie).await })
        })
        .collect();
    // All are issued before the first is used: a challenge issued after a decision is another attempt.
    let mut challenges = Vec::new();
    for challenge in asked {
        challenges.push(challenge.await.unwrap());
    }
    let mut decided = 0;
    for challenge in challenges {
        let answer = server.submit(&cookie, "k", &worthless(&challenge)).await;
        match answer.status.as_u16() {
            200 => decided += 1,
            _ => answer.assert_problem(410, "challenge_expired"),
        }
    }
    assert_eq!(decided, 1);
    assert_eq!(server.session(&cookie).await["attempts_left"], 4);
}
