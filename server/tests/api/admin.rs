use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

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
