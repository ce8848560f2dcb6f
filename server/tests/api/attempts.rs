//! No attempt is free once it told a cue: given up, replaced or left, it counts for the mailbox, except two an hour and
//! what was a fault of ours. Each leaves one event.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::helpers::{Answer, TestServer, challenge_body, join_all, public_key};
use crate::submit_steps::worthless;

const HOUR_MS: i64 = 3_600_000;

async fn prompted(settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(&[&[("CHALLENGE_POLICY", "prompted")], settings].concat()).await
}

async fn first_cue(server: &TestServer, cookie: &str, challenge: &Value) -> Answer {
    let path = format!("/api/cue/{}", challenge["challenge_id"].as_str().unwrap());
    server.post(&path, Some(cookie), &json!({ "commitment": null })).await
}

/// Gets a challenge and its first cue.
async fn begin(server: &TestServer, cookie: &str) -> Value {
    let challenge = server.challenge(cookie).await;
    assert_eq!(first_cue(server, cookie, &challenge).await.json()["next"], "cue");
    challenge
}

async fn ask(server: &TestServer, cookie: &str) -> Answer {
    server.post("/api/challenge", Some(cookie), &challenge_body(public_key())).await
}

async fn give_up(server: &TestServer, cookie: &str, challenge: &Value, reason: &str) -> Value {
    let body = json!({ "challenge_id": challenge["challenge_id"], "reason": reason });
    let answer = server.post("/api/give-up", Some(cookie), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// Ends the time of every open challenge.
async fn expire(server: &TestServer) {
    server.execute("update challenges set expires_at = issued_at where state = 'issued'").await;
}

async fn sweep(server: &TestServer) {
    server.app.verifier().end_lapsed().await.unwrap();
}

/// The events' reasons and what they say about counting, oldest first.
async fn told(server: &TestServer) -> Vec<(String, Value)> {
    let mut events = server.events().await;
    events.reverse();
    events.into_iter().map(|event| (event["reason"].as_str().unwrap().to_owned(), event["details"].clone())).collect()
}

fn left(how: &str, uncounted: Option<&str>) -> (String, Value) {
    let details = match uncounted {
        None => json!({ "left": how, "counted": true, "timeout_s": 60 }),
        Some(why) => json!({ "left": how, "counted": false, "uncounted": why, "timeout_s": 60 }),
    };
    ("abandoned".to_owned(), details)
}

async fn attempts_left(server: &TestServer, cookie: &str) -> Value {
    server.session(cookie).await["attempts_left"].clone()
}

#[tokio::test]
async fn a_challenge_that_is_replaced_after_its_first_cue_counts_except_two_an_hour() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    for left in [5, 5, 4] {
        begin(&server, &cookie).await;
        assert_eq!(attempts_left(&server, &cookie).await, left);
    }
    assert_eq!(server.text("select status from users").await, "PENDING");
    let old = begin(&server, &cookie).await;
    assert_eq!(attempts_left(&server, &cookie).await, 3, "one was replaced, and the open one is no longer free");
    server.submit(&cookie, "k1", &worthless(&old)).await;
    assert_eq!(attempts_left(&server, &cookie).await, 3, "it counts once");
    let free = left("superseded", Some("free"));
    let mut told = told(&server).await;
    assert_eq!(told.pop().unwrap().1["counted"], true);
    assert_eq!(told, [free.clone(), free, left("superseded", None)]);
    assert_eq!(server.text("select status from users").await, "FAILED");
}

#[tokio::test]
async fn a_challenge_without_a_cue_may_be_left_as_often_as_one_likes() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    for _ in 0..4 {
        server.challenge(&cookie).await;
    }
    expire(&server).await;
    sweep(&server).await;
    let challenge = server.challenge(&cookie).await;
    assert_eq!(give_up(&server, &cookie, &challenge, "cancelled").await["attempts_left"], 5);
    let details = json!({ "counted": false, "uncounted": "no_cue", "timeout_s": 60 });
    assert_eq!(told(&server).await, [("cancelled".to_owned(), details)]);
    assert_eq!(server.number("select count(*) from attempts").await, 0);
}

#[tokio::test]
async fn giving_up_after_a_cue_counts_except_twice_an_hour() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    for (n, left) in [5, 5, 4, 3].into_iter().enumerate() {
        let challenge = begin(&server, &cookie).await;
        let answer = give_up(&server, &cookie, &challenge, "cancelled").await;
        assert_eq!((&answer["reason"], &answer["attempts_left"]), (&json!("cancelled"), &json!(left)));
        let status = if n < 2 { "PENDING" } else { "FAILED" };
        assert_eq!(server.text("select status from users").await, status);
    }
    let counted: Vec<Value> = told(&server).await.into_iter().map(|(_, details)| details["counted"].clone()).collect();
    assert_eq!(counted, [false, false, true, true]);
    server.jump_clock(HOUR_MS).await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = begin(&server, &cookie).await;
    let answer = give_up(&server, &cookie, &challenge, "cancelled").await;
    assert_eq!((&answer["attempts_left"], &answer["cool_down_s"]), (&json!(5), &json!(0)), "an hour later");
}

#[tokio::test]
async fn missed_prompts_and_timeouts_are_never_free() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    for (reason, left) in [("timeout", 4), ("prompt_missed", 3)] {
        let challenge = begin(&server, &cookie).await;
        assert_eq!(give_up(&server, &cookie, &challenge, reason).await["attempts_left"], left);
    }
}

#[tokio::test]
async fn an_attempt_whose_page_never_comes_back_gets_its_event_from_the_sweep_once() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = begin(&server, &cookie).await;
    sweep(&server).await;
    assert!(server.events().await.is_empty(), "it can still be answered");
    expire(&server).await;
    for _ in 0..3 {
        sweep(&server).await;
    }
    assert_eq!(told(&server).await, [left("expired", Some("free"))]);
    let event = &server.events().await[0];
    assert_eq!((&event["status"], &event["challenge_id"]), (&json!("FAILED"), &challenge["challenge_id"]));
    let csv = server.admin("/admin/events.csv").await.text;
    assert!(csv.contains(",FAILED,abandoned,") && csv.contains(r#"""uncounted"":""free"""#), "{csv}");
    let whole = server.admin(&format!("/admin/events/{}", event["id"].as_str().unwrap())).await.json();
    assert_eq!(whole["record"]["counted"], false, "{whole}");
    server.submit(&cookie, "k1", &worthless(&challenge)).await.assert_problem(410, "challenge_expired");
    let body = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
    server.post("/api/give-up", Some(&cookie), &body).await.assert_problem(410, "challenge_expired");
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn an_attempt_that_was_left_is_recorded_when_the_mailbox_is_next_looked_at() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    begin(&server, &cookie).await;
    expire(&server).await;
    server.session(&cookie).await;
    assert_eq!(server.events().await.len(), 1, "by reading the session");
    begin(&server, &cookie).await;
    expire(&server).await;
    // Another session of the same mailbox.
    let other = server.open_session("Jo+x@example.com").await;
    server.challenge(&other).await;
    assert_eq!(told(&server).await, [left("expired", Some("free")), left("expired", Some("free"))]);
    begin(&server, &other).await;
    expire(&server).await;
    let session = server.session(&other).await;
    assert_eq!((&session["attempts_left"], &session["last_reason"]), (&json!(4), &json!("abandoned")));
    assert_eq!(session["status"], "FAILED");
}

#[tokio::test]
async fn free_attempts_and_counted_ones_are_the_mailboxs_whatever_session_or_link_it_uses() {
    let server = prompted(&[]).await;
    let first = server.open_session("jo@example.com").await;
    let challenge = begin(&server, &first).await;
    give_up(&server, &first, &challenge, "cancelled").await;
    let second = server.open_session("JO+other@example.com").await;
    let challenge = begin(&server, &second).await;
    give_up(&server, &second, &challenge, "cancelled").await;
    for left in [4, 3] {
        let challenge = begin(&server, &second).await;
        assert_eq!(give_up(&server, &second, &challenge, "cancelled").await["attempts_left"], left);
    }
    assert_eq!(attempts_left(&server, &first).await, 3);
    let third = server.open_session("jo@example.com").await;
    assert_eq!(attempts_left(&server, &third).await, 3, "a new link brings no new attempts");
    let challenge = begin(&server, &third).await;
    assert_eq!(give_up(&server, &third, &challenge, "timeout").await["attempts_left"], 2);
    let other = server.open_session("ann@example.com").await;
    assert_eq!(attempts_left(&server, &other).await, 5);
}

#[tokio::test]
async fn faults_of_ours_cost_nothing_however_the_attempt_ends() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    // Both free ones are used, so that whatever counted would show.
    for _ in 0..2 {
        let challenge = begin(&server, &cookie).await;
        give_up(&server, &cookie, &challenge, "cancelled").await;
    }
    // The outcome cannot be written; then the person goes away, or starts again, or gives up.
    for end in ["expired", "superseded", "cancelled", "timeout"] {
        let challenge = begin(&server, &cookie).await;
        server.execute("alter table verification_events rename to hidden").await;
        server.submit(&cookie, "k", &worthless(&challenge)).await.assert_problem(503, "unavailable");
        server.execute("alter table hidden rename to verification_events").await;
        match end {
            "expired" => expire(&server).await,
            "superseded" => drop(server.challenge(&cookie).await),
            reason => assert_eq!(give_up(&server, &cookie, &challenge, reason).await["attempts_left"], 5),
        }
        sweep(&server).await;
    }
    // The process that scored it died.
    begin(&server, &cookie).await;
    server
        .execute(
            "update challenges set state = 'scoring', lease_id = 'dead', lease_until = issued_at - 601000
             where state = 'issued'",
        )
        .await;
    sweep(&server).await;
    // The clock was set.
    begin(&server, &cookie).await;
    server.execute("update challenges set issued_at = issued_at + 60000 where state = 'issued'").await;
    server.challenge(&cookie).await;
    let told: Vec<Value> = told(&server).await.into_iter().skip(2).map(|(_, told)| told["uncounted"].clone()).collect();
    assert_eq!(told, ["server_fault"; 6]);
    assert_eq!(attempts_left(&server, &cookie).await, 5);
    assert_eq!(server.number("select count(*) from attempts where ended_as = 'free'").await, 2);
    assert_eq!(server.number("select count(*) from attempts").await, 2, "nor does the day's limit count them");
}

#[tokio::test]
async fn an_attempt_that_a_stop_of_the_server_interrupted_costs_nothing() {
    let server = prompted(&[]).await;
    let cookie = server.open_session("jo@example.com").await;
    begin(&server, &cookie).await;
    let server = server.restarted().await;
    expire(&server).await;
    sweep(&server).await;
    assert_eq!(told(&server).await, [left("expired", Some("server_fault"))]);
    assert_eq!(server.number("select count(*) from attempts").await, 0);
}

#[tokio::test]
async fn the_cool_down_counts_attempts_that_were_left_and_grows_when_it_repeats() {
    let server =
        prompted(&[("COOL_DOWN_FAILURES", "2"), ("MAX_ATTEMPTS", "100"), ("SESSION_TTL_MINUTES", "1440")]).await;
    let cookie = server.open_session("jo@example.com").await;
    for _ in 0..2 {
        let challenge = begin(&server, &cookie).await;
        give_up(&server, &cookie, &challenge, "cancelled").await;
    }
    for minutes in [30, 120, 480, 1440] {
        for left in [1, 0] {
            let challenge = begin(&server, &cookie).await;
            let answer = give_up(&server, &cookie, &challenge, "timeout").await;
            let wait = if left == 0 { minutes * 60 } else { 0 };
            assert_eq!((&answer["attempts_left"], &answer["cool_down_s"]), (&json!(left), &json!(wait)));
        }
        let refused = ask(&server, &cookie).await;
        refused.assert_problem(429, "cooling_down");
        let seconds: i64 = refused.header("retry-after").parse().unwrap();
        assert!((minutes * 60 - 20..=minutes * 60).contains(&seconds), "{seconds}");
        assert_eq!(attempts_left(&server, &cookie).await, 0);
        let past =
            format!("update attempts set began_at = began_at - {0}, ended_at = ended_at - {0}", minutes * 60_000);
        server.execute(past.leak()).await;
        assert_eq!(server.session(&cookie).await["cool_down_s"], 0);
    }
}

#[tokio::test]
async fn a_mailbox_has_only_so_many_attempts_a_day_free_ones_included() {
    let server = prompted(&[("MAX_ATTEMPTS_PER_DAY", "3")]).await;
    let cookie = server.open_session("jo@example.com").await;
    for (reason, left) in [("cancelled", 2), ("timeout", 1), ("cancelled", 0)] {
        let challenge = begin(&server, &cookie).await;
        assert_eq!(give_up(&server, &cookie, &challenge, reason).await["attempts_left"], left);
    }
    let cookie = server.open_session("jo+2@example.com").await;
    let refused = ask(&server, &cookie).await;
    refused.assert_problem(429, "cooling_down");
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    assert!((86_380..=86_400).contains(&seconds), "{seconds}");
    server.execute("update attempts set began_at = began_at - 86400000, ended_at = ended_at - 86400000").await;
    assert_eq!(ask(&server, &cookie).await.status, StatusCode::CREATED, "a day later");
}

#[tokio::test]
async fn no_cue_is_told_to_a_mailbox_that_must_wait() {
    let server = prompted(&[("COOL_DOWN_FAILURES", "1")]).await;
    let first = server.open_session("jo@example.com").await;
    let second = server.open_session("jo+2@example.com").await;
    let waiting = server.challenge(&second).await;
    let challenge = begin(&server, &first).await;
    give_up(&server, &first, &challenge, "timeout").await;
    first_cue(&server, &second, &waiting).await.assert_problem(429, "cooling_down");
    assert_eq!(server.number("select count(*) from challenge_cues").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_looks_at_once_an_attempt_that_was_left_has_one_event() {
    let server = Arc::new(prompted(&[]).await);
    let cookie = server.open_session("jo@example.com").await;
    for round in 1..4 {
        begin(&server, &cookie).await;
        if round < 3 {
            expire(&server).await;
        }
        let looking = (0..18).map(|n| {
            let (server, cookie) = (Arc::clone(&server), cookie.clone());
            tokio::spawn(async move {
                match n % 3 {
                    // A replaced challenge that told no cue leaves nothing.
                    0 if n < 12 => drop(server.challenge(&cookie).await),
                    1 => drop(server.session(&cookie).await),
                    _ => sweep(&server).await,
                }
            })
        });
        join_all(looking.collect()).await.into_iter().for_each(|looked| looked.unwrap());
        assert_eq!(server.events().await.len(), round);
    }
    assert_eq!(attempts_left(&server, &cookie).await, 4, "two were free");
}

#[tokio::test]
async fn tones_that_were_asked_for_without_need_are_noted_in_the_event() {
    let server = prompted(&[]).await;
    for (email, rate, asked, noted) in
        [("a@example.com", 300, true, true), ("b@example.com", 70, true, false), ("c@example.com", 300, false, false)]
    {
        let cookie = server.open_session(email).await;
        let mut body = challenge_body(public_key());
        body["rate"] = json!(rate);
        body["tone_guided"] = json!(asked);
        let challenge = server.post("/api/challenge", Some(&cookie), &body).await.json();
        first_cue(&server, &cookie, &challenge).await;
        give_up(&server, &cookie, &challenge, "timeout").await;
        let event = &server.events().await[0];
        let expected = if noted { json!(true) } else { Value::Null };
        assert_eq!(event["details"]["tone_guided_asked"], expected, "{event}");
    }
    let csv = server.admin("/admin/events.csv").await.text;
    assert_eq!(csv.matches(r#"""tone_guided_asked"":true"#).count(), 1, "{csv}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn users_of_one_mailbox_at_once_get_no_more_first_cues_than_its_limit() {
    let server = Arc::new(prompted(&[("MAX_ATTEMPTS_PER_DAY", "2")]).await);
    let mut waiting = Vec::new();
    for n in 0..6 {
        let cookie = server.open_session(&format!("jo+{n}@example.com")).await;
        let challenge = server.challenge(&cookie).await;
        waiting.push((cookie, challenge));
        server.execute("delete from mail_outbox").await; // the limit on mails
    }
    let asked = waiting.into_iter().map(|(cookie, challenge)| {
        let server = Arc::clone(&server);
        tokio::spawn(async move { first_cue(&server, &cookie, &challenge).await.status.as_u16() })
    });
    let mut statuses: Vec<u16> = join_all(asked.collect()).await.into_iter().map(|asked| asked.unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429, 429, 429]);
}

mod without_postgres {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    #[tokio::test]
    async fn failures_that_were_counted_before_the_upgrade_still_count() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/sqlite");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            if file.ends_with("0012_count_every_attempt.sql") {
                sqlx::raw_sql("insert into counted_failures values ('c', 'k', 7)").execute(&mut db).await.unwrap();
            }
            sqlx::raw_sql(AssertSqlSafe(std::fs::read_to_string(file).unwrap())).execute(&mut db).await.unwrap();
        }
        let rows: Vec<(String, String, i64, i64, String)> =
            sqlx::query_as("select challenge_id, address_key, began_at, ended_at, ended_as from attempts")
                .fetch_all(&mut db)
                .await
                .unwrap();
        assert_eq!(rows, [("c".to_owned(), "k".to_owned(), 7, 7, "counted".to_owned())]);
    }
}
