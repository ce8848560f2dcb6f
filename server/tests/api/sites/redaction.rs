use serde_json::{Value, json};
use server::trail;

use super::{Site, as_person};
use crate::helpers::TestServer;
use crate::pixels::Person;

async fn trail_is_whole(server: &TestServer) {
    let report = trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

/// Whether the database contains this address, or pictures of somebody.
async fn holds(server: &TestServer, what: &str) -> bool {
    format!("{:?}", server.contents().await).contains(what)
}

#[tokio::test]
async fn redacting_the_only_check_of_a_mailbox_erases_everything_about_it() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    let person = Person::at(&server, cookie.clone()).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let event = server.events().await.remove(0);
    assert_eq!(server.capture(&event, "open_capture_ref").await.status, 200);
    let before = shop.now(&check).await;

    let redacted = shop.act(&check, "redact").await;
    assert_eq!(redacted.status, 200, "{}", redacted.text);
    let now = redacted.json();
    assert_eq!((&now["status"], &now["evidence_sha256"]), (&json!("verified"), &before["evidence_sha256"]));
    assert!(now["redacted_at"].is_string() && now["state"] == Value::Null);
    assert!(!holds(&server, "jo@example.com").await && !holds(&server, "j***@example.com").await);
    let after = server.events().await.remove(0);
    assert_eq!((&after["open_capture_ref"], &after["id"]), (&Value::Null, &event["id"]));
    assert_ne!(server.capture(&event, "open_capture_ref").await.status, 200, "the picture is gone");
    assert_eq!(server.number("select count(*) from users").await, 0);
    assert_eq!(shop.told(&check).await.last().unwrap(), "check.redacted");
    assert_eq!(shop.act(&check, "redact").await.status, 200, "again");
    assert_eq!(shop.told(&check).await.iter().filter(|told| *told == "check.redacted").count(), 1);
    as_person(&server, check["client_token"].as_str().unwrap()).await.assert_problem(401, "client_token_unknown");
    trail_is_whole(&server).await;
    assert_eq!(server.audit().await[0]["action"], "check_redacted");
}

#[tokio::test]
async fn redacting_one_check_leaves_what_others_need() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let (first, cookie) = shop.opened("jo@example.com").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let (second, other) = bank.opened("jo@example.com").await;
    assert_eq!(shop.act(&first, "redact").await.status, 200);
    assert_eq!(bank.now(&second).await["status"], "open");
    assert!(server.session(&other).await["email_masked"].is_string());
    let event = server.events().await.remove(0);
    assert!(event["email"].as_str().unwrap().starts_with("erased-"), "{event}");
    trail_is_whole(&server).await;
    assert_eq!(bank.act(&second, "redact").await.json()["status"], "canceled", "what goes on is ended");
    assert!(!holds(&server, "jo@example.com").await);
}

#[tokio::test]
async fn erasing_a_person_redacts_their_checks() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    let body = json!({ "email": "jo@example.com", "dry_run": false });
    let answer = crate::operators::post(&server, "/admin/erase", crate::helpers::ADMIN_KEY, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let now = shop.now(&check).await;
    assert_eq!((&now["status"], now["redacted_at"].is_string()), (&json!("canceled"), true));
    assert_eq!(shop.told(&check).await, ["check.created", "check.opened", "check.canceled", "check.redacted"]);
    let refused = server.post("/api/challenge", Some(&cookie), &crate::helpers::challenge_body("x")).await;
    refused.assert_problem(401, "session_missing");
    trail_is_whole(&server).await;
}
