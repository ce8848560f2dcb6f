//! Starts, settings and uses of keys in the audit trail.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::clock::{self, DAY_MS};
use server::config::Config;
use server::domain::Scope;
use server::{starts, trail};

use super::{get, key, key_with};
use crate::helpers::{ADMIN_KEY, LOG, TestServer};

async fn entries(server: &TestServer, action: &str) -> Vec<Value> {
    let mut entries = server.whole_audit().await;
    entries.retain(|entry| entry["action"] == action);
    entries
}

/// Records a start with these settings.
async fn start(server: &TestServer, settings: &[(&str, &str)]) {
    let data = server.data.path().to_str().unwrap();
    let mut pairs = vec![("DATA_DIR", data), ("DATABASE_URL", server.database.url())];
    pairs.extend_from_slice(settings);
    let config = Config::from_pairs(pairs).unwrap();
    starts::note(&server.app.db, &config, &config.base_url(8080), clock::now_ms()).await.unwrap();
}

async fn assert_sound(server: &TestServer) {
    let report = trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.entries, server.number("select count(*) from audit_entries").await);
}

#[tokio::test]
async fn a_start_is_in_the_trail_with_its_settings_and_what_changed() {
    let server = TestServer::start().await;
    let keys = [("ADMIN_API_KEY", "a-key-that-nobody-must-see"), ("TRAIL_SIGNING_KEY", &"ab".repeat(32))];
    start(&server, &keys).await;
    start(&server, &keys).await;
    assert_eq!(entries(&server, "settings_changed").await, [] as [Value; 0], "nothing changed");
    start(&server, &[keys[1], ("RETENTION_DAYS", "7"), ("ADMIN_API_KEY", "another-key-of-enough-length")]).await;

    let started = entries(&server, "server_started").await;
    assert_eq!(started.len(), 3);
    let (latest, first) = (&started[0]["details"], &started[2]["details"]);
    assert_eq!(latest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&latest["settings"]["RETENTION_DAYS"], &first["settings"]["RETENTION_DAYS"]),
        (&json!("7"), &json!("30"))
    );
    let changed = entries(&server, "settings_changed").await.remove(0)["details"].clone();
    let names: Vec<&String> = changed.as_object().unwrap().keys().collect();
    assert_eq!(names, ["ADMIN_API_KEY", "RETENTION_DAYS", "RETENTION_DAYS_FAILED"]);
    assert_eq!(changed["RETENTION_DAYS"], json!({ "before": "30", "now": "7" }));
    assert!(changed["ADMIN_API_KEY"]["now"].as_str().unwrap().starts_with("digest "), "{changed}");

    assert_sound(&server).await;
    let csv = server.admin("/admin/audit.csv").await.text;
    assert!(csv.contains("server_started") && csv.contains("settings_changed"), "{csv}");
    for secret in ["nobody-must-see", "of-enough-length", &"ab".repeat(32)] {
        assert!(!csv.contains(secret), "{secret}");
    }
    server.execute("update audit_entries set details = '{}' where action = 'settings_changed'").await;
    let report = trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings[0].problem, "the row was changed");
}

#[tokio::test]
async fn the_first_use_of_a_key_in_a_day_is_in_the_trail() {
    let server = TestServer::start().await;
    let ops = key(&server, "ops", &[Scope::Events]).await;
    for _ in 0..3 {
        assert_eq!(get(&server, "/admin/me", ops.expose()).await.status, StatusCode::OK);
    }
    let used = entries(&server, "key_used").await;
    let actors: Vec<&str> = used.iter().map(|entry| entry["actor"].as_str().unwrap()).collect();
    assert_eq!(actors, ["the admin key", &format!("the key ops ({})", ops.id)], "{used:?}");
    assert_eq!(used[1]["details"], json!({ "key": ops.id, "name": "ops" }));
    // A day later.
    let (yesterday, id) = (clock::now_ms() - DAY_MS, ops.id.as_str());
    let sql: &'static str = format!("update admin_keys set last_used_at = {yesterday} where id = '{id}'").leak();
    server.execute(sql).await;
    get(&server, "/admin/me", ops.expose()).await;
    get(&server, "/admin/me", ops.expose()).await;
    assert_eq!(entries(&server, "key_used").await.len(), 3);
    assert_sound(&server).await;
}

#[tokio::test]
async fn a_stranger_who_tries_keys_makes_one_entry_and_no_more() {
    let server = TestServer::start().await;
    let now = clock::now_ms();
    let good = key(&server, "good", &[Scope::Events]).await;
    let over = key_with(&server, "over", &[Scope::Events], |key| key.expires_at = Some(now - 1)).await;
    let old = key_with(&server, "old", &[Scope::Events], |_| {}).await;
    server.execute("update admin_keys set revoked_at = 1 where name = 'old'").await;
    let ask = |key: String, from: String| {
        let request = Request::get("/admin/me").header("x-admin-key", key).header("x-forwarded-for", from);
        server.send(request.body(Body::empty()).unwrap())
    };
    for n in 0..300 {
        let answer = ask(format!("bk_{n:032x}_guess"), format!("203.0.{}.{}", 113 + n % 2, n % 10)).await;
        assert!([403, 429].contains(&answer.status.as_u16()), "{}", answer.text);
    }
    ask(format!("{}x", good.expose()), "198.51.100.1".to_owned()).await.assert_problem(403, "admin_key_wrong");
    ask(over.expose().to_owned(), "198.51.100.1".to_owned()).await.assert_problem(403, "admin_key_wrong");
    ask(old.expose().to_owned(), "198.51.100.2".to_owned()).await.assert_problem(403, "admin_key_wrong");
    // A site's route counts too.
    let request = Request::get("/v1/checks").header("authorization", "Bearer nothing");
    server.send(request.body(Body::empty()).unwrap()).await.assert_problem(403, "key_wrong");
    assert_eq!(entries(&server, "keys_refused").await.len(), 0, "nothing is written for a single request");

    for _ in 0..2 {
        server.app.key_uses.record(&server.app.db, clock::now_ms()).await.unwrap();
    }
    let refused = entries(&server, "keys_refused").await;
    assert_eq!(refused.len(), 1);
    let lines = refused[0]["details"]["refused"].as_array().unwrap();
    let mut known: Vec<(&str, &str)> =
        lines[..3].iter().map(|line| (line["key"].as_str().unwrap(), line["why"].as_str().unwrap())).collect();
    known.sort_unstable();
    let mut expected =
        [(good.id.as_str(), "wrong secret"), (over.id.as_str(), "expired"), (old.id.as_str(), "revoked")];
    expected.sort_unstable();
    assert_eq!(known, expected);
    assert_eq!(lines[3], json!({ "key": null, "why": "unknown", "count": 301, "networks": 11 }));
    assert_sound(&server).await;
    let trail = refused[0].to_string();
    assert!(!trail.contains("203.0.113") && !trail.contains("guess"), "{trail}");
}

#[tokio::test]
async fn what_could_not_be_recorded_is_recorded_later() {
    let server = TestServer::start().await;
    get(&server, "/admin/me", "wrong").await.assert_problem(403, "admin_key_wrong");
    server.execute("alter table audit_entries rename to elsewhere").await;
    assert!(server.app.key_uses.record(&server.app.db, clock::now_ms()).await.is_err());
    assert_eq!(server.admin("/admin/me").await.status, StatusCode::OK, "a key works though its use cannot be recorded");
    assert!(LOG.text().contains("could not be recorded in the trail"));
    server.execute("alter table elsewhere rename to audit_entries").await;
    server.app.key_uses.record(&server.app.db, clock::now_ms()).await.unwrap();
    assert_eq!(entries(&server, "keys_refused").await[0]["details"]["refused"][0]["count"], 1);
}

#[tokio::test]
async fn a_key_in_an_address_is_in_the_trail_once_an_hour() {
    let server = TestServer::start().await;
    let good = key(&server, "good", &[Scope::Events]).await;
    for key in [good.expose(), good.expose(), ADMIN_KEY, ADMIN_KEY] {
        server.get(&format!("/admin/me?key={key}")).await.assert_problem(400, "admin_key_in_query");
    }
    let exposed = entries(&server, "key_exposed").await;
    let actors: Vec<&str> = exposed.iter().map(|entry| entry["actor"].as_str().unwrap()).collect();
    assert_eq!(actors, ["the admin key", &format!("the key good ({})", good.id)]);
}
