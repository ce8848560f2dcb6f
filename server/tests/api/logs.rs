use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::helpers::{ADMIN_KEY, LOG, TestServer, cookie_of, token_in};
use crate::submit_steps::worthless;

#[tokio::test]
async fn no_log_line_holds_an_address_a_token_a_cookie_or_a_key() {
    let server = TestServer::start().await;
    server.register("not-an-address@").await;
    server.register("jo.secret@example.com").await;
    let token = token_in(&server.mails().await[0]);
    server.get(&format!("/verify?token={token}")).await;
    server.post("/verify", None, &json!({ "token": format!("{token}x") })).await;
    let answer = server.post("/verify", None, &json!({ "token": token })).await;
    let cookie = cookie_of(&answer);
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    let request = Request::get(format!("/admin/events?key={ADMIN_KEY}")).header("x-admin-key", ADMIN_KEY);
    server.send(request.body(Body::empty()).unwrap()).await.assert_problem(400, "admin_key_in_query");
    server.events().await;
    std::fs::remove_dir_all(server.data.path().join("outbox")).unwrap();
    server.register("jo.secret@example.com").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    server.app.db.close().await;
    server.register("jo.secret@example.com").await.assert_problem(503, "unavailable");

    // The log of this test and of all others that have run so far.
    let log = LOG.text();
    for expected in ["answered", "attempt decided", "mail written", "mail not sent", "request failed", "/verify"] {
        assert!(log.contains(expected), "{expected:?} is missing from\n{log}");
    }
    let secret = cookie.split_once('=').unwrap().1;
    let nonce = challenge["nonce"].as_str().unwrap();
    for line in log.lines() {
        assert!(!line.contains('@') && !line.contains("jo.secret"), "{line}");
        // The only exception is the token in the development transport's line with the link.
        let is_link_line = line.contains("mail written");
        assert!(is_link_line || !(line.contains(&token) || line.contains("example.")), "{line}");
        for forbidden in ["not-an-address", secret, ADMIN_KEY, nonce] {
            assert!(!line.contains(forbidden), "{forbidden:?} in {line}");
        }
    }
    assert_eq!(log.matches(&token).count(), 1);
}
