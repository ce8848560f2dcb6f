use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::clock;
use server::domain::Scope;
use server::routes::{Access, routes};

use super::{get, key, key_with};
use crate::helpers::{ADMIN_KEY, Answer, LOG, TestServer, own_post};
use crate::process::{assert_fails, blinkgate};

const HOUR: i64 = 3_600_000;

/// A request that every operator route understands; the result does not matter.
async fn ask(server: &TestServer, path: &str, method: &axum::http::Method, key: &str) -> Answer {
    let path = path.replace("{id}", "0123").replace("{*path}", "x");
    let body = if path.ends_with("/erase") { r#"{"email":"jo@example.com","dry_run":true}"# } else { "{}" };
    let request = own_post(&path, None).method(method.clone()).header("authorization", format!("Bearer {key}"));
    server.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_name_and_nothing_else() {
    let server = TestServer::start().await;
    let keys: Vec<_> = {
        let mut keys = Vec::new();
        for scope in Scope::ALL {
            keys.push((scope, key(&server, scope.name(), &[scope]).await));
        }
        keys
    };
    let two = key(&server, "two", &[Scope::Events, Scope::Metrics]).await;
    let none = key(&server, "none", &[]).await;
    let mut opened = 0;
    for route in routes() {
        let Access::Admin(needed) = route.access else { continue };
        let name = format!("{} {}", route.method, route.path);
        let is_open = |answer: &Answer| ![401, 403, 429].contains(&answer.status.as_u16());
        for (scope, key) in &keys {
            let answer = ask(&server, route.path, &route.method, key.expose()).await;
            if needed.is_none_or(|needed| needed == *scope) {
                assert!(is_open(&answer), "{name} with {scope:?}: {}", answer.text);
                opened += 1;
            } else {
                answer.assert_problem(403, "admin_scope_missing");
            }
        }
        let answer = ask(&server, route.path, &route.method, two.expose()).await;
        assert_eq!(
            is_open(&answer),
            needed.is_none_or(|needed| [Scope::Events, Scope::Metrics].contains(&needed)),
            "{name}"
        );
        assert_eq!(is_open(&ask(&server, route.path, &route.method, none.expose()).await), needed.is_none(), "{name}");
        assert!(is_open(&ask(&server, route.path, &route.method, ADMIN_KEY).await), "{name}");
    }
    assert!(opened >= 10, "{opened}");
    assert_eq!(
        get(&server, "/admin/me", two.expose()).await.json(),
        json!({ "name": "two", "scopes": ["events", "metrics"] })
    );
    let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    assert_eq!(get(&server, "/admin/me", ADMIN_KEY).await.json(), json!({ "name": "the admin key", "scopes": all }));
}

#[tokio::test]
async fn a_wrong_revoked_or_expired_key_opens_nothing() {
    let server = TestServer::start().await;
    let now = clock::now_ms();
    let good = key(&server, "good", &[Scope::Events]).await;
    let revoked = key_with(&server, "old", &[Scope::Events], |_| {}).await;
    server.execute("update admin_keys set revoked_at = 1 where name = 'old'").await;
    // The name can be used again.
    key(&server, "old", &[Scope::Events]).await;
    let over = key_with(&server, "over", &[Scope::Events], |key| key.expires_at = Some(now - 1)).await;
    let lasting = key_with(&server, "lasting", &[Scope::Events], |key| key.expires_at = Some(now + HOUR)).await;
    for right in [good.expose(), lasting.expose(), &format!(" {} ", good.expose())] {
        assert_eq!(get(&server, "/admin/events", right).await.status, StatusCode::OK);
    }
    let (start, _) = halves(good.expose());
    let (_, other_secret) = halves(lasting.expose());
    for wrong in [
        revoked.expose(),
        over.expose(),
        &good.expose().to_uppercase(),
        &good.expose()[..good.expose().len() - 1],
        &format!("{}x", good.expose()),
        &format!("{start}_{other_secret}"),
        &format!("{start}_"),
        &format!("bk_{}_{other_secret}", "0".repeat(32)),
        "bk__",
    ] {
        get(&server, "/admin/events", wrong).await.assert_problem(403, "admin_key_wrong");
        server.refill();
    }
}

#[tokio::test]
async fn sr_36_wrong_keys_are_limited_alike_however_close_they_are() {
    for wrong in [|key: &str| format!("{key}x"), |_: &str| "bk_x".to_owned(), |key: &str| key.replace("bk_", "")] {
        let server = TestServer::start().await;
        let good = key(&server, "good", &[Scope::Events]).await;
        for _ in 0..10 {
            get(&server, "/admin/events", &wrong(good.expose())).await.assert_problem(403, "admin_key_wrong");
        }
        get(&server, "/admin/events", &wrong(good.expose())).await.assert_problem(429, "too_many_requests");
        for right in [good.expose(), ADMIN_KEY] {
            assert_eq!(
                get(&server, "/admin/events", right).await.status,
                StatusCode::OK,
                "others' guesses lock nobody out"
            );
        }
    }
    // A missing scope does not count as a guess.
    let server = TestServer::start().await;
    let metrics = key(&server, "metrics", &[Scope::Metrics]).await;
    for _ in 0..20 {
        get(&server, "/admin/events", metrics.expose()).await.assert_problem(403, "admin_scope_missing");
    }
}

#[tokio::test]
async fn sr_35_a_key_in_an_address_is_refused_and_noted_as_exposed() {
    let server = TestServer::start().await;
    let good = key(&server, "good", &[Scope::Events]).await;
    key(&server, "other", &[Scope::Events]).await;
    for name in ["key", "token", "api_key", "admin_key", "Key"] {
        for with_header in [false, true] {
            let mut request = Request::get(format!("/admin/events?{name}={}", good.expose()));
            if with_header {
                request = request.header("x-admin-key", ADMIN_KEY);
            }
            server.send(request.body(Body::empty()).unwrap()).await.assert_problem(400, "admin_key_in_query");
        }
    }
    let exposed = server.text("select name from admin_keys where exposed_at is not null").await;
    assert_eq!(
        (exposed.as_str(), server.number("select count(*) from admin_keys where exposed_at is not null").await),
        ("good", 1)
    );
    // Guesses there count towards the same limit, and reveal nothing.
    for guess in 0..15 {
        let answer = server.get(&format!("/admin/me?key=bk_{guess:032}_x")).await;
        answer.assert_problem(400, "admin_key_in_query");
    }
    get(&server, "/admin/me", "wrong").await.assert_problem(429, "too_many_requests");
    assert!(LOG.text().contains("this key is exposed"));
    assert!(!LOG.text().contains(good.expose()), "the log keeps no key");
}

#[tokio::test]
async fn sr_35_a_key_in_the_address_is_accepted_if_the_settings_allow_it() {
    let server = TestServer::with(&[("ADMIN_ALLOW_QUERY_KEY", "true")]).await;
    let good = key(&server, "good", &[Scope::Events]).await;
    for path in ["/admin/events", "/admin/events.csv", "/admin/me"] {
        for key in [good.expose(), ADMIN_KEY] {
            assert_eq!(server.get(&format!("{path}?key={key}")).await.status, StatusCode::OK, "{path}");
        }
        server.get(&format!("{path}?key=wrong")).await.assert_problem(403, "admin_key_wrong");
        server.get(path).await.assert_problem(401, "admin_key_missing");
        for other in ["token", "api_key", "Key"] {
            let answer = server.get(&format!("{path}?{other}={}", good.expose())).await;
            answer.assert_problem(400, "admin_key_in_query");
        }
        let twice = server.get(&format!("{path}?key={0}&key={0}", good.expose())).await;
        twice.assert_problem(400, "admin_key_in_query");
    }
    server.get(&format!("/admin/audit?key={}", good.expose())).await.assert_problem(403, "admin_scope_missing");
    let filtered = server.get(&format!("/admin/events?key={}&limit=1&status=FAILED", good.expose())).await;
    assert_eq!(filtered.status, StatusCode::OK, "{}", filtered.text);
}

#[tokio::test]
async fn only_the_hash_of_a_key_is_kept_and_its_use_to_the_hour() {
    let server = TestServer::start().await;
    let good = key(&server, "good", &[Scope::Events]).await;
    let used = || server.number("select coalesce(last_used_at, 0) from admin_keys");
    assert_eq!(used().await, 0);
    get(&server, "/admin/me", good.expose()).await;
    let first = used().await;
    assert!(first > 0);
    get(&server, "/admin/me", good.expose()).await;
    assert_eq!(used().await, first, "nothing is written within the hour");
    server.execute("update admin_keys set last_used_at = last_used_at - 3600000").await;
    get(&server, "/admin/me", good.expose()).await;
    assert!(used().await >= first);
    let (_, secret) = halves(good.expose());
    for (table, rows) in server.contents().await {
        assert!(rows.iter().all(|row| !row.contains(secret)), "{table}");
    }
    assert!(!LOG.text().contains(secret));
}

#[tokio::test]
async fn the_program_creates_lists_and_revokes_keys() {
    let server = TestServer::start().await;
    let folder = server.data.path();
    let settings = [("DATABASE_URL", server.database.url()), ("DATA_DIR", folder.to_str().unwrap())];
    let run = |arguments: &[&str]| {
        let output = blinkgate(folder, &settings).arg("keys").args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{}", text(output.stderr));
        text(output.stdout)
    };
    let made = run(&["add", "ops", "--scope", "events,captures,events", "--days", "2"]);
    let key = made.trim();
    assert_eq!(made.lines().count(), 1);
    let me = get(&server, "/admin/me", key).await.json();
    assert_eq!(me, json!({ "name": "ops", "scopes": ["events", "captures"] }));
    let entry = server.audit().await.remove(0);
    assert_eq!((&entry["action"], &entry["details"]["name"]), (&json!("key_added"), &json!("ops")));
    assert!(entry["actor"].as_str().unwrap().starts_with("the command line"));

    let listed: Value = serde_json::from_str(&run(&["list"])).unwrap();
    assert_eq!(
        (&listed["name"], &listed["in_force"], &listed["revoked_at"]),
        (&json!("ops"), &json!(true), &Value::Null)
    );
    assert!(listed["last_used_at"].is_string() && listed["exposed_at"].is_null(), "{listed}");
    let lasts = clock::parse_rfc3339(listed["expires_at"].as_str().unwrap()).unwrap()
        - clock::parse_rfc3339(listed["created_at"].as_str().unwrap()).unwrap();
    assert_eq!(lasts, 48 * HOUR);
    assert!(!listed.to_string().contains(halves(key).1));

    let fails = |arguments: &[&str], expected: &str| {
        assert_fails(blinkgate(folder, &settings).arg("keys").args(arguments), &[expected]);
    };
    fails(&["add", "ops", "--scope", "events"], "a key named ops exists already");
    fails(&["add", " ", "--scope", "events"], "a key's name");
    fails(&["revoke", "nobody"], "no such key");
    for refused in
        [&["add", "x"][..], &["add", "x", "--scope", "everything"], &["add", "x", "--scope", "erase", "--days", "0"]]
    {
        let output = blinkgate(folder, &settings).arg("keys").args(refused).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{refused:?}");
    }
    run(&["revoke", "ops"]);
    get(&server, "/admin/me", key).await.assert_problem(403, "admin_key_wrong");
    fails(&["revoke", "ops"], "no such key");
    assert_eq!(server.audit().await[0]["action"], "key_revoked");
    let again = run(&["add", "ops", "--scope", "metrics"]);
    assert_eq!(get(&server, "/admin/me", again.trim()).await.json()["scopes"], json!(["metrics"]));
    assert_eq!(run(&["list"]).lines().count(), 2, "a revoked key stays in the list");
    run(&["revoke", listed_id(&run(&["list"]))]);
    get(&server, "/admin/me", again.trim()).await.assert_problem(403, "admin_key_wrong");
}

/// The ID of the newest key.
fn listed_id(list: &str) -> &str {
    list.lines().last().unwrap().split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap()
}

/// A key's `bk_<id>` and its secret, in which there may be underscores too.
pub(super) fn halves(key: &str) -> (&str, &str) {
    let end = key.match_indices('_').nth(1).unwrap().0;
    (&key[..end], &key[end + 1..])
}
