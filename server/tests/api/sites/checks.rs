use axum::http::Method;
use serde_json::{Value, json};
use server::domain::{Logo, Scope};

use super::{BACK, Site, id, open};
use crate::helpers::{BASE_URL, TestServer};

#[tokio::test]
async fn a_check_is_made_read_listed_and_canceled() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let body = json!({
        "email": "Jo@Example.com", "reference": "user-4711", "nonce": "n1", "state": "s1", "return_url": BACK,
        "alternative_url": format!("{BACK}?other=1"), "metadata": { "order": "991" }, "locale": "de",
        "expires_in_s": 600,
    });
    let check = shop.check(body).await;
    assert_eq!(check["url"], format!("{BASE_URL}/c?lang=de#{}", check["client_token"].as_str().unwrap()));
    for (name, value) in [
        ("status", json!("waiting")),
        ("gate", json!("link")),
        ("mailbox", json!("proven_by_us")),
        ("policy", json!("natural")),
        ("attempts_left", json!(5)),
        ("reference", json!("user-4711")),
        ("nonce", json!("n1")),
        ("metadata", json!({ "order": "991" })),
        ("test", json!(false)),
    ] {
        assert_eq!(check[name], value, "{name}");
    }
    assert!(!check.to_string().to_lowercase().contains("example.com\""), "the address is not repeated: {check}");
    let read = shop.now(&check).await;
    assert_eq!((&read["client_token"], &read["url"]), (&Value::Null, &Value::Null), "tokens are told once");
    assert_eq!(server.mails().await.len(), 1);

    let canceled = shop.act(&check, "cancel").await.json();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(shop.act(&check, "cancel").await.json()["status"], "canceled", "again");
    assert_eq!(shop.told(&check).await, ["check.created", "check.canceled"]);
    for action in ["mail", "token"] {
        shop.act(&check, action).await.assert_problem(409, "check_final");
    }
}

#[tokio::test]
async fn the_mail_shows_the_sites_logo_and_an_address_from_before_is_left_out() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let logo = Logo::from_file(b"\x89PNG\r\n\x1a\n picture".to_vec()).unwrap();
    for (stored, shown) in [(logo.stored(), true), ("https://shop.example/logo.png".to_owned(), false)] {
        server.execute(format!("update sites set logo = '{stored}' where id = 'shop'").leak()).await;
        shop.check(json!({ "email": format!("{shown}@example.com") })).await;
        let mail = server.mails().await.pop().unwrap();
        assert_eq!(mail.contains("cid:logo"), shown, "{mail}");
        assert_eq!(mail.contains(&logo.base64()), shown, "{mail}");
        assert!(!mail.contains("shop.example/logo"), "{mail}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    for (body, parameter) in [
        (json!({}), "email"),
        (json!({ "email": "nobody" }), "email"),
        (json!({ "email": "jo@example.com", "gate": "sms" }), "gate"),
        (json!({ "email": "jo@example.com", "policy": "tone_guided" }), "policy"),
        (json!({ "email": "jo@example.com", "locale": "?" }), "locale"),
        (json!({ "email": "jo@example.com", "reference": "" }), "reference"),
        (json!({ "email": "jo@example.com", "reference": 1 }), "reference"),
        (json!({ "email": "jo@example.com", "expires_in_s": 1 }), "expires_in_s"),
        (json!({ "email": "jo@example.com", "metadata": { "a": 1 } }), "metadata"),
        (json!({ "email": "jo@example.com", "e-mail": "jo@example.com" }), "e-mail"),
    ] {
        let answer = shop.post("/v1/checks", &body).await;
        answer.assert_problem(400, "request_invalid");
        assert_eq!(answer.json()["parameter"], parameter, "{body}");
    }
    for url in ["https://evil.example/back", "https://shop.example/back#x", "/back"] {
        for name in ["return_url", "alternative_url"] {
            let body = json!({ "email": "jo@example.com", name: url });
            shop.post("/v1/checks", &body).await.assert_problem(422, "return_url_not_listed");
        }
    }
    for query in ["limit=0", "limit=101", "status=done", "after=1", "created_from=x", "other=1", "limit=1&limit=2"] {
        shop.get(&format!("/v1/checks?{query}")).await.assert_problem(400, "request_invalid");
    }
    shop.get("/v1/checks/chk_none").await.assert_problem(404, "check_unknown");
    assert_eq!(server.number("select count(*) from checks").await, 0);
}

#[tokio::test]
async fn a_site_cannot_ask_for_less_than_its_operator_wants() {
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted")]).await;
    let shop = Site::new(&server, "shop").await;
    let body = |policy: &str| json!({ "email": "jo@example.com", "gate": "site", "policy": policy });
    assert_eq!(shop.check(body("prompted")).await["policy"], "prompted");
    shop.post("/v1/checks", &body("natural")).await.assert_problem(400, "request_invalid");
    server.execute("update sites set policy = 'natural' where id = 'shop'").await;
    assert_eq!(shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await["policy"], "natural");
    for policy in ["natural", "prompted"] {
        let check = shop.check(body(policy)).await;
        let cookie = crate::helpers::cookie_of(&open(&server, &check).await);
        assert_eq!(server.challenge(&cookie).await["policy"], policy);
        assert_eq!(server.session(&cookie).await["policy"], policy);
    }
}

#[tokio::test]
async fn pages_of_checks_follow_each_other_without_gaps() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let mut made = Vec::new();
    for number in 0..7 {
        let reference = format!("r{}", number % 2);
        let body = json!({ "email": "jo@example.com", "gate": "site", "reference": reference });
        made.push(id(&shop.check(body).await).to_owned());
    }
    made.sort();
    made.reverse();
    let mut listed = Vec::new();
    let mut path = "/v1/checks?limit=3".to_owned();
    loop {
        let page = shop.get(&path).await.json();
        listed.extend(page["data"].as_array().unwrap().iter().map(|check| id(check).to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/checks?limit=3&after={next}");
    }
    assert_eq!(listed, made);
    let count =
        async |query: &str| shop.get(&format!("/v1/checks?{query}")).await.json()["data"].as_array().unwrap().len();
    shop.act(&json!({ "id": made[0] }), "cancel").await;
    assert_eq!(count("reference=r0").await, 4);
    assert_eq!(count("status=canceled").await, 1);
    assert_eq!(count("status=waiting").await, 6);
    assert_eq!(count("reference=r1&status=canceled").await + count("reference=r0&status=canceled").await, 1);
    assert_eq!(count("created_from=2100-01-01").await, 0);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    let reader = Site::with_key(&server, shop.id.clone(), false, &[Scope::ChecksRead]).await;
    assert_eq!(reader.now(&check).await["status"], "waiting");
    reader.post("/v1/checks", &json!({})).await.assert_problem(403, "scope_missing");
    reader.act(&check, "cancel").await.assert_problem(403, "scope_missing");
    let writer = Site::with_key(&server, shop.id.clone(), false, &[Scope::ChecksWrite]).await;
    writer.get("/v1/checks").await.assert_problem(403, "scope_missing");
    writer.act(&check, "redact").await.assert_problem(403, "scope_missing");
    writer.get("/admin/events").await.assert_problem(403, "admin_scope_missing");
    server.execute("update admin_keys set revoked_at = 1").await;
    writer.act(&check, "cancel").await.assert_problem(403, "key_wrong");
    let stranger = Site { server: &server, id: shop.id, key: "bk_none".to_owned() };
    stranger.get("/v1/checks").await.assert_problem(403, "key_wrong");
    assert_eq!(server.number("select count(*) from checks where status = 'waiting'").await, 1);
}

#[tokio::test]
async fn checks_of_test_mode_end_without_a_camera_and_never_verify_anybody() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let tests = shop.in_test_mode().await;
    assert!(tests.key.starts_with("bk_test_"));
    for (name, status, told) in [
        ("pass", "verified", "check.verified"),
        ("fail", "failed", "check.failed"),
        ("review", "review", "check.review"),
    ] {
        let check = tests.check(json!({ "email": format!("{name}@test.blinkgate") })).await;
        assert_eq!((&check["status"], &check["test"]), (&json!(status), &json!(true)));
        assert_eq!(tests.told(&check).await, ["check.created", told]);
        shop.get(&format!("/v1/checks/{}", id(&check))).await.assert_problem(404, "check_unknown");
    }
    let slow = tests.check(json!({ "email": "slow@test.blinkgate" })).await;
    assert_eq!(slow["status"], "checking");
    server.execute("update checks set decide_at = decide_at - 10000").await;
    assert_eq!(tests.now(&slow).await["status"], "verified");
    assert_eq!(tests.told(&slow).await, ["check.created", "check.verified"]);

    tests.post("/v1/checks", &json!({ "email": "jo@example.com" })).await.assert_problem(422, "test_address");
    tests.post("/v1/checks", &json!({ "email": "other@test.blinkgate" })).await.assert_problem(422, "test_address");
    shop.post("/v1/checks", &json!({ "email": "pass@test.blinkgate" })).await.assert_problem(422, "test_address");
    open(&server, &slow).await.assert_problem(409, "link_needed");
    assert_eq!(shop.get("/v1/checks").await.json()["data"], json!([]), "each mode sees its own");
    assert_eq!(tests.get("/v1/checks").await.json()["data"].as_array().unwrap().len(), 4);
    assert_eq!(server.number("select count(*) from users").await, 0);
    assert_eq!(server.number("select count(*) from mail_outbox").await, 0);
    let test = tests.check(json!({ "email": "pass@test.blinkgate", "gate": "site" })).await;
    open(&server, &test).await.assert_problem(409, "check_final");
}

#[tokio::test]
async fn checks_that_nobody_finishes_expire_and_never_come_back() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    server.execute("update checks set expires_at = expires_at - 90000000").await;
    let refused = server.post("/api/challenge", Some(&cookie), &crate::helpers::challenge_body("x")).await;
    refused.assert_problem(401, "session_expired");
    assert_eq!(shop.now(&check).await["status"], "expired");
    assert_eq!(shop.told(&check).await, ["check.created", "check.opened", "check.expired"]);
    shop.act(&check, "cancel").await.assert_problem(409, "check_final");
    open(&server, &check).await.assert_problem(410, "check_expired");
    assert_eq!(
        shop.ask(Method::GET, "/v1/checks?status=expired", None, &[]).await.json()["data"][0]["id"],
        check["id"]
    );
}
