//! The operators' routes, compared with the description.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::clock;
use server::domain::Scope;

use super::Description;
use crate::helpers::{ADMIN_KEY, TestServer};
use crate::operators;

const EVENT: &str = "GET /admin/events/{id}";
const BUNDLE: &str = "GET /admin/events/{id}/bundle";
const REVIEW: &str = "POST /admin/events/{id}/review";
const ERASE: &str = "POST /admin/erase";

/// All routes that read, with a key and without.
pub async fn look(api: &mut Description, server: &TestServer) {
    let event = server.events().await.remove(0);
    let (id, picture) = (event["id"].as_str().unwrap(), event["open_capture_ref"].as_str().unwrap());
    let asked = [
        ("GET /admin/captures/{path}", format!("/admin/{picture}")),
        ("GET /admin/captures/{path}", "/admin/captures/none".to_owned()),
        ("GET /admin/me", "/admin/me".to_owned()),
        ("GET /admin/events", "/admin/events".to_owned()),
        ("GET /admin/events", "/admin/events?limit=0".to_owned()),
        ("GET /admin/events", format!("/admin/events?key={ADMIN_KEY}")),
        ("GET /admin/events.csv", "/admin/events.csv".to_owned()),
        (EVENT, "/admin/events/none".to_owned()),
        (BUNDLE, format!("/admin/events/{id}/bundle")),
        ("GET /admin/checks", "/admin/checks".to_owned()),
        ("GET /admin/checks.csv", "/admin/checks.csv".to_owned()),
        ("GET /admin/sites", "/admin/sites".to_owned()),
        ("GET /admin/audit", "/admin/audit".to_owned()),
        ("GET /admin/audit.csv", "/admin/audit.csv".to_owned()),
        ("GET /admin/audit/checkpoint", "/admin/audit/checkpoint".to_owned()),
        ("GET /metrics", "/metrics".to_owned()),
    ];
    for (name, path) in asked {
        api.take(name, &server.admin(&path).await);
        api.take(name, &server.get(&path).await);
    }
    let entries = server.audit().await;
    assert!(entries.iter().any(|entry| entry["action"] == "capture_viewed"), "{entries:?}");

    let verified = look_at(api, server, &event).await;
    assert!(verified["curve"]["cells"].as_array().is_some_and(|cells| !cells.is_empty()), "{verified:#}");
    record_is_described_whole(api, &verified["record"]);
    for event in server.events().await {
        look_at(api, server, &event).await;
    }
    for name in
        ["GET /admin/events", "GET /admin/events.csv", "GET /admin/checks", "GET /admin/checks.csv", "GET /admin/audit"]
    {
        parameters(api, server, name).await;
    }
    page_by_page(api, server).await;
    let metrics = operators::key(server, "grafana", &[Scope::Metrics]).await;
    api.take("GET /admin/me", &operators::get(server, "/admin/me", metrics.expose()).await);
    sign_in(api, server).await;
    let refused = operators::get(server, "/admin/events", metrics.expose()).await;
    refused.assert_problem(403, "admin_scope_missing");
    api.take("GET /admin/events", &refused);
}

/// One event with everything that is stored for it.
pub async fn look_at(api: &mut Description, server: &TestServer, event: &Value) -> Value {
    let answer = server.admin(&format!("/admin/events/{}", event["id"].as_str().unwrap())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    api.take(EVENT, &answer);
    answer.json()
}

/// Reviews the newest event, of a verified user, and then erases the user.
pub async fn act(api: &mut Description, server: &TestServer) {
    let event = server.events().await.remove(0);
    let path = format!("/admin/events/{}", event["id"].as_str().unwrap());
    let (review, bundle) = (format!("{path}/review"), format!("{path}/bundle"));
    for (decision, state) in [("decline", "declined"), ("approve", "approved")] {
        let body = json!({ "decision": decision, "note": "seen" });
        api.post_as_operator(server, REVIEW, &review, &body).await;
        assert_eq!(look_at(api, server, &event).await["review_state"], state);
    }
    let body = json!({ "decision": "approve", "note": " " });
    api.post_as_operator(server, REVIEW, &review, &body).await.assert_problem(422, "note_invalid");
    let stranger = server.post(&review, None, &body).await;
    stranger.assert_problem(401, "admin_key_missing");
    api.take(REVIEW, &stranger);

    // The pictures' retention is over.
    server.execute("update verification_events set created_at = created_at - 3000000000").await;
    server::retention::sweep(&server.app.sweeper(), clock::now_ms()).await.unwrap();
    let gone = server.admin(&bundle).await;
    gone.assert_problem(410, "capture_gone");
    api.take(BUNDLE, &gone);
    let later = look_at(api, server, &event).await;
    assert!(later["timeline"].as_array().unwrap().iter().any(|entry| entry["what"] == "captures_removed"), "{later:#}");

    let body = |dry_run: bool| json!({ "email": "jo@example.com", "dry_run": dry_run });
    for (dry_run, done) in [(true, "would_erase"), (false, "erased")] {
        let answer = api.post_as_operator(server, ERASE, "/admin/erase", &body(dry_run)).await;
        assert!(answer.json()["users"][0][done].is_object(), "{}", answer.text);
    }
    let again = api.post_as_operator(server, ERASE, "/admin/erase", &body(false)).await;
    again.assert_problem(404, "user_unknown");
    let erased = look_at(api, server, &event).await;
    assert_eq!((&erased["user"], &erased["reviews"][0]["note"]), (&Value::Null, &Value::Null));
    let body = json!({ "decision": "approve", "note": "seen" });
    api.post_as_operator(server, REVIEW, &review, &body).await.assert_problem(409, "address_erased");
    let none = server.admin(&bundle).await;
    none.assert_problem(404, "evidence_missing");
    api.take(BUNDLE, &none);
    api.take("GET /admin/events", &server.admin("/admin/events").await);
    api.take("GET /admin/audit", &server.admin("/admin/audit").await);
}

/// Exactly the described parameters are accepted.
async fn parameters(api: &mut Description, server: &TestServer, name: &str) {
    let path = name.strip_prefix("GET ").unwrap();
    let parameters = api.operation(name)["parameters"].as_array().unwrap().clone();
    let parameters: Vec<Value> = parameters.iter().map(|parameter| api.resolved(parameter).clone()).collect();
    for parameter in parameters {
        assert_eq!(parameter["in"], "query", "{name}");
        let (parameter, schema, example) =
            (parameter["name"].as_str().unwrap(), &parameter["schema"], &parameter["example"]);
        api.assert_fits(schema, example, &format!("the example of {parameter}"));
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let answer = server.admin(&format!("{path}?{parameter}={text}")).await;
        assert_eq!(answer.status, 200, "{name}, {parameter}: {}", answer.text);
        api.take(name, &answer);
        for wrong in [format!("{parameter}={text}&{parameter}={text}"), format!("{parameter}=")] {
            let answer = server.admin(&format!("{path}?{wrong}")).await;
            answer.assert_problem(400, "filter_invalid");
            assert_eq!(answer.json()["parameter"], parameter, "{name}");
            api.take(name, &answer);
        }
    }
    let unknown = server.admin(&format!("{path}?none=1")).await;
    unknown.assert_problem(400, "filter_invalid");
    api.take(name, &unknown);
}

/// A page with a next page, and the last page.
async fn page_by_page(api: &mut Description, server: &TestServer) {
    for name in ["GET /admin/events", "GET /admin/audit"] {
        let path = name.strip_prefix("GET ").unwrap();
        let first = server.admin(&format!("{path}?limit=1")).await;
        api.take(name, &first);
        let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
        let rest = server.admin(&format!("{path}?cursor={cursor}")).await;
        api.take(name, &rest);
        assert_eq!(rest.json()["next_cursor"], Value::Null, "{name}");
    }
}

/// Fields of records that this verified one lacks.
const ELSEWHERE: [&str; 7] =
    ["erased", "counted", "uncounted", "concerns_user", "left", "tone_guided_asked", "handoff"];

/// The schema of records allows unknown fields, which other versions may write; all fields of this version are described.
fn record_is_described_whole(api: &Description, record: &Value) {
    for (schema, pointer) in [("Record", ""), ("StripReading", "/strip"), ("CellReading", "/strip/cells/0")] {
        let described = api.document["components"]["schemas"][schema]["properties"].as_object().unwrap();
        let described: BTreeSet<&String> =
            described.keys().filter(|name| !ELSEWHERE.contains(&name.as_str())).collect();
        let written: BTreeSet<&String> = record.pointer(pointer).unwrap().as_object().unwrap().keys().collect();
        assert_eq!(written, described, "{schema}");
    }
}

/// A key with a second factor, and the session that it opens.
async fn sign_in(api: &mut Description, server: &TestServer) {
    const SIGN_IN: &str = "POST /admin/session";
    const SIGN_OUT: &str = "DELETE /admin/session";
    let (key, factor) = operators::key_with_factor(server, "with-code").await;
    let refused = operators::get(server, "/admin/me", key.expose()).await;
    refused.assert_problem(403, "admin_code_required");
    api.take("GET /admin/me", &refused);
    let body = json!({ "code": factor.code(clock::now_ms()) });
    let opened = operators::post(server, "/admin/session", key.expose(), &body).await;
    api.take_answer_to(SIGN_IN, &body, &opened);
    let again = operators::post(server, "/admin/session", key.expose(), &body).await;
    again.assert_problem(403, "admin_code_wrong");
    api.take(SIGN_IN, &again);
    let needless = api.post_as_operator(server, SIGN_IN, "/admin/session", &body).await;
    needless.assert_problem(409, "second_factor_missing");
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    api.take("GET /admin/me", &operators::get(server, "/admin/me", &token).await);
    api.take(SIGN_OUT, &operators::sign_out(server, &token).await);
    let over = operators::sign_out(server, &token).await;
    over.assert_problem(401, "admin_session_over");
    api.take(SIGN_OUT, &over);
}
