use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use server::routes::Audience;
use tower::ServiceExt;

use crate::helpers::{ADMIN_KEY, Answer, TestServer};
use crate::submit_steps::worthless;

async fn list(server: &TestServer, path: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

async fn attempt(server: &TestServer, email: &str) {
    let cookie = server.open_session(email).await;
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k", &worthless(&challenge)).await;
}

#[tokio::test]
async fn sr_35_only_a_key_in_a_header_opens_the_audit() {
    let server = TestServer::start().await;
    let bearer = format!("Bearer {ADMIN_KEY}");
    for path in ["/admin/events", "/admin/events.csv"] {
        for header in [("x-admin-key", ADMIN_KEY), ("authorization", bearer.as_str())] {
            assert_eq!(list(&server, path, Some(header)).await.status, StatusCode::OK);
        }
        list(&server, path, None).await.assert_problem(401, "admin_key_missing");
        list(&server, path, Some(("authorization", "Basic x"))).await.assert_problem(401, "admin_key_missing");
        for wrong in ["", "x", "an-admin-key-for-test", "an-admin-key-for-tests-"] {
            list(&server, path, Some(("x-admin-key", wrong))).await.assert_problem(403, "admin_key_wrong");
        }
        for name in ["key", "token", "api_key", "admin_key", "KEY"] {
            let path = format!("{path}?{name}={ADMIN_KEY}");
            let header = Some(("x-admin-key", ADMIN_KEY));
            list(&server, &path, header).await.assert_problem(400, "admin_key_in_query");
        }
    }
}

#[tokio::test]
async fn guessing_the_key_is_slowed_down() {
    let server = TestServer::start().await;
    for _ in 0..10 {
        list(&server, "/admin/events", Some(("x-admin-key", "wrong"))).await.assert_problem(403, "admin_key_wrong");
    }
    let wrong = list(&server, "/admin/events", Some(("x-admin-key", "wrong"))).await;
    wrong.assert_problem(429, "too_many_requests");
    let right = list(&server, "/admin/events", Some(("x-admin-key", ADMIN_KEY))).await;
    assert_eq!(right.status, StatusCode::OK, "guesses lock nobody out who has the key");
}

#[tokio::test]
async fn events_are_listed_newest_first_and_as_many_as_requested() {
    let server = TestServer::start().await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        attempt(&server, email).await;
    }
    let key = Some(("x-admin-key", ADMIN_KEY));
    let all = list(&server, "/admin/events", key).await.json();
    let emails: Vec<_> = all["events"].as_array().unwrap().iter().map(|event| event["email"].clone()).collect();
    assert_eq!(emails, ["c@example.com", "b@example.com", "a@example.com"]);
    let created = all["events"][0]["created_at"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z') && created.starts_with("20"), "{created}");
    let two = list(&server, "/admin/events?limit=2", key).await.json();
    assert_eq!(two["events"].as_array().unwrap().len(), 2);
    for limit in ["0", "501", "-1", "x", ""] {
        let answer = list(&server, &format!("/admin/events?limit={limit}"), key).await;
        answer.assert_problem(400, "filter_invalid");
        assert_eq!(answer.json()["parameter"], "limit");
    }
}

#[tokio::test]
async fn sr_30_the_spreadsheet_table_contains_no_formula() {
    let server = TestServer::start().await;
    attempt(&server, "=1+1@example.com").await;
    let answer = list(&server, "/admin/events.csv", Some(("x-admin-key", ADMIN_KEY))).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"events.csv\"");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let header: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..4], ["id", "email", "status", "reason"]);
    let row = reader.records().next().unwrap().unwrap();
    assert_eq!((&row[1], &row[2], &row[3]), ("'=1+1@example.com", "FAILED", "transcript_header"));
    let json = list(&server, "/admin/events", Some(("x-admin-key", ADMIN_KEY))).await.json();
    assert_eq!(json["events"][0]["email"], json!("=1+1@example.com"), "JSON stays as it is");
}

#[tokio::test]
async fn the_first_start_creates_a_key_if_none_is_set() {
    let server = TestServer::with(&[("ADMIN_API_KEY", "")]).await;
    let key = std::fs::read_to_string(server.data.path().join("keys/admin.key")).unwrap();
    let answer = list(&server, "/admin/events", Some(("x-admin-key", key.trim()))).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "events": [], "next_cursor": null })));
    list(&server, "/admin/events", Some(("x-admin-key", ADMIN_KEY))).await.assert_problem(403, "admin_key_wrong");
}

/// The statuses of these paths, each with the operator's key.
async fn statuses(server: &TestServer, audience: Audience, paths: &[&str]) -> Vec<u16> {
    let router = server::routes::router_for(server.app.clone(), audience);
    let mut statuses = Vec::new();
    for path in paths {
        let request = Request::get(*path).header("x-admin-key", ADMIN_KEY).body(Body::empty()).unwrap();
        statuses.push(router.clone().oneshot(request).await.unwrap().status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn operators_can_be_served_at_an_address_of_their_own() {
    let server = TestServer::start().await;
    let theirs = ["/admin", "/admin/me", "/admin/events", "/admin/audit", "/metrics"];
    let of_people = ["/", "/camera", "/sw.js"];
    let shared = ["/health", "/ready", "/api/openapi.json"];
    for (audience, expected) in [
        (Audience::Everybody, [200, 200, 200]),
        (Audience::People, [404, 200, 200]),
        (Audience::Operators, [200, 404, 200]),
    ] {
        for (paths, status) in [&theirs[..], &of_people, &shared].into_iter().zip(expected) {
            assert_eq!(statuses(&server, audience, paths).await, vec![status; paths.len()], "{audience:?} {paths:?}");
        }
    }
    let page = server.get("/admin").await.text;
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(!files.is_empty());
    assert!(statuses(&server, Audience::Operators, &files).await.iter().all(|status| *status == 200));
    server.register("jo@example.com").await;
    // The console changes something from the address that it was opened at, and other sites' pages do not.
    let router = server::routes::router_for(server.app.clone(), Audience::Operators);
    for (origin, status) in [("http://10.0.0.5:8081", 200), ("https://evil.example", 403)] {
        let request = Request::post("/admin/erase")
            .header("host", "10.0.0.5:8081")
            .header("origin", origin)
            .header("x-blinkgate", "1")
            .header("x-admin-key", ADMIN_KEY)
            .header("content-type", "application/json")
            .body(Body::from(r#"{"email":"jo@example.com","dry_run":true}"#))
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
    }
}

mod without_postgres {
    use test_client::HttpClient;

    use crate::program::{ADMIN, Program};

    #[tokio::test]
    async fn the_program_serves_operators_where_the_settings_say() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for (bind, there) in [(free.to_string(), true), ("none".to_owned(), false)] {
            let folder = tempfile::tempdir().unwrap();
            let program = Program::serve(folder.path(), &[("ADMIN_BIND", &bind)]).await;
            assert_eq!((program.admin("/admin/me").0, program.http.get("/health").unwrap().status), (404, 200));
            let operators = HttpClient::on_this_machine(free.port());
            assert_eq!(operators.bytes_as_admin("/admin/me", ADMIN).is_ok_and(|(status, _)| status == 200), there);
            program.stop();
        }
    }
}
