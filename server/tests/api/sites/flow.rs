use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{BACK, Site, as_person, id, open};
use crate::helpers::{TestServer, challenge_body, cookie_of, public_key, token_in};
use crate::pixels::Person;
use crate::submit_steps::worthless;

async fn status_of(server: &TestServer, email: &str) -> String {
    let row: Option<(String,)> = server
        .app
        .db
        .read()
        .await
        .unwrap()
        .query("select status from users where email = $1")
        .bind(email.to_owned())
        .fetch_optional()
        .await
        .unwrap();
    row.map_or_else(|| "none".to_owned(), |(status,)| status)
}

/// Fails an attempt of this session.
async fn fail(server: &TestServer, cookie: &str, key: &str) {
    let challenge = server.challenge(cookie).await;
    let submission = worthless(&challenge);
    server.upload(cookie, key, &submission).await;
    let answer = server.finish(cookie, key, &submission).await;
    assert_eq!(answer.json()["status"], "FAILED", "{}", answer.text);
}

#[tokio::test]
async fn a_mailed_link_leads_through_the_camera_back_to_the_site() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let body = json!({ "email": "jo@example.com", "return_url": format!("{BACK}?a=1"), "state": "x y" });
    let check = shop.check(body).await;
    let shown = as_person(&server, check["client_token"].as_str().unwrap()).await.json();
    assert_eq!((&shown["site"], &shown["email_masked"]), (&json!("The shop"), &json!("j***@example.com")));
    assert_eq!((&shown["can_open"], &shown["gate"]), (&json!(false), &json!("link")));
    open(&server, &check).await.assert_problem(409, "link_needed");

    let token = token_in(&server.mails().await[0]);
    let opened = server.post("/verify", None, &json!({ "token": token })).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let cookie = cookie_of(&opened);
    assert_eq!(shop.now(&check).await["status"], "open");
    fail(&server, &cookie, "k1").await;
    let failed = shop.now(&check).await;
    assert_eq!((&failed["status"], &failed["attempts_left"]), (&json!("open"), &json!(4)));
    assert!(failed["last_failure"]["sentence"].as_str().unwrap().ends_with('.'), "{failed}");
    let session = server.session(&cookie).await;
    assert_eq!((&session["status"], &session["check"]["site"]), (&json!("FAILED"), &json!("The shop")));

    let person = Person::at(&server, cookie.clone()).await;
    assert_eq!(person.submit(&server, "k2").await.json()["status"], "VERIFIED");
    let verified = shop.now(&check).await;
    assert_eq!((&verified["status"], &verified["method"]), (&json!("verified"), &json!("natural")));
    assert_eq!(verified["evidence_sha256"].as_str().unwrap().len(), 64);
    let told = ["check.created", "check.opened", "check.attempt_failed", "check.verified"];
    assert_eq!(shop.told(&check).await, told);
    assert_eq!(status_of(&server, "jo@example.com").await, "VERIFIED");
    let expected = format!("{BACK}?a=1&check={}&status=verified&state=x+y", id(&check));
    assert_eq!(server.session(&cookie).await["check"]["return_to"], expected);
    server.post("/verify", None, &json!({ "token": token })).await.assert_problem(410, "token_used");
    let again = server.post("/api/challenge", Some(&cookie), &challenge_body(public_key())).await;
    again.assert_problem(409, "already_verified");
    shop.act(&check, "cancel").await.assert_problem(409, "check_final");
}

#[tokio::test]
async fn a_site_that_vouches_for_a_mailbox_verifies_its_check_and_nobody_else() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let now = shop.now(&check).await;
    assert_eq!((&now["status"], &now["mailbox"]), (&json!("verified"), &json!("vouched_by_site")));
    assert_eq!(status_of(&server, "jo@example.com").await, "PENDING", "nobody has shown control of the mailbox");
    assert_eq!(server.mails().await.len(), 0);
    assert_eq!(server.events().await[0]["details"]["concerns_user"], false);
    assert_eq!(server::trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap().findings, []);

    // Nor does a failure, or an operator's decision, say anything about the mailbox.
    server.execute("update users set status = 'VERIFIED'").await;
    let event = server.events().await.remove(0);
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    let body = json!({ "decision": "decline", "note": "seen" });
    let answer = crate::operators::post(&server, &path, crate::helpers::ADMIN_KEY, &body).await;
    assert_eq!(answer.json()["user"]["status"], "VERIFIED");
    let now = shop.now(&check).await;
    assert_eq!((&now["status"], now["revoked_at"].is_string()), (&json!("verified"), true), "never leaves verified");
    assert_eq!(shop.told(&check).await.last().unwrap(), "check.revoked");
    let (_, cookie) = shop.opened("jo@example.com").await;
    fail(&server, &cookie, "k2").await;
    assert_eq!(status_of(&server, "jo@example.com").await, "VERIFIED");
}

#[tokio::test]
async fn a_check_ends_when_its_attempts_are_used_up_however_often_it_is_opened() {
    let server = TestServer::with(&[("MAX_ATTEMPTS", "3"), ("COOL_DOWN_FAILURES", "0")]).await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    fail(&server, &cookie, "k1").await;
    // Another browser, and then a new token: no new attempts.
    let elsewhere = cookie_of(&open(&server, &check).await);
    fail(&server, &elsewhere, "k2").await;
    let renewed = shop.act(&check, "token").await.json();
    open(&server, &check).await.assert_problem(401, "client_token_unknown");
    let last = cookie_of(&open(&server, &renewed).await);
    assert_eq!(server.session(&last).await["attempts_left"], 1);
    fail(&server, &last, "k3").await;
    let now = shop.now(&check).await;
    assert_eq!((&now["status"], &now["attempts_left"]), (&json!("failed"), &json!(0)));
    let told = ["check.created", "check.opened", "check.attempt_failed", "check.attempt_failed", "check.failed"];
    assert_eq!(shop.told(&check).await, told);
    assert!(server.session(&last).await["check"]["return_to"].as_str().unwrap().contains("status=failed"));
    open(&server, &renewed).await.assert_problem(409, "check_final");
    let refused = server.post("/api/challenge", Some(&last), &challenge_body(public_key())).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.text);
}

#[tokio::test]
async fn a_mail_sent_again_brings_no_new_attempts() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "jo@example.com" })).await;
    let first = token_in(&server.mails().await[0]);
    let cookie = cookie_of(&server.post("/verify", None, &json!({ "token": first })).await);
    fail(&server, &cookie, "k1").await;
    server.execute("update mail_outbox set created_at = created_at - 60000").await;
    assert_eq!(shop.act(&check, "mail").await.status, StatusCode::OK);
    let second = token_in(server.mails().await.last().unwrap());
    assert_ne!(first, second);
    let cookie = cookie_of(&server.post("/verify", None, &json!({ "token": second })).await);
    assert_eq!(server.session(&cookie).await["attempts_left"], 4);
    assert_eq!(server.number("select count(*) from checks").await, 1);
}

#[tokio::test]
async fn two_sites_may_ask_about_one_mailbox_and_each_gets_its_own_answer() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let (first, cookie) = shop.opened("jo@example.com").await;
    let (second, other) = bank.opened("jo@example.com").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    assert_eq!(shop.now(&first).await["status"], "verified");
    assert_eq!(bank.now(&second).await["status"], "open", "the other check needs an attempt of its own");
    let challenge = server.challenge(&other).await;
    assert!(challenge["challenge_id"].is_string());
    assert_eq!(bank.told(&second).await, ["check.created", "check.opened"]);
}

#[tokio::test]
async fn a_canceled_check_verifies_nobody_even_if_the_camera_is_on() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    shop.check(json!({ "email": "jo@example.com" })).await;
    let check = shop.get("/v1/checks").await.json()["data"][0].clone();
    let token = token_in(&server.mails().await[0]);
    let cookie = cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
    let person = Person::at(&server, cookie.clone()).await;
    assert_eq!(shop.act(&check, "cancel").await.json()["status"], "canceled");
    let answer = person.submit(&server, "k1").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    assert_eq!(status_of(&server, "jo@example.com").await, "PENDING");
    server.post("/verify", None, &json!({ "token": token })).await.assert_problem(410, "token_used");
    assert_eq!(shop.told(&check).await, ["check.created", "check.opened", "check.canceled"]);
}

#[tokio::test]
async fn the_register_page_is_the_front_door_of_the_default_site() {
    let server = TestServer::start().await;
    let site = Site::front_door(&server).await;
    let cookie = server.open_session("jo@example.com").await;
    assert_eq!(server.session(&cookie).await["check"], Value::Null);
    let check = site.get("/v1/checks").await.json()["data"][0].clone();
    assert_eq!((&check["status"], &check["policy"]), (&json!("open"), &Value::Null));
    fail(&server, &cookie, "k1").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k2").await.json()["status"], "VERIFIED");
    let told = ["check.created", "check.opened", "check.attempt_failed", "check.verified"];
    assert_eq!(site.told(&check).await, told);
    assert_eq!(status_of(&server, "jo@example.com").await, "VERIFIED");
    // As before: somebody who is verified needs no further check.
    let again = server.open_session("jo@example.com").await;
    assert_eq!(server.session(&again).await["status"], "VERIFIED");
    assert_eq!(site.get("/v1/checks").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_operators_approval_verifies_a_check_that_is_open_or_under_review() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    for (email, before) in [("jo@example.com", "open"), ("al@example.com", "review")] {
        let (check, cookie) = shop.opened(email).await;
        fail(&server, &cookie, before).await;
        if before == "review" {
            server.execute("update checks set status = 'review' where status = 'open'").await;
        }
        let event = server.events().await.remove(0);
        let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
        let body = json!({ "decision": "approve", "note": "seen in person" });
        let answer = crate::operators::post(&server, &path, crate::helpers::ADMIN_KEY, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let now = shop.now(&check).await;
        assert_eq!((&now["status"], &now["method"]), (&json!("verified"), &json!("reviewed")), "{before}");
        assert_eq!(shop.told(&check).await.last().unwrap(), "check.verified");
    }
}
