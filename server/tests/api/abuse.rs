//! Limits on repeated requests: mails, links, and the pause after repeated failures.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use server::domain::random_base64url;

use crate::helpers::{Answer, TestServer, challenge_body, own_post, public_key};
use crate::submit_steps::worthless;

const MINUTE_MS: i64 = 60_000;

/// Opens a new link and fails once. Returns the session's cookie.
async fn fail(server: &TestServer, email: &str) -> String {
    let cookie = server.open_session(email).await;
    fail_again(server, &cookie).await;
    cookie
}

async fn fail_again(server: &TestServer, cookie: &str) {
    let challenge = server.challenge(cookie).await;
    assert_eq!(server.submit(cookie, "k", &worthless(&challenge)).await.status, StatusCode::OK);
}

async fn ask(server: &TestServer, cookie: &str) -> Answer {
    server.post("/api/challenge", Some(cookie), &challenge_body(public_key())).await
}

fn register(email: &str, client: &str) -> Request<Body> {
    let request = own_post("/register", None).header("x-forwarded-for", client);
    request.body(Body::from(json!({ "email": email }).to_string())).unwrap()
}

#[tokio::test]
async fn five_failures_over_several_links_start_a_pause_that_a_new_link_does_not_end() {
    let server = TestServer::start().await;
    let first = fail(&server, "jo@example.com").await;
    fail_again(&server, &first).await;
    // Another spelling of the same mailbox counts as the same.
    let second = fail(&server, "JO+other@example.com").await;
    fail_again(&server, &second).await;
    assert_eq!(server.session(&second).await["cool_down_s"], 0);
    fail_again(&server, &second).await;

    let third = server.open_session("jo@example.com").await;
    for cookie in [&second, &third] {
        let refused = ask(&server, cookie).await;
        refused.assert_problem(429, "cooling_down");
        let seconds: i64 = refused.header("retry-after").parse().unwrap();
        assert!((1780..=1801).contains(&seconds), "{seconds}");
        let told = server.session(cookie).await["cool_down_s"].as_i64().unwrap();
        assert!((1780..=1801).contains(&told), "{told}");
    }
    let other = server.open_session("ann@example.com").await;
    assert_eq!(ask(&server, &other).await.status, StatusCode::CREATED, "nobody else has to wait");

    server.execute("update attempts set began_at = began_at - 1800000, ended_at = ended_at - 1800000").await;
    assert_eq!(server.session(&third).await["cool_down_s"], 0);
    assert_eq!(ask(&server, &third).await.status, StatusCode::CREATED, "half an hour later");
}

#[tokio::test]
async fn the_pause_survives_a_restart_and_applies_to_every_server_on_the_database() {
    let server = TestServer::start().await;
    let cookie = fail(&server, "jo@example.com").await;
    for _ in 0..3 {
        fail_again(&server, &cookie).await;
    }
    let server = server.restarted().await;
    fail_again(&server, &cookie).await;
    ask(&server, &cookie).await.assert_problem(429, "cooling_down");
    ask(&server.restarted().await, &cookie).await.assert_problem(429, "cooling_down");
}

#[tokio::test]
async fn only_failures_that_count_lead_to_the_pause() {
    let server = TestServer::with(&[("COOL_DOWN_FAILURES", "2"), ("MAX_ATTEMPTS", "100")]).await;
    let cookie = fail(&server, "jo@example.com").await;
    for _ in 0..3 {
        let challenge = server.challenge(&cookie).await;
        let cancelled = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
        assert_eq!(server.post("/api/give-up", Some(&cookie), &cancelled).await.status, StatusCode::OK);
        // A server fault.
        let challenge = server.challenge(&cookie).await;
        server.execute("alter table verification_events rename to hidden").await;
        server.submit(&cookie, "k", &worthless(&challenge)).await.assert_problem(503, "unavailable");
        server.execute("alter table hidden rename to verification_events").await;
    }
    assert_eq!(server.number("select count(*) from attempts").await, 1);
    let challenge = server.challenge(&cookie).await;
    let timeout = json!({ "challenge_id": challenge["challenge_id"], "reason": "timeout" });
    server.post("/api/give-up", Some(&cookie), &timeout).await;
    ask(&server, &cookie).await.assert_problem(429, "cooling_down");
}

#[tokio::test]
async fn failures_far_apart_lead_to_no_pause() {
    let settings = [
        ("COOL_DOWN_FAILURES", "3"),
        ("COOL_DOWN_WINDOW_MINUTES", "10"),
        ("COOL_DOWN_MINUTES", "60"),
        ("MAX_ATTEMPTS", "100"),
    ];
    let server = TestServer::with(&settings).await;
    let cookie = fail(&server, "jo@example.com").await;
    for _ in 0..3 {
        server.execute("update attempts set began_at = began_at - 301000, ended_at = ended_at - 301000").await;
        fail_again(&server, &cookie).await;
    }
    assert_eq!(ask(&server, &cookie).await.status, StatusCode::CREATED);
    fail_again(&server, &cookie).await;
    ask(&server, &cookie).await.assert_problem(429, "cooling_down");
}

#[tokio::test]
async fn a_verified_user_has_no_pause() {
    let server = TestServer::with(&[("COOL_DOWN_FAILURES", "1")]).await;
    let cookie = fail(&server, "jo@example.com").await;
    ask(&server, &cookie).await.assert_problem(429, "cooling_down");
    server.execute("update users set status = 'VERIFIED'").await;
    ask(&server, &cookie).await.assert_problem(409, "already_verified");
    let session = server.session(&cookie).await;
    assert_eq!((&session["status"], &session["cool_down_s"]), (&json!("VERIFIED"), &json!(0)));
}

#[tokio::test]
async fn the_pause_can_be_switched_off() {
    let server = TestServer::with(&[("COOL_DOWN_FAILURES", "0"), ("MAX_ATTEMPTS", "100")]).await;
    let cookie = fail(&server, "jo@example.com").await;
    for _ in 0..8 {
        fail_again(&server, &cookie).await;
    }
    assert_eq!(ask(&server, &cookie).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn one_clients_challenges_are_limited_across_sessions() {
    let server = TestServer::start().await;
    let mut cookies = Vec::new();
    for n in 0..6 {
        cookies.push(server.open_session(&format!("jo{n}@example.com")).await);
    }
    for cookie in &cookies[..5] {
        for _ in 0..30 {
            server.challenge(cookie).await;
        }
    }
    // One more is allowed every four seconds.
    let mut more = 0;
    while ask(&server, &cookies[5]).await.status == StatusCode::CREATED {
        more += 1;
    }
    assert!(more < 25, "{more}");
    ask(&server, &cookies[5]).await.assert_problem(429, "too_many_requests");
}

#[tokio::test]
async fn sr_21_guessing_tokens_finds_none_and_is_slowed_down() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let mut outcomes = BTreeMap::<String, u32>::new();
    for _ in 0..10_000 {
        let answer = server.post("/verify", None, &json!({ "token": random_base64url() })).await;
        *outcomes.entry(answer.json()["code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let refused = outcomes["too_many_requests"];
    assert_eq!(outcomes["token_unknown"] + refused, 10_000, "{outcomes:?}");
    // Ten at once, and one more for every six seconds that the test takes.
    assert!((10..=100).contains(&outcomes["token_unknown"]), "{outcomes:?}");
    assert_eq!(server.number("select count(*) from capture_sessions").await, 0);
    let good = server.post("/verify", None, &json!({ "token": token })).await;
    assert_eq!(good.status, StatusCode::OK, "a valid link opens, whatever else its network has tried");
}

/// Rows added to each table.
fn rows_added(
    before: &BTreeMap<String, Vec<String>>,
    after: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, usize> {
    let added = after
        .iter()
        .map(|(table, rows)| (table.clone(), rows.iter().filter(|row| !before[table].contains(row)).count()));
    added.filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn sr_22_known_unknown_verified_and_limited_addresses_get_the_same_answer_for_the_same_work() {
    let server = TestServer::start().await;
    for email in ["known@example.com", "verified@example.com", "failed@example.com", "limited@example.com"] {
        server.register(email).await;
    }
    server.execute("update users set status = 'VERIFIED' where email = 'verified@example.com'").await;
    server.execute("update users set status = 'FAILED' where email = 'failed@example.com'").await;
    server.execute("update mail_outbox set created_at = created_at - 120000").await;
    server.register("limited@example.com").await;
    let mut seen = Vec::new();
    for email in [
        "unknown@example.com",
        "known@example.com",
        "verified@example.com",
        "failed@example.com",
        "limited@example.com",
    ] {
        let before = server.contents().await;
        let mut answer = server.register(email).await;
        let mut added = rows_added(&before, &server.contents().await);
        // The statement that marks an address as known is the same for all; only its row differs.
        assert_eq!(added.remove("users").is_some(), email == "unknown@example.com");
        // The same statement writes the count of all mails, whether it grows or not.
        added.remove("mails_by_minute");
        assert_eq!(added, [("mail_outbox".to_owned(), 1)].into(), "{email}");
        answer.headers.remove("x-request-id");
        seen.push((answer.status, format!("{:?}", answer.headers), answer.text));
    }
    assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn sr_23_a_mailbox_gets_three_mails_an_hour_whoever_asks() {
    let server = TestServer::start().await;
    let spellings = ["jo@example.com", "JO@example.com", "jo+1@example.com", "Jo+2@Example.com"];
    for n in 0..1000 {
        // Within the hour, so that not only the pause between two mails holds them back.
        if n % 100 == 99 {
            server.execute("update mail_outbox set created_at = created_at - 60000").await;
        }
        let client = format!("10.{}.{}.9", n % 200 / 100, n % 100);
        let answer = server.send(register(spellings[n % 4], &client)).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, r#"{"status":"sent"}"#));
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    }
    assert_eq!(server.mails().await.len(), 3);
    assert_eq!(server.number("select count(*) from verification_tokens").await, 3);
    server.execute("update mail_outbox set created_at = created_at - 3600000").await;
    server.send(register("jo@example.com", "10.0.9.9")).await;
    assert_eq!(server.mails().await.len(), 4, "an hour later there is another");
    let held_back = "select count(*) from mail_outbox where given_up_at is not null";
    assert_eq!(server.number(held_back).await, 0, "held-back mails are not stored");
    for email in ["jo@example.com\r\nBcc: x@y.zz", "jo\n@example.com", "jo@example.com\r\nx"] {
        server.register(email).await.assert_problem(422, "email_invalid");
    }
}

#[tokio::test]
async fn a_mailbox_gets_one_mail_a_minute() {
    let server = TestServer::start().await;
    for _ in 0..4 {
        assert_eq!(server.register("jo@example.com").await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(server.mails().await.len(), 1);
    server.jump_clock(MINUTE_MS).await;
    server.register("jo@example.com").await;
    assert_eq!(server.mails().await.len(), 2);
}

#[tokio::test]
async fn the_limit_of_all_mails_is_reported_to_everybody_alike() {
    let server = TestServer::with(&[("MAILS_PER_HOUR", "3")]).await;
    for n in 0..3 {
        server.register(&format!("jo{n}@example.com")).await;
    }
    for email in ["jo0@example.com", "new@example.com"] {
        server.register(email).await.assert_problem(429, "too_many_requests");
    }
    assert_eq!((server.mails().await.len(), server.number("select count(*) from users").await), (3, 3));
    assert_eq!(server.number("select cast(sum(mails) as bigint) from mails_by_minute").await, 3);
    server.execute("update mails_by_minute set began_at = began_at - 3660000").await;
    assert_eq!(server.register("new@example.com").await.status, StatusCode::ACCEPTED);
}
