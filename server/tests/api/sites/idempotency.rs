use axum::http::Method;
use serde_json::{Value, json};

use super::{Site, id};
use crate::helpers::{Answer, TestServer, join_all};

async fn create(site: &Site<'_>, key: &str, email: &str) -> Answer {
    let body = json!({ "email": email, "gate": "site" });
    site.ask(Method::POST, "/v1/checks", Some(&body), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn a_repeated_request_is_carried_out_once_and_answered_the_same() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let first = create(&shop, "k1", "jo@example.com").await;
    let again = create(&shop, "k1", "jo@example.com").await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    create(&shop, "k1", "al@example.com").await.assert_problem(422, "idempotency_mismatch");
    let elsewhere = create(&bank, "k1", "jo@example.com").await;
    assert_ne!(elsewhere.json()["id"], first.json()["id"], "keys are the caller's own");
    assert_eq!(server.number("select count(*) from checks").await, 2);

    let token = first.json()["client_token"].as_str().unwrap().to_owned();
    let stored = format!("{:?}", server.contents().await);
    assert!(!stored.contains(&token), "answers are sealed");

    let check = first.json();
    let path = format!("/v1/checks/{}/cancel", id(&check));
    for replayed in ["", "true"] {
        let answer = shop.ask(Method::POST, &path, None, &[("idempotency-key", "k2")]).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotent-replayed")), (200, replayed));
    }
    let long = "k".repeat(256);
    let answer = create(&shop, &long, "jo@example.com").await;
    answer.assert_problem(400, "request_invalid");
    assert_eq!(answer.json()["parameter"], "Idempotency-Key");
}

#[tokio::test]
async fn requests_at_once_make_one_check() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let answers = join_all((0..8).map(|_| create(&shop, "k1", "jo@example.com")).collect()).await;
    assert_all_have_the_first_answer(&answers);
    assert_eq!(server.number("select count(*) from checks").await, 1);
    assert_eq!(server.number("select count(*) from site_events").await, 1, "nothing else of the others is left");
}

fn assert_all_have_the_first_answer(answers: &[Answer]) {
    for answer in answers {
        assert_eq!((answer.status.as_u16(), &answer.text), (201, &answers[0].text));
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
    assert_eq!(replayed, answers.len() - 1);
}

#[tokio::test]
async fn requests_at_once_are_not_refused_for_what_the_first_of_them_did() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let add = |key: String| {
        let shop = &shop;
        async move {
            let body = json!({ "url": "https://shop.example/hook" });
            shop.ask(Method::POST, "/v1/webhooks", Some(&body), &[("idempotency-key", &key)]).await
        }
    };
    for number in 0..15 {
        assert_eq!(add(number.to_string()).await.status, 201);
    }
    assert_all_have_the_first_answer(&join_all((0..8).map(|_| add("last".into())).collect()).await);
    assert_eq!(server.number("select count(*) from endpoints").await, 16);
    add("one too many".into()).await.assert_problem(409, "too_many_webhooks");
}

#[tokio::test]
async fn a_key_names_one_request_whatever_it_does() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = create(&shop, "k1", "jo@example.com").await.json();
    let cancel = format!("/v1/checks/{}/cancel", id(&check));
    let answer = shop.ask(Method::POST, &cancel, None, &[("idempotency-key", "k1")]).await;
    answer.assert_problem(422, "idempotency_mismatch");
    assert_eq!(shop.ask(Method::POST, &cancel, None, &[("idempotency-key", "k2")]).await.status, 200);
    create(&shop, "k2", "jo@example.com").await.assert_problem(422, "idempotency_mismatch");
    assert_eq!(server.number("select count(*) from checks").await, 1);
}

#[tokio::test]
async fn requests_at_once_make_one_client_token() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.ask(Method::POST, "/v1/checks", Some(&json!({ "email": "jo@example.com" })), &[]).await.json();
    let path = format!("/v1/checks/{}/token", id(&check));
    let asked = (0..8).map(|_| shop.ask(Method::POST, &path, None, &[("idempotency-key", "k1")])).collect();
    let answers = join_all(asked).await;
    let (made, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    let tokens: Vec<_> = made.iter().map(|answer| answer.json()["client_token"].to_string()).collect();
    assert!(!tokens.is_empty() && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    for other in others {
        other.assert_problem(409, "idempotency_in_flight");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again_with_the_same_key() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    create(&shop, "k1", "nobody").await.assert_problem(400, "request_invalid");
    assert_eq!(create(&shop, "k1", "jo@example.com").await.status, 201);
}

#[tokio::test]
async fn a_request_that_died_with_its_server_is_carried_out_a_minute_later() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    assert_eq!(create(&shop, "k1", "jo@example.com").await.status, 201);
    server.execute("update idempotent_requests set status = null, answer = null").await;
    create(&shop, "k1", "jo@example.com").await.assert_problem(409, "idempotency_in_flight");
    server.execute("update idempotent_requests set created_at = created_at - 60000").await;
    create(&shop, "k1", "al@example.com").await.assert_problem(422, "idempotency_mismatch");
    assert_eq!(create(&shop, "k1", "jo@example.com").await.status, 201);
    let checks: Value = shop.get("/v1/checks").await.json();
    assert_eq!(checks["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn requests_are_remembered_for_a_day() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    assert_eq!(create(&shop, "k1", "jo@example.com").await.status, 201);
    let now = server::clock::now_ms();
    server::checks::forget(&server.app.db, now).await.unwrap();
    assert_eq!(create(&shop, "k1", "jo@example.com").await.header("idempotent-replayed"), "true");
    server::checks::forget(&server.app.db, now + 86_400_000 + 10_000).await.unwrap();
    assert_eq!(create(&shop, "k1", "jo@example.com").await.header("idempotent-replayed"), "");
}
