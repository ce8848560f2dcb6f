use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;

use crate::helpers::{TestServer, own_post};

#[tokio::test]
async fn registering_sends_one_mail_with_a_link_to_the_configured_address() {
    let server = TestServer::start().await;
    let answer = server.register("Jo.Doe@Example.com").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({ "status": "sent" })));
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("To: Jo.Doe@example.com\r\n") && mails[0].contains("Auto-Submitted: auto-generated"));
    assert_eq!(mails[0].matches("http://localhost:8080/verify?token=").count(), 4, "once in text, three times in HTML");
    assert_eq!(server.text("select status from users").await, "PENDING");
    assert_eq!(server.mails().await.len(), 1, "a mail is sent once");
}

#[tokio::test]
async fn the_link_never_depends_on_the_requests_host() {
    let server = TestServer::start().await;
    let request = own_post("/register", None)
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .body(Body::from(json!({ "email": "jo@example.com" }).to_string()))
        .unwrap();
    assert_eq!(server.send(request).await.status, StatusCode::ACCEPTED);
    assert!(!server.mails().await[0].contains("evil.example"));
}

#[tokio::test]
async fn the_mail_is_in_the_users_language_if_it_is_translated() {
    let templates = tempfile::tempdir().unwrap();
    let german = templates.path().join("de");
    std::fs::create_dir(&german).unwrap();
    for (name, text) in
        [("link.subject.txt", "Ihr Link"), ("link.txt", "Hier: {{ link }}"), ("link.html", "<p>{{ link }}</p>")]
    {
        std::fs::write(german.join(name), text).unwrap();
    }
    let server = TestServer::with(&[("MAIL_TEMPLATES", templates.path().to_str().unwrap())]).await;
    for (email, accept) in [("al@example.com", "en-GB,de;q=0.5"), ("jo@example.com", "de-CH,de;q=0.9,en;q=0.8")] {
        let body = Body::from(json!({ "email": email }).to_string());
        let request = own_post("/register", None).header("accept-language", accept).body(body).unwrap();
        assert_eq!(server.send(request).await.status, StatusCode::ACCEPTED);
    }
    let mails = server.mails().await;
    let to = |email: &str| mails.iter().find(|mail| mail.contains(&format!("To: {email}"))).unwrap();
    assert!(to("jo@example.com").contains("Subject: Ihr Link") && to("jo@example.com").contains("Hier: http"));
    assert!(to("al@example.com").contains("Subject: Your verification link"));
}

#[tokio::test]
async fn an_undeliverable_address_is_refused_and_nothing_is_stored() {
    let server = TestServer::start().await;
    let long = format!("{}@example.com", "a".repeat(288));
    assert_eq!(long.len(), 300);
    for email in
        ["", "jo", "jo@", "@example.com", "jo@localhost", "jo@exa mple.com", "jo@example.com\r\nBcc: x@y.zz", &long]
    {
        server.register(email).await.assert_problem(422, "email_invalid");
    }
    assert_eq!(server.number("select count(*) from users").await, 0);
    assert!(server.mails().await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_the_expected_json_is_refused() {
    let server = TestServer::start().await;
    for body in
        ["", "{", "[]", "{\"email\":5}", "{\"mail\":\"jo@example.com\"}", "{\"email\":\"jo@example.com\",\"x\":1}"]
    {
        let request = own_post("/register", None).body(Body::from(body)).unwrap();
        server.send(request).await.assert_problem(400, "body_malformed");
    }
    let mut request = own_post("/register", None).body(Body::from("email=jo@example.com")).unwrap();
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    server.send(request).await.assert_problem(415, "content_type");
    let huge = json!({ "email": "a".repeat(20_000) });
    server.post("/register", None, &huge).await.assert_problem(413, "too_large");
    assert_eq!(server.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn registering_again_never_revokes_a_verification() {
    let server = TestServer::start().await;
    server.register("jo@example.com").await;
    server.execute("update users set status = 'VERIFIED', verified_at = 1").await;
    assert_eq!(server.register("jo@example.com").await.status, StatusCode::ACCEPTED);
    assert_eq!(server.text("select status from users").await, "VERIFIED");
    assert_eq!(server.number("select count(*) from users").await, 1);
}

#[tokio::test]
async fn registrations_by_one_client_are_limited() {
    let server = TestServer::start().await;
    let register = async |client: &str, n: usize| {
        let request = own_post("/register", None)
            .header("x-forwarded-for", client)
            .body(Body::from(json!({ "email": format!("jo{n}@example.com") }).to_string()))
            .unwrap();
        server.send(request).await
    };
    for n in 0..20 {
        assert_eq!(register("203.0.113.9", n).await.status, StatusCode::ACCEPTED);
    }
    register("203.0.113.9", 20).await.assert_problem(429, "too_many_requests");
    assert_eq!(register("203.0.113.10", 20).await.status, StatusCode::ACCEPTED, "another client is not affected");
    assert_eq!(server.number("select count(*) from users").await, 21);
}
