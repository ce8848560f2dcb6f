//! Server faults: they are reported as such, verify nobody, count no attempt and lose nothing.

use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use test_client::faults::{FaultReport, FaultTest};

use crate::database::TestDatabase;
use crate::helpers::{TestServer, challenge_body};
use crate::submit_steps::worthless;

#[tokio::test]
async fn a_fault_while_the_outcome_is_written_counts_nothing_and_releases_the_claim() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.execute("alter table verification_events rename to hidden").await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(503, "unavailable");
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "timeout" });
    server.post("/api/give-up", Some(&cookie), &giving_up).await.assert_problem(503, "unavailable");
    assert_eq!(server.text("select status from users").await, "PENDING");
    assert_eq!(server.session(&cookie).await["attempts_left"], 5);
    assert_eq!(server.text("select state from challenges").await, "issued");

    server.execute("alter table hidden rename to verification_events").await;
    let answer = server.submit(&cookie, "k1", &worthless(&challenge)).await;
    assert_eq!((answer.status, &answer.json()["attempts_left"]), (StatusCode::OK, &json!(4)));
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn a_server_fault_leaves_time_to_submit_again() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.execute("alter table verification_events rename to hidden").await;
    // The submission comes so late that the challenge would have expired before it can be sent again.
    server.execute("update challenges set expires_at = issued_at + 2000").await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(503, "unavailable");
    let left = server.number("select expires_at - issued_at from challenges").await;
    assert!(left >= 60_000, "{left}");
}

#[tokio::test]
async fn a_fault_is_reported_as_unavailable_without_its_cause() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    server.app.db.close().await;
    let answer = server.post("/api/challenge", Some(&cookie), &challenge_body("x")).await;
    answer.assert_problem(503, "unavailable");
    for inner in ["pool", "sqlite", "postgres", "database", "closed"] {
        assert!(!answer.text.to_lowercase().contains(inner), "{}", answer.text);
    }
    server.register("jo@example.com").await.assert_problem(503, "unavailable");
    assert_eq!(server.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_claim_whose_process_died_can_be_taken_over_when_its_lease_ends() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server
        .execute(
            "update challenges set state = 'scoring', lease_id = 'dead', idempotency_key = 'k1',
                 lease_until = issued_at + 60000, expires_at = issued_at + 1",
        )
        .await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(409, "submission_in_progress");
    let body = challenge_body(crate::helpers::public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(409, "submission_in_progress");
    server.execute("update challenges set lease_until = issued_at").await;
    let answer = server.submit(&cookie, "k1", &worthless(&challenge)).await;
    assert_eq!((answer.status, &answer.json()["attempts_left"]), (StatusCode::OK, &json!(4)));
}

#[tokio::test]
async fn a_process_that_lost_its_lease_can_no_longer_decide() {
    use server::db::claims::{self, Claim};
    use server::db::{LockScope, sessions};
    use server::domain::{ChallengeId, HashedToken};
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let id = ChallengeId::from_client(challenge["challenge_id"].as_str().unwrap());
    let secret = HashedToken::of(cookie.split_once('=').unwrap().1);
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    let session = sessions::find(&mut tx, &secret).await.unwrap().unwrap();
    let claim = async |tx: &mut server::db::Connection, now: i64| match claims::claim(
        tx,
        &id,
        &session.id,
        Some("k1"),
        now,
        now + 1000,
    )
    .await
    .unwrap()
    {
        Claim::Granted(_, lease) => lease,
        other => panic!("{other:?}"),
    };
    let now = server::clock::now_ms();
    let lost = claim(&mut tx, now).await;
    let held = claim(&mut tx, now + 1000).await;
    assert!(!claims::finish(&mut tx, &id, &lost, "{}", now + 1001).await.unwrap());
    claims::release(&mut tx, &id, &lost, now, now).await.unwrap();
    assert!(claims::finish(&mut tx, &id, &held, "{}", now + 1002).await.unwrap(), "still held");
    assert!(!claims::finish(&mut tx, &id, &held, "{}", now + 1003).await.unwrap(), "once");
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_waits_and_is_sent_later() {
    let server = TestServer::start().await;
    let outbox = server.data.path().join("outbox");
    std::fs::remove_dir(&outbox).unwrap();
    assert_eq!(server.register("jo@example.com").await.status, StatusCode::ACCEPTED);
    let next = server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    assert!(next.unwrap() > server::clock::now_ms(), "it is due later");
    assert_eq!(server.number("select count(*) from mail_outbox where sent_at is null and tries = 1").await, 1);
    std::fs::create_dir(&outbox).unwrap();
    assert!(server.mails().await.is_empty(), "not before its time");
    server.execute("update mail_outbox set next_try_at = 0").await;
    assert_eq!(server.mails().await.len(), 1);
    assert_eq!(server.mails().await.len(), 1, "and only once");
}

#[tokio::test]
async fn a_mail_is_given_up_after_a_day() {
    let server = TestServer::start().await;
    std::fs::remove_dir(server.data.path().join("outbox")).unwrap();
    server.register("jo@example.com").await;
    server.execute("update mail_outbox set created_at = created_at - 86400000").await;
    assert_eq!(server::mail::deliver_due(&server.app.outbox()).await.unwrap(), None);
    assert_eq!(server.number("select count(*) from mail_outbox where given_up_at is not null").await, 1);
}

/// Runs a fault for a short time. `scripts/load --faults` does so for longer, and includes the clock.
fn test_faults(lasts: Duration, run: impl FnOnce(&FaultTest) -> anyhow::Result<FaultReport>) {
    let folder = tempfile::tempdir().unwrap();
    let report = run(&FaultTest {
        program: Path::new(env!("CARGO_BIN_EXE_blinkgate")),
        models: &Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"),
        folder: folder.path(),
        settings: vec![("ENGINE_RUNTIME", "compact")],
        database_url: None,
        lasts,
        people: 3,
        faketime: None,
    });
    let report = report.unwrap();
    assert!(report.problems.is_empty() && !report.faults.is_empty(), "{report:?}");
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn sr_43_an_unreachable_database_makes_users_retry_and_costs_nobody_anything() {
    let database = TestDatabase::postgres();
    test_faults(Duration::from_secs(12), |faults| faults.run_database(database.url()));
}

mod without_postgres {
    use super::*;

    #[test]
    fn sr_43_mails_arrive_once_after_the_mail_server_was_unreachable_and_silent() {
        test_faults(Duration::from_secs(2), |faults| faults.run_mails());
    }
}
