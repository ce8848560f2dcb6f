//! Workers that spin, hang, crash or break the protocol: what happens to them, to the submission, and to the next one.

use std::path::Path;
use std::time::Duration;

use axum::http::{StatusCode, header};
use engine::prompt::Policy;
use engine::{Decision, Issued, Reason, Terms, Verdict};
use serde_json::json;
use server::scoring::{Capacity, Program, ScoringError, ScoringPool, WorkerLimits};
use server::submission::Upload;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::helpers::{TestServer, join_all, start_scoring, this_program};
use crate::submit_steps::worthless;

mod without_postgres;

/// A pool of one worker that misbehaves on command.
struct Stage {
    folder: TempDir,
    pool: ScoringPool,
}

impl Stage {
    fn new(limits: WorkerLimits) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let path = Path::new(env!("CARGO_BIN_EXE_blinkgate")).with_file_name("examples").join("bad_worker");
        assert!(path.exists(), "{} is built with the whole workspace's tests", path.display());
        let models_dir = Some(folder.path().to_owned());
        let pool = start_scoring(Program { path, models_dir, limits, ..this_program() }, 1);
        Stage { folder, pool }
    }

    /// Sets what the worker does with the next submissions; it rejects later ones with `no_blink`.
    fn will(&self, acts: &[&str]) {
        let lines: String = acts.iter().map(|act| format!("{act}\n")).collect();
        std::fs::write(self.folder.path().join("acts"), lines).unwrap();
    }

    /// Sends submissions until no more are admitted.
    fn fill(&self) -> Vec<JoinHandle<Result<Decision, ScoringError>>> {
        let send = |pool: ScoringPool, permit| {
            let (issued, upload) = submission();
            tokio::spawn(async move { pool.decide(&issued, &upload, permit).await })
        };
        std::iter::from_fn(|| self.pool.try_admit()).map(|permit| send(self.pool.clone(), permit)).collect()
    }

    async fn decide(&self) -> Result<Decision, ScoringError> {
        let (issued, upload) = submission();
        self.pool.decide(&issued, &upload, self.pool.try_admit().unwrap()).await
    }

    #[track_caller]
    fn assert_all_was_done(&self) {
        assert_eq!(std::fs::read_to_string(self.folder.path().join("acts")).unwrap(), "");
    }
}

fn submission() -> (Issued, Upload) {
    let terms = Terms {
        audience: "https://check.example".into(),
        challenge_id: "c".into(),
        nonce: "n".into(),
        attempt: 1,
        timeout_ms: 1000,
        thresholds: "v8".into(),
        policy: Policy::Natural,
        turn: false,
        rate: 300,
        consent: engine::transcript::consent_hash("what people are told"),
    };
    let issued = Issued { terms, public_key: [0; 32], rounds: Vec::new(), elapsed_ms: 0 };
    let upload = Upload {
        transcript: b"transcript".to_vec(),
        open: vec![1; 20_000],
        closed: vec![2; 20_000],
        strip: vec![3; 30_000],
    };
    (issued, upload)
}

/// Short limits, to keep the tests short.
fn hasty() -> WorkerLimits {
    WorkerLimits { cpu_s: 1, wall: Duration::from_secs(10), ..WorkerLimits::USUAL }
}

const NO_BLINK: Verdict = Verdict::Rejected(Reason::NoBlink);

#[tokio::test]
async fn sr_26_spinning_twice_costs_an_attempt_and_crashing_costs_none() {
    let stage = Stage::new(hasty());
    let pool = stage.pool.clone();
    let server = TestServer::changed(&[], |app| app.scoring = pool).await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    stage.will(&["crash", "crash"]);
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(503, "unavailable");
    assert_eq!(server.session(&cookie).await["attempts_left"], 5);
    assert!(server.events().await.is_empty());
    stage.will(&["spin", "spin"]);
    let answer = server.submit(&cookie, "k1", &worthless(&challenge)).await.json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!("capture_damaged")));
    assert_eq!(answer["attempts_left"], 4);
    let event = &server.events().await[0];
    assert_eq!((&event["reason"], &event["details"]["models"]), (&json!("capture_damaged"), &json!("models")));
    stage.assert_all_was_done();
}

#[tokio::test]
async fn sr_39_beyond_capacity_submissions_are_rejected_and_lose_nothing() {
    let stage = Stage::new(WorkerLimits::USUAL);
    stage.will(&["slow"; 20]);
    let pool = stage.pool.clone();
    let server = TestServer::changed(&[], |app| app.scoring = pool).await;
    let mut people = Vec::new();
    // One is scored while four wait; four times as many are sent.
    for n in 0..20 {
        let cookie = server.open_session(&format!("person-{n}@example.com")).await;
        let submission = worthless(&server.challenge(&cookie).await);
        server.upload(&cookie, "k1", &submission).await;
        people.push((cookie, submission));
    }
    let mut sent: Vec<_> = people.iter().map(|(cookie, submission)| server.finish(cookie, "k1", submission)).collect();
    let last = sent.split_off(19);
    let (answers, health, last) = tokio::join!(join_all(sent), server.get("/health"), join_all(last));
    assert_eq!(health.status, StatusCode::OK);
    let mut decided = 0;
    for (answer, (cookie, submission)) in answers.iter().chain(&last).zip(&people) {
        let before = match answer.status {
            StatusCode::OK => {
                decided += 1;
                4
            }
            _ => {
                answer.assert_problem(503, "busy");
                5
            }
        };
        assert_eq!(server.session(cookie).await["attempts_left"], before, "{}", answer.text);
        let again = server.finish(cookie, "k1", submission).await;
        assert_eq!((again.status, &again.json()["attempts_left"]), (StatusCode::OK, &json!(4)));
    }
    assert!((5..20).contains(&decided), "{decided} were decided");
    assert_eq!(server.events().await.len(), 20, "each once");
}

#[tokio::test]
async fn sr_39_repeated_rejections_hit_no_rate_limit() {
    let stage = Stage::new(hasty());
    stage.will(&["hang"; 5]);
    let pool = stage.pool.clone();
    let server = TestServer::changed(&[], |app| app.scoring = pool).await;
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
    server.upload(&cookie, "k1", &submission).await;
    let others = stage.fill();
    // More often than a session has submissions.
    for _ in 0..50 {
        server.finish(&cookie, "k1", &submission).await.assert_problem(503, "busy");
    }
    assert_eq!(server.session(&cookie).await["attempts_left"], 5);
    others.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn sr_39_uploads_that_can_wait_are_rejected_early_and_urgent_ones_are_accepted() {
    let stage = Stage::new(hasty());
    stage.will(&["hang"; 5]);
    let pool = stage.pool.clone();
    let server = TestServer::changed(&[], |app| app.scoring = pool).await;
    let mut people = Vec::new();
    for n in 0..3 {
        let cookie = server.open_session(&format!("person-{n}@example.com")).await;
        let submission = worthless(&server.challenge(&cookie).await);
        people.push((cookie, submission));
    }
    let [(first, first_parcel), (second, second_parcel), (late, late_parcel)] = &people[..] else { unreachable!() };
    let others = stage.fill();
    // The pool is full but not overloaded: it may have room by the time the upload is complete.
    let bytes = first_parcel.bytes();
    let (begin, rest) = bytes.split_at(2);
    server.append(first, "k1", first_parcel, 0, begin).await.json();
    (0..50).for_each(|_| _ = stage.pool.reject());
    let refused = server.append(second, "k1", second_parcel, 0, &second_parcel.bytes()[..2]).await;
    refused.assert_problem(503, "busy");
    let pause: u32 = refused.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((3..=20).contains(&pause), "{pause} s");
    assert_eq!(server.received(second, "k1", second_parcel).await.json()["received"], 0);
    assert_eq!(server.session(second).await["attempts_left"], 5);
    assert_eq!(server.append(first, "k1", first_parcel, 2, rest).await.json()["received"], bytes.len());
    server.finish(first, "k1", first_parcel).await.assert_problem(503, "busy");
    // A challenge that expires soon is accepted, and extended until there is room.
    server
        .execute(
            "update challenges set expires_at = issued_at + 20000
             where user_id = (select id from users where email = 'person-2@example.com')",
        )
        .await;
    server.upload(late, "k1", late_parcel).await;
    server.finish(late, "k1", late_parcel).await.assert_problem(503, "busy");
    let lasts = server.number("select min(expires_at - issued_at) from challenges").await;
    assert!(lasts > 20_000, "{lasts}");
    others.iter().for_each(JoinHandle::abort);
}
