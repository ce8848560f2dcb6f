//! The rounds of a prompted challenge: each cue is given for the commitment to the previous round, and each request can be
//! repeated.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::helpers::TestServer;
use crate::submit_steps::worthless;

async fn prompted() -> (TestServer, String, Value) {
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted")]).await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    assert_eq!(challenge["policy"], "prompted");
    (server, cookie, challenge)
}

fn path(challenge: &Value) -> String {
    format!("/api/cue/{}", challenge["challenge_id"].as_str().unwrap())
}

fn end(round: u32, outcome: &str) -> Value {
    json!({ "commitment": { "round": round, "outcome": outcome, "commitment": format!("{round:0>43}") } })
}

#[tokio::test]
async fn each_cue_follows_the_end_of_the_previous_round_and_can_be_fetched_again() {
    let (server, cookie, challenge) = prompted().await;
    let path = path(&challenge);
    let mut before = json!({ "commitment": null });
    for (round, outcome) in ["done", "missed", "done", "done"].into_iter().enumerate() {
        let first = server.post(&path, Some(&cookie), &before).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text);
        assert_eq!((&first.json()["next"], &first.json()["cue"]["round"]), (&json!("cue"), &json!(round)));
        let again = server.post(&path, Some(&cookie), &before).await;
        assert_eq!(again.text, first.text, "the same question gets the same answer");
        before = end(u32::try_from(round).unwrap(), outcome);
    }
    for _ in 0..2 {
        assert_eq!(server.post(&path, Some(&cookie), &before).await.json(), json!({ "next": "complete" }));
    }
    assert_eq!(server.number("select count(*) from challenge_cues where committed_at >= revealed_at").await, 4);
}

#[tokio::test]
async fn a_commitment_cannot_be_changed_skipped_or_made_by_others() {
    let (server, cookie, challenge) = prompted().await;
    let path = path(&challenge);
    server.post(&path, Some(&cookie), &end(0, "done")).await.assert_problem(409, "challenge_round");
    assert_eq!(server.post(&path, Some(&cookie), &json!({ "commitment": null })).await.status, StatusCode::OK);
    server.post(&path, Some(&cookie), &end(1, "done")).await.assert_problem(409, "challenge_round");
    assert_eq!(server.post(&path, Some(&cookie), &end(0, "done")).await.status, StatusCode::OK);
    for other in [end(0, "missed"), json!({ "commitment": null })] {
        server.post(&path, Some(&cookie), &other).await.assert_problem(409, "challenge_round");
    }
    let stranger = server.open_session("other@example.com").await;
    server.post(&path, Some(&stranger), &end(1, "done")).await.assert_problem(404, "challenge_unknown");
    for body in [json!({ "commitment": { "round": 1 } }), end(1, "won")] {
        server.post(&path, Some(&cookie), &body).await.assert_problem(400, "body_malformed");
    }
}

#[tokio::test]
async fn too_many_wrong_gestures_end_the_challenge_and_count_as_one_attempt() {
    let (server, cookie, challenge) = prompted().await;
    let path = path(&challenge);
    let mut before = json!({ "commitment": null });
    for round in 0..=engine::Thresholds::V8.prompted.max_missed {
        assert_eq!(server.post(&path, Some(&cookie), &before).await.json()["next"], "cue");
        before = end(round, "missed");
    }
    assert_eq!(server.post(&path, Some(&cookie), &before).await.json(), json!({ "next": "exhausted" }));
    let body = json!({ "challenge_id": challenge["challenge_id"], "reason": "prompt_missed" });
    let answer = server.post("/api/give-up", Some(&cookie), &body).await;
    assert_eq!((&answer.json()["reason"], &answer.json()["attempts_left"]), (&json!("prompt_missed"), &json!(4)));
}

#[tokio::test]
async fn no_cue_is_given_without_prompts_or_after_the_end() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let first = json!({ "commitment": null });
    server.post(&path(&challenge), Some(&cookie), &first).await.assert_problem(409, "challenge_round");
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    server.post(&path(&challenge), Some(&cookie), &first).await.assert_problem(409, "challenge_used");
}

#[tokio::test]
async fn tones_guide_slow_cameras_and_people_who_ask_for_them_if_the_site_allows() {
    let ask = |rate: u32, tones: bool| json!({ "public_key": crate::helpers::public_key(), "consent": test_client::consent(), "rate": rate, "tone_guided": tones });
    let cases = [
        ("true", 300, false, "prompted"),
        ("true", 300, true, "tone_guided"),
        ("true", 70, false, "tone_guided"),
        ("false", 70, false, "prompted"),
    ];
    for (allowed, rate, tones, expected) in cases {
        let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted"), ("ALLOW_TONE_GUIDED", allowed)]).await;
        let cookie = server.open_session("jo@example.com").await;
        let answer = server.post("/api/challenge", Some(&cookie), &ask(rate, tones)).await;
        assert_eq!(
            (&answer.json()["policy"], &answer.json()["rate"]),
            (&json!(expected), &json!(rate)),
            "{}",
            answer.text
        );
    }
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted"), ("ALLOW_TONE_GUIDED", "false")]).await;
    let cookie = server.open_session("jo@example.com").await;
    server.post("/api/challenge", Some(&cookie), &ask(300, true)).await.assert_problem(422, "tone_guided_refused");
}

#[tokio::test]
async fn people_get_twice_or_ten_times_the_time_and_the_record_says_so() {
    let server = TestServer::with(&[("LIVENESS_TIMEOUT_SECONDS", "70")]).await;
    let cookie = server.open_session("jo@example.com").await;
    let ask = |more_time: Value| json!({ "public_key": crate::helpers::public_key(), "consent": test_client::consent(), "more_time": more_time });
    for (more_time, timeout_ms) in [(1, 70_000), (2, 140_000), (10, 600_000)] {
        let answer = server.post("/api/challenge", Some(&cookie), &ask(json!(more_time))).await;
        let challenge = answer.json();
        assert_eq!(challenge["timeout_ms"], timeout_ms, "{more_time}: {}", answer.text);
        assert_eq!(challenge["expires_in_s"], timeout_ms / 1000 + 90, "{more_time}");
    }
    for more_time in [json!(0), json!(3), json!("2"), json!(-1)] {
        server.post("/api/challenge", Some(&cookie), &ask(more_time)).await.assert_problem(400, "body_malformed");
    }
    let issued = server.post("/api/challenge", Some(&cookie), &ask(json!(2))).await.json();
    let giving_up = json!({ "challenge_id": issued["challenge_id"], "reason": "timeout" });
    server.post("/api/give-up", Some(&cookie), &giving_up).await;
    assert_eq!(server.events().await[0]["details"]["timeout_s"], 140);
}

#[tokio::test]
async fn people_who_cannot_turn_their_head_get_another_challenge_if_the_site_allows() {
    let ask = |no_turn: bool| json!({ "public_key": crate::helpers::public_key(), "consent": test_client::consent(), "no_turn": no_turn });
    // The policy, the setting, what the person asks for, and whether a turn is then asked for.
    let cases = [
        ("prompted", "allow", false, true),
        ("prompted", "allow", true, false),
        ("prompted", "refuse", false, true),
        ("natural", "allow", false, false),
        ("natural", "refuse", true, false),
    ];
    for (policy, setting, no_turn, turn) in cases {
        let server = TestServer::with(&[("CHALLENGE_POLICY", policy), ("TURN_ALTERNATIVE", setting)]).await;
        let cookie = server.open_session("jo@example.com").await;
        let answer = server.post("/api/challenge", Some(&cookie), &ask(no_turn)).await;
        assert_eq!(answer.json()["turn"], turn, "{policy}, {setting}: {}", answer.text);
    }
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted"), ("TURN_ALTERNATIVE", "refuse")]).await;
    let cookie = server.open_session("jo@example.com").await;
    server.post("/api/challenge", Some(&cookie), &ask(true)).await.assert_problem(422, "turn_required");
}
