//! Links, link scanners and cookies: who gets a session by a mailed link, and who does not.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::helpers::{Answer, TestServer, challenge_body, cookie_of, own_post};
use crate::pixels::Person;
use crate::submit_steps::worthless;

async fn redeem(server: &TestServer, token: &str, cookie: Option<&str>) -> Answer {
    server.post("/verify", cookie, &json!({ "token": token })).await
}

async fn show(server: &TestServer, cookie: &str) -> Answer {
    server.send(Request::get("/api/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn sr_17_opening_the_link_changes_nothing_however_often() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let before = server.contents().await;
    for method in [Method::GET; 20].into_iter().chain([Method::HEAD; 3]) {
        let uri = format!("/verify?token={token}");
        let answer = server.send(Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
        assert!(answer.headers.get(header::SET_COOKIE).is_none() && !answer.text.contains(&token));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    assert_eq!(server.contents().await, before);
    assert_eq!(redeem(&server, &token, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sr_18_a_person_takes_over_from_a_scanner() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let scanner = cookie_of(&redeem(&server, &token, None).await);
    server.challenge(&scanner).await;
    let answer = redeem(&server, &token, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let cookie = cookie_of(&answer);
    show(&server, &scanner).await.assert_problem(401, "session_replaced");
    let body = challenge_body(crate::helpers::public_key());
    server.post("/api/challenge", Some(&scanner), &body).await.assert_problem(401, "session_replaced");

    let person = Person::at(&server, cookie).await;
    let answer = person.submit(&server, "k1").await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{}", answer.text);
    for cookie in [None, Some(scanner.as_str())] {
        redeem(&server, &token, cookie).await.assert_problem(410, "token_used");
    }
    assert_eq!(server.number("select count(*) from capture_sessions").await, 2);
}

#[tokio::test]
async fn of_many_who_open_the_link_at_once_only_the_last_keeps_a_session() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let tries: Vec<_> = (0..8).map(|_| redeem(&server, &token, None)).collect();
    let mut live = 0;
    for answer in crate::helpers::join_all(tries).await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        match show(&server, &cookie_of(&answer)).await {
            answer if answer.status == StatusCode::OK => live += 1,
            answer => answer.assert_problem(401, "session_replaced"),
        }
    }
    assert_eq!(live, 1);
}

#[tokio::test]
async fn opening_the_link_again_brings_no_new_attempts() {
    let server = TestServer::with(&[("MAX_ATTEMPTS", "2"), ("COOL_DOWN_FAILURES", "0")]).await;
    let token = server.mailed_token("jo@example.com").await;
    for left in [1, 0] {
        let cookie = cookie_of(&redeem(&server, &token, None).await);
        let challenge = server.challenge(&cookie).await;
        let answer = server.submit(&cookie, "k", &worthless(&challenge)).await;
        assert_eq!(answer.json()["attempts_left"], left);
    }
    let cookie = cookie_of(&redeem(&server, &token, None).await);
    assert_eq!(server.session(&cookie).await["attempts_left"], 0);
    let body = challenge_body(crate::helpers::public_key());
    server.post("/api/challenge", Some(&cookie), &body).await.assert_problem(429, "attempts_exhausted");
}

#[tokio::test]
async fn nobody_takes_over_while_an_attempt_is_being_decided() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let cookie = cookie_of(&redeem(&server, &token, None).await);
    server.challenge(&cookie).await;
    server.execute("update challenges set state = 'scoring', lease_id = 'held', lease_until = issued_at + 60000").await;
    redeem(&server, &token, None).await.assert_problem(409, "submission_in_progress");
    assert_eq!(redeem(&server, &token, Some(&cookie)).await.status, StatusCode::OK, "the user comes back");
    server.execute("update challenges set lease_until = issued_at").await;
    assert_eq!(redeem(&server, &token, None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_failed_attempt_leaves_the_link_as_it_is() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let cookie = cookie_of(&redeem(&server, &token, None).await);
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k", &worthless(&challenge)).await;
    let again = redeem(&server, &token, None).await;
    assert_eq!((again.status, &again.json()["status"]), (StatusCode::OK, &json!("FAILED")));
}

#[tokio::test]
async fn sr_19_a_cookie_that_was_there_before_is_never_adopted() {
    let base = "https://blink.example.com";
    let server = TestServer::with(&[("APP_BASE_URL", base)]).await;
    let post = async |path: &str, cookie: Option<&str>, body: serde_json::Value| {
        let mut request = own_post(path, cookie).body(Body::from(body.to_string())).unwrap();
        request.headers_mut().insert(header::ORIGIN, base.parse().unwrap());
        server.send(request).await
    };
    let mail_token = async |email: &str| {
        post("/register", None, json!({ "email": email })).await;
        let mails = server.mails().await;
        let to = format!("To: {email}\r\n");
        let mail = mails.iter().rfind(|mail| mail.contains(&to)).unwrap();
        mail.split_once("/verify?token=").unwrap().1[..43].to_owned()
    };
    let (mine, theirs) = (mail_token("jo@example.com").await, mail_token("mallory@example.com").await);
    let invented = format!("__Host-blinkgate={}", "A".repeat(43));
    let planted = cookie_of(&post("/verify", None, json!({ "token": theirs })).await);
    let own = cookie_of(&post("/verify", None, json!({ "token": mine })).await);
    // An invented cookie, another user's live one, and the link's own token, which others may have seen.
    for old in [invented, planted, own] {
        let answer = post("/verify", Some(&old), json!({ "token": mine })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let new = cookie_of(&answer);
        assert!(new.starts_with("__Host-blinkgate=") && new.len() == "__Host-blinkgate=".len() + 43, "{new}");
        assert_ne!(new, old);
        assert_eq!(show(&server, &old).await.status, StatusCode::UNAUTHORIZED, "{old}");
        assert_eq!(show(&server, &new).await.json()["email_masked"], "j***@example.com");
        let plain = new.replace("__Host-", "");
        show(&server, &plain).await.assert_problem(401, "session_missing");
    }
}
