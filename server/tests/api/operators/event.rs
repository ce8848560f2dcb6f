use axum::http::StatusCode;
use serde_json::{Value, json};
use server::bundle;
use server::clock;
use server::runtime::{Models, Runtime};

use super::post;
use crate::helpers::{ADMIN_KEY, TestServer};
use crate::pixels::Person;
use crate::submit_steps::worthless;

async fn detail(server: &TestServer, id: &Value) -> Value {
    let answer = server.admin(&format!("/admin/events/{}", id.as_str().unwrap())).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{}", answer.text);
    answer.json()
}

fn steps(detail: &Value) -> Vec<&str> {
    let entries = detail["timeline"].as_array().unwrap();
    let times: Vec<&str> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|at| clock::parse_rfc3339(at).is_some()), "{times:?}");
    entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_shows_what_was_claimed_and_what_was_measured() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let listed = server.events().await.remove(0);
    let detail = detail(&server, &listed["id"]).await;
    for (name, value) in listed.as_object().unwrap() {
        assert_eq!(&detail[name], value, "{name}");
    }
    assert_eq!(detail["record"], listed["details"]);
    assert_eq!((&detail["policy"], &detail["user"]), (&json!("natural"), &json!({ "status": "VERIFIED" })));
    assert_eq!(detail["reviews"], json!([]));
    assert_eq!(steps(&detail), ["challenge_issued", "submitted", "decided"]);
    let decided = &detail["timeline"][2];
    assert_eq!((&decided["status"], &decided["reason"]), (&json!("VERIFIED"), &Value::Null));

    let curve = &detail["curve"];
    let frames = curve["frames"].as_array().unwrap();
    assert_eq!(json!(frames.len()), detail["record"]["frames"]);
    assert_eq!(curve["closures"], detail["record"]["closures"]);
    let ears = |value: &Value| ["left", "right"].map(|eye| value[eye].as_f64().unwrap());
    let at = |t: &Value| frames.iter().find(|frame| &frame["t"] == t).unwrap();
    // The portrait's eyes are open in one capture and closed in the other.
    let [open, closed] = ["open", "closed"].map(|name| ears(at(&curve["captures"][name])));
    assert!(open.iter().zip(closed).all(|(open, closed)| open - closed > 0.15), "{open:?} {closed:?}");
    assert_eq!(at(&curve["captures"]["open"])["gate"], "ok");
    let cells = curve["cells"].as_array().unwrap();
    assert_eq!(cells.len(), detail["record"]["strip"]["cells"].as_array().unwrap().len());
    assert!(cells.len() > 12, "{}", cells.len());
    for (cell, scored) in cells.iter().zip(detail["record"]["strip"]["cells"].as_array().unwrap()) {
        assert_eq!(ears(&cell["claimed"]), ears(at(&cell["t"])));
        let [left, right] = ears(&cell["scored"]);
        assert!(((left + right) / 2.0 - scored["ear"].as_f64().unwrap()).abs() < 1e-4, "{cell}");
        assert_eq!(cell["t"], scored["t_ms"]);
    }
}

#[tokio::test]
async fn the_timeline_of_a_prompted_attempt_has_its_cues() {
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted")]).await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let id = challenge["challenge_id"].as_str().unwrap();
    let mut before = json!({ "commitment": null });
    let rounds = engine::Thresholds::V8.prompted.max_missed + 1;
    for round in 0..rounds {
        server.post(&format!("/api/cue/{id}"), Some(&cookie), &before).await;
        before =
            json!({ "commitment": { "round": round, "outcome": "missed", "commitment": format!("{round:0>43}") } });
    }
    server.post(&format!("/api/cue/{id}"), Some(&cookie), &before).await;
    let giving_up = json!({ "challenge_id": id, "reason": "prompt_missed" });
    assert_eq!(server.post("/api/give-up", Some(&cookie), &giving_up).await.status, StatusCode::OK);
    let event = server.events().await.remove(0);
    let detail = detail(&server, &event["id"]).await;
    let steps = steps(&detail);
    assert_eq!((steps[0], steps[steps.len() - 1]), ("challenge_issued", "decided"));
    assert_eq!(steps.iter().filter(|step| **step == "cue_shown").count(), rounds as usize);
    assert_eq!(steps.iter().filter(|step| **step == "cue_committed").count(), rounds as usize);
    let cue = &detail["timeline"][1];
    assert!(
        ["once", "twice", "hold", "turn_left", "turn_right"].contains(&cue["gesture"].as_str().unwrap())
            && cue["delay_ms"].is_u64(),
        "{cue}"
    );
    assert_eq!(detail["timeline"][2]["outcome"], "missed");
    let record = json!({ "counted": true, "timeout_s": 60 });
    assert_eq!((&detail["curve"], &detail["record"]), (&Value::Null, &record));
    assert_eq!(detail["user"], json!({ "status": "FAILED" }));
}

#[tokio::test]
async fn the_bundle_reproduces_the_decision_and_its_download_is_audited() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let event = server.events().await.remove(0);
    let id = event["id"].as_str().unwrap();
    let path = format!("/admin/events/{id}/bundle");
    let answer = server.admin(&path).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/x-tar"));
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"blinkgate-{id}.tar\""));
    let folder = tempfile::tempdir().unwrap();
    tar::Archive::new(answer.bytes.as_slice()).unpack(folder.path()).unwrap();
    let networks = Models::find(Runtime::Tract, None).unwrap().networks();
    let again = bundle::verify(&folder.path().join(format!("blinkgate-{id}")), networks).unwrap();
    assert!(again.same && again.first_difference.is_none(), "{:?}", again.first_difference);
    let entry = server.audit().await.remove(0);
    assert_eq!((&entry["action"], &entry["actor"]), (&json!("bundle_taken"), &json!("the admin key")));
    assert_eq!(entry["details"], json!({ "event": id }));

    // Viewing a picture is listed too.
    assert_eq!(server.capture(&event, "open_capture_ref").await.status, StatusCode::OK);
    let entry = server.audit().await.remove(0);
    assert_eq!((&entry["action"], &entry["details"]["event"]), (&json!("capture_viewed"), &json!(id)));

    // Their retention is over.
    server.execute("update verification_events set created_at = created_at - 3000000000").await;
    server::retention::sweep(&server.app.sweeper(), clock::now_ms()).await.unwrap();
    let audited = server.audit().await.len();
    server.admin(&path).await.assert_problem(410, "capture_gone");
    let after = detail(&server, &event["id"]).await;
    assert_eq!(steps(&after).last(), Some(&"captures_removed"));
    assert!(after["curve"]["frames"].is_array(), "figures outlive pictures");
    assert_eq!(server.audit().await.len(), audited, "nothing was viewed");

    // The retention of everything is over.
    let erased =
        post(&server, "/admin/erase", ADMIN_KEY, &json!({ "email": "jo@example.com", "dry_run": false })).await;
    assert_eq!(erased.status, StatusCode::OK, "{}", erased.text);
    let after = detail(&server, &event["id"]).await;
    assert_eq!((&after["curve"], &after["user"]), (&Value::Null, &Value::Null));
    assert_eq!(after["record"], json!({ "erased": true }));
    server.admin(&path).await.assert_problem(404, "evidence_missing");
}

#[tokio::test]
async fn an_event_without_evidence_says_so_and_an_unknown_one_is_not_found() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    let event = server.events().await.remove(0);
    let detail = detail(&server, &event["id"]).await;
    assert_eq!(steps(&detail), ["challenge_issued", "decided"]);
    assert_eq!((&detail["curve"], &detail["timeline"][1]["reason"]), (&Value::Null, &json!("transcript_header")));
    let bundle = format!("/admin/events/{}/bundle", event["id"].as_str().unwrap());
    server.admin(&bundle).await.assert_problem(404, "evidence_missing");
    for unknown in ["0123456789abcdef0123456789abcdef", "x", "%00", "%ff", "..%2f.."] {
        for behind in ["", "/bundle"] {
            let answer = server.admin(&format!("/admin/events/{unknown}{behind}")).await;
            answer.assert_problem(404, "not_found");
        }
    }
    assert!(server.audit().await.is_empty());
}
