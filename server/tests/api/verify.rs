use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::helpers::{Answer, TestServer, cookie_of, own_post};

async fn redeem(server: &TestServer, token: &str, cookie: Option<&str>) -> Answer {
    server.post("/verify", cookie, &json!({ "token": token })).await
}

#[tokio::test]
async fn posting_the_token_opens_a_session() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let answer = redeem(&server, &token, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "email_masked": "j***@example.com", "status": "PENDING" }));
    assert_eq!(server.session(&cookie_of(&answer)).await["status"], "PENDING");
}

#[tokio::test]
async fn a_token_that_is_not_known_is_refused() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let altered = format!("{}{}", if token.starts_with('A') { "B" } else { "A" }, &token[1..]);
    for wrong in ["", "x", "' or 1=1 --", &altered, &token[..42], &"A".repeat(5000)] {
        redeem(&server, wrong, None).await.assert_problem(404, "token_unknown");
    }
    assert_eq!(server.number("select count(*) from capture_sessions").await, 0);
}

#[tokio::test]
async fn an_expired_token_is_refused_and_opens_nothing() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    server.execute("update verification_tokens set expires_at = created_at").await;
    redeem(&server, &token, None).await.assert_problem(410, "token_expired");
    assert_eq!(server.number("select count(*) from capture_sessions").await, 0);
    assert_eq!(server.number("select count(*) from verification_tokens where used_at is not null").await, 0);
}

#[tokio::test]
async fn a_used_token_opens_nothing_for_others_and_lets_its_own_user_back_in() {
    let server = TestServer::with(&[("TOKEN_SINGLE_REDEEM", "true")]).await;
    let token = server.mailed_token("jo@example.com").await;
    let cookie = cookie_of(&redeem(&server, &token, None).await);
    redeem(&server, &token, None).await.assert_problem(410, "token_used");
    let stranger = server.open_session("other@example.com").await;
    redeem(&server, &token, Some(&stranger)).await.assert_problem(410, "token_used");
    let again = redeem(&server, &token, Some(&cookie)).await;
    assert_eq!((again.status, &again.json()["email_masked"]), (StatusCode::OK, &json!("j***@example.com")));
    let renewed = cookie_of(&again);
    assert_eq!(server.session(&renewed).await["status"], "PENDING");
    server.execute("update capture_sessions set expires_at = 1").await;
    redeem(&server, &token, Some(&renewed)).await.assert_problem(410, "token_used");
}

#[tokio::test]
async fn a_link_that_opens_one_session_cannot_be_used_by_two_people() {
    let server = TestServer::with(&[("TOKEN_SINGLE_REDEEM", "true")]).await;
    let token = server.mailed_token("jo@example.com").await;
    let tries: Vec<_> = (0..8).map(|_| redeem(&server, &token, None)).collect();
    let mut statuses = Vec::new();
    for answer in crate::helpers::join_all(tries).await {
        statuses.push(answer.status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410, 410, 410, 410, 410, 410, 410]);
    assert_eq!(server.number("select count(*) from capture_sessions").await, 1);
}

#[tokio::test]
async fn the_cookie_is_new_for_each_session_and_closed_to_scripts_and_other_sites() {
    let server = TestServer::start().await;
    let first = server.mailed_token("jo@example.com").await;
    let answer = redeem(&server, &first, Some("blinkgate=chosen-by-an-attacker")).await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("blinkgate=") && !set.contains("chosen-by-an-attacker"), "{set}");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    let old = cookie_of(&answer);
    assert_eq!(old.len(), "blinkgate=".len() + 43);

    let second = server.mailed_token("jo@example.com").await;
    let new = cookie_of(&redeem(&server, &second, Some(&old)).await);
    assert_ne!(new, old);
    let request = Request::get("/api/session").header(header::COOKIE, &old).body(Body::empty()).unwrap();
    server.send(request).await.assert_problem(401, "session_replaced");
    let secret = new.strip_prefix("blinkgate=").unwrap();
    let stored = server.text("select string_agg(secret_hash, ',') from capture_sessions").await;
    assert!(!stored.contains(secret), "only the hash is stored");
}

#[tokio::test]
async fn over_https_the_cookie_belongs_to_this_host_and_asks_for_https() {
    let server = TestServer::with(&[("APP_BASE_URL", "https://blink.example.com")]).await;
    let origin = "https://blink.example.com";
    let post = |path: &str, body: serde_json::Value| {
        let mut request = own_post(path, None).body(Body::from(body.to_string())).unwrap();
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        request
    };
    server.send(post("/register", json!({ "email": "jo@example.com" }))).await;
    let mails = server.mails().await;
    let (_, rest) = mails[0].split_once("https://blink.example.com/verify?token=").unwrap();
    let answer = server.send(post("/verify", json!({ "token": rest[..43] }))).await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-blinkgate="), "{set}");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{set}");
    assert!(answer.header("strict-transport-security").contains("max-age=63072000"));
}

#[tokio::test]
async fn tokens_are_stored_only_as_hashes() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    for (table, rows) in server.contents().await {
        assert!(!rows.iter().any(|row| row.contains(&token)), "found in {table}");
    }
    server.app.db.close().await;
    // Only if it is SQLite.
    for name in ["blinkgate.db", "blinkgate.db-wal"] {
        let bytes = std::fs::read(server.data.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "found in {name}");
    }
}
