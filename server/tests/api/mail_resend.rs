//! Sends mails by Resend's API, to a stand-in with the same API over a real socket, and falls back from one transport
//! to another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::helpers::{TestServer, token_in};
use crate::mail_smtp::mail_server;

const KEY: &str = "re_hunter2";

/// The stand-in's next responses (200 once they are used up), and the requests that it got.
#[derive(Default)]
struct Account {
    answers: Mutex<VecDeque<u16>>,
    requests: Mutex<Vec<(HeaderMap, Value)>>,
}

impl Account {
    fn keys(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|(headers, _)| headers["idempotency-key"].to_str().unwrap().to_owned()).collect()
    }
}

async fn take(State(account): State<Arc<Account>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let body = serde_json::from_str(&body).unwrap();
    let is_known = headers.get("authorization").is_some_and(|value| value == &format!("Bearer {KEY}"));
    account.requests.lock().unwrap().push((headers, body));
    let status = account.answers.lock().unwrap().pop_front().unwrap_or(200);
    match is_known {
        true => (StatusCode::from_u16(status).unwrap(), json!({ "id": "49a3999c" }).to_string()),
        false => (StatusCode::UNAUTHORIZED, json!({ "name": "missing_api_key" }).to_string()),
    }
}

async fn account(answers: &[u16]) -> (String, Arc<Account>) {
    let account = Arc::new(Account { answers: Mutex::new(answers.to_vec().into()), ..Account::default() });
    let app = Router::new().route("/emails", post(take)).with_state(Arc::clone(&account));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/emails", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, account)
}

async fn server_with_resend(url: &str, key: &str, settings: &[(&str, &str)]) -> TestServer {
    let mut all = vec![
        ("RESEND_API_KEY", key),
        ("RESEND_FROM_EMAIL", "Blinkgate <noreply@example.com>"),
        ("RESEND_API_URL", url),
        ("MAIL_TIMEOUT_SECONDS", "1"),
    ];
    all.extend_from_slice(settings);
    TestServer::with(&all).await
}

#[tokio::test]
async fn a_mail_leaves_by_resend_and_its_link_works() {
    let (url, account) = account(&[]).await;
    let server = server_with_resend(&url, KEY, &[]).await;
    server.register("jo@example.org").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    let (headers, mail) = account.requests.lock().unwrap().first().unwrap().clone();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(mail["from"], "Blinkgate <noreply@example.com>");
    assert_eq!(mail["to"], json!(["jo@example.org"]));
    assert_eq!(mail["headers"], json!({ "Auto-Submitted": "auto-generated" }));
    assert!(mail["html"].as_str().unwrap().contains("<a href="));
    let token = token_in(mail["text"].as_str().unwrap());
    let answer = server.post("/verify", None, &json!({ "token": token })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(server.number("select count(*) from mail_outbox where sent_at is not null").await, 1);
}

#[tokio::test]
async fn a_repeated_request_keeps_its_key_and_a_new_try_gets_a_new_one() {
    let (url, account) = account(&[500, 503, 502, 500, 200]).await;
    let server = server_with_resend(&url, KEY, &[]).await;
    server.register("jo@example.org").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    let first = account.keys();
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|key| *key == first[0] && key.len() <= 256), "{first:?}");
    server.execute("update mail_outbox set next_try_at = 0").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    let second = account.keys().split_off(3);
    assert_eq!(second.len(), 2, "the second request was accepted");
    assert!(second[0] == second[1] && second[0] != first[0], "another link is another mail: {second:?}");
    assert_eq!(server.number("select count(*) from mail_outbox where sent_at is not null").await, 1);
}

#[tokio::test]
async fn resends_response_decides_whether_a_mail_is_tried_again() {
    for (answer, key, given_up) in [(422, KEY, 1), (429, KEY, 0), (200, "re_wrong", 0)] {
        let (url, account) = account(&[answer]).await;
        let server = server_with_resend(&url, key, &[]).await;
        server.register("jo@example.org").await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        assert_eq!(account.keys().len(), 1, "{answer}: an answered request is not repeated at once");
        let count = server.number("select count(*) from mail_outbox where given_up_at is not null").await;
        assert_eq!(count, given_up, "{answer}");
        assert_eq!(server.number("select count(*) from mail_outbox where sent_at is not null").await, 0);
        assert!(!server.text("select last_error from mail_outbox").await.contains("hunter2"));
    }
}

#[tokio::test]
async fn the_next_transport_takes_over_when_one_is_unreachable_silent_or_refuses() {
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    // Accepts connections and sends nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (refusing, _) = account(&[401]).await;
    let urls = [format!("http://{away}"), format!("http://{}", silent.local_addr().unwrap()), refusing];
    for url in urls {
        let (port, heard) = mail_server("250 ok").await;
        let port = port.to_string();
        let smtp = [
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", port.as_str()),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "Blinkgate <other@example.com>"),
        ];
        let server = server_with_resend(&url, KEY, &smtp).await;
        server.register("jo@example.org").await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        let mails = heard.lock().unwrap().mails.clone();
        assert_eq!(mails.len(), 1, "{url}");
        assert!(mails[0].contains("From: Blinkgate <other@example.com>"), "each transport has its own sender");
        assert_eq!(server.number("select count(*) from mail_outbox where sent_at is not null").await, 1);
    }
}

#[tokio::test]
async fn a_mail_that_no_transport_takes_waits_unless_all_refuse_it_permanently() {
    for (rcpt_answer, given_up) in [("550 no such mailbox", 1), ("451 later", 0)] {
        let (url, _) = account(&[422]).await;
        let (port, _) = mail_server(rcpt_answer).await;
        let port = port.to_string();
        let smtp = [
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", port.as_str()),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "jo@example.com"),
            ("MAIL_TRANSPORT", "smtp,resend"),
        ];
        let server = server_with_resend(&url, KEY, &smtp).await;
        server.register("jo@example.org").await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        let count = server.number("select count(*) from mail_outbox where given_up_at is not null").await;
        assert_eq!(count, given_up, "{rcpt_answer}");
    }
}
