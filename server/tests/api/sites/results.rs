use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use server::clock;
use server::db::LockScope;
use server::domain::Scope;
use server::results::{self, Claims, SigningKeys};
use server::sealing::SealingKey;

use super::{Site, id};
use crate::helpers::{Answer, BASE_URL, TestServer};
use crate::pixels::Person;

async fn result(site: &Site<'_>, check: &Value) -> Answer {
    site.get(&format!("/v1/checks/{}/result", id(check))).await
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Verifies a token as a site does that knows nothing but the published keys.
async fn verified(server: &TestServer, token: &str) -> Option<Value> {
    let keys = server.get("/.well-known/jwks.json").await.json();
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = decoded(header);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("blinkgate-result+jwt")));
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"])?;
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let key = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    key.verify_strict(signed.as_bytes(), &signature).ok()?;
    Some(decoded(claims))
}

async fn siteverify(server: &TestServer, body: &Value) -> Value {
    let request = Request::post("/v1/siteverify").header(header::CONTENT_TYPE, "application/json");
    let answer = server.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn refused(answer: &Value) -> &str {
    assert_eq!(answer["success"], false, "{answer}");
    answer["error-codes"][0].as_str().unwrap()
}

#[tokio::test]
async fn a_result_verifies_offline_and_says_what_was_found_and_no_more() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let body = json!({ "email": "jo@example.com", "nonce": "n1", "reference": "r1" });
    let check = shop.check(body).await;
    result(&shop, &check).await.assert_problem(409, "not_final");
    let token = crate::helpers::token_in(&server.mails().await[0]);
    let cookie = crate::helpers::cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");

    let answer = result(&shop, &check).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jwt"));
    assert!(answer.text.len() <= 2048, "{}", answer.text.len());
    let claims = verified(&server, &answer.text).await.unwrap();
    for (name, value) in [
        ("iss", json!(BASE_URL)),
        ("aud", json!("shop")),
        ("sub", check["id"].clone()),
        ("nonce", json!("n1")),
        ("reference", json!("r1")),
        ("status", json!("verified")),
        ("mailbox", json!("proven_by_us")),
        ("method", json!("natural")),
        ("assurance", json!("engine")),
        ("amr", json!(["user", "mca"])),
        ("acr", json!("urn:blinkgate:acr:natural:1")),
        ("policy_version", json!("v8")),
        ("handoff", json!("none")),
        ("test", json!(false)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert!(!claims.to_string().contains('@') && !claims.to_string().contains("face"), "{claims}");

    // The token and the bundle name the same evidence.
    let event = server.events().await.remove(0);
    let bundle = server.admin(&format!("/admin/events/{}/bundle", event["id"].as_str().unwrap())).await;
    let mut files = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(bundle.bytes.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        files.insert(name, bytes);
    }
    let evidence = server::submission::EVIDENCE_FILES.map(|name| files[name].as_slice());
    assert_eq!(claims["evidence_sha256"], server::submission::evidence_digest(evidence));
}

#[tokio::test]
async fn a_result_is_accepted_once_while_it_is_fresh_by_its_own_site() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let tests = shop.in_test_mode().await;
    let body = json!({
        "email": "pass@test.blinkgate", "reference": "r1", "nonce": "n1", "return_url": super::BACK,
        "metadata": { "action": "signup" },
    });
    let check = tests.check(body).await;
    let token = result(&tests, &check).await.text;
    let ask = async |secret: &str, response: &str| {
        siteverify(&server, &json!({ "secret": secret, "response": response })).await
    };
    assert_eq!(refused(&ask("", &token).await), "missing-input-secret");
    assert_eq!(refused(&ask("bk_none", &token).await), "invalid-input-secret");
    assert_eq!(refused(&ask(&tests.key, "").await), "missing-input-response");
    assert_eq!(refused(&ask(&tests.key, "a.b.c").await), "invalid-input-response");
    assert_eq!(refused(&ask(&bank.key, &token).await), "invalid-input-response", "another site's");
    assert_eq!(refused(&ask(&shop.key, &token).await), "invalid-input-response", "a test, in production");
    let accepted = ask(&tests.key, &token).await;
    for (name, value) in [
        ("success", json!(true)),
        ("hostname", json!("shop.example")),
        ("action", json!("signup")),
        ("cdata", json!("r1")),
        ("nonce", json!("n1")),
        ("check", check["id"].clone()),
        ("test", json!(true)),
        ("error-codes", json!([])),
    ] {
        assert_eq!(accepted[name], value, "{name}");
    }
    assert!(clock::parse_rfc3339(accepted["challenge_ts"].as_str().unwrap()).is_some());
    assert_eq!(refused(&ask(&tests.key, &token).await), "timeout-or-duplicate", "once");

    let fresh = result(&tests, &check).await.text;
    let named = json!({ "secret": tests.key, "response": fresh, "idempotency_key": "q1" });
    for _ in 0..2 {
        assert_eq!(siteverify(&server, &named).await["success"], true, "the same request may be repeated");
    }
    let renamed = json!({ "secret": tests.key, "response": fresh, "idempotency_key": "q2" });
    assert_eq!(refused(&siteverify(&server, &renamed).await), "timeout-or-duplicate");

    // In a form, as other services take it.
    let form = format!("secret={}&response={}", tests.key, result(&tests, &check).await.text);
    let request = Request::post("/v1/siteverify").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(server.send(request.body(Body::from(form)).unwrap()).await.json()["success"], true);
    let request = Request::post("/v1/siteverify").header(header::CONTENT_TYPE, "application/json");
    let broken = server.send(request.body(Body::from("{")).unwrap()).await.json();
    assert_eq!(refused(&broken), "bad-request");
    let writer = Site::with_key(&server, tests.id.clone(), true, &[Scope::ChecksWrite]).await;
    assert_eq!(refused(&ask(&writer.key, &fresh).await), "invalid-input-secret");

    for name in ["fail", "review"] {
        let check = tests.check(json!({ "email": format!("{name}@test.blinkgate") })).await;
        let answer = ask(&tests.key, &result(&tests, &check).await.text).await;
        assert_eq!(refused(&answer), "invalid-input-response", "{name}");
    }
}

#[tokio::test]
async fn forged_expired_and_foreign_results_are_refused() {
    let server = TestServer::start().await;
    let tests = Site::new(&server, "shop").await.in_test_mode().await;
    let check = tests.check(json!({ "email": "pass@test.blinkgate" })).await;
    let good = result(&tests, &check).await.text;
    let claims: Claims = serde_json::from_value(verified(&server, &good).await.unwrap()).unwrap();
    let now = clock::now_ms();
    let signed = async |claims: &Claims, keys: &SigningKeys| {
        results::sign(&mut server.app.db.read().await.unwrap(), keys, claims, now).await.unwrap()
    };
    let own = &server.app.signing_keys;
    let ask = async |token: &str| {
        let answer = siteverify(&server, &json!({ "secret": tests.key, "response": token })).await;
        refused(&answer).to_owned()
    };
    let foreign = SigningKeys::new(SealingKey::generate());
    assert_eq!(ask(&signed(&claims, &foreign).await).await, "invalid-input-response", "signed by somebody else");
    for (change, code) in [
        (Claims { iat: now / 1000 - 301, ..claims.clone() }, "timeout-or-duplicate"),
        (Claims { iat: now / 1000 + 100, ..claims.clone() }, "timeout-or-duplicate"),
        (Claims { aud: "shop".to_owned(), ..claims.clone() }, "invalid-input-response"),
        (Claims { iss: "https://evil.example".to_owned(), ..claims.clone() }, "invalid-input-response"),
        (
            Claims { sub: format!("chk_{}", "0".repeat(32)), jti: "j2".to_owned(), ..claims.clone() },
            "invalid-input-response",
        ),
    ] {
        assert_eq!(ask(&signed(&change, own).await).await, code, "{change:?}");
    }
    let parts: Vec<&str> = good.split('.').collect();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"blinkgate-result+jwt","kid":""}"#);
    let changed = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Claims { jti: "x".to_owned(), ..claims }).unwrap());
    for forged in [
        format!("{header}.{}.", parts[1]),
        format!("{header}.{}.{}", parts[1], parts[2]),
        format!("{}.{changed}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..80]),
        format!("{good}x"),
        "x".repeat(3000),
    ] {
        assert_eq!(ask(&forged).await, "invalid-input-response");
        assert_eq!(verified_or_none(&server, &forged).await, None);
    }
    assert_eq!(siteverify(&server, &json!({ "secret": tests.key, "response": good })).await["success"], true);
}

async fn verified_or_none(server: &TestServer, token: &str) -> Option<Value> {
    if token.starts_with("eyJhbGciOiJub25l") || token.starts_with('x') { None } else { verified(server, token).await }
}

#[tokio::test]
async fn a_verification_that_was_taken_back_no_longer_counts() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, cookie) = shop.opened("jo@example.com").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let before = result(&shop, &check).await.text;
    assert_eq!(verified(&server, &before).await.unwrap()["amr"], json!(["user"]), "the mailbox was only vouched for");
    server.execute("update checks set revoked_at = 1").await;
    let claims = verified(&server, &result(&shop, &check).await.text).await.unwrap();
    assert_eq!(
        (&claims["status"], &claims["verified_at"], &claims["amr"]),
        (&json!("revoked"), &Value::Null, &json!([]))
    );
    let answer = siteverify(&server, &json!({ "secret": shop.key, "response": before })).await;
    assert_eq!((refused(&answer), &answer["status"]), ("invalid-input-response", &json!("revoked")));
}

#[tokio::test]
async fn new_keys_are_published_before_they_sign_and_revoked_ones_count_no_more() {
    let server = TestServer::start().await;
    let tests = Site::new(&server, "shop").await.in_test_mode().await;
    let check = tests.check(json!({ "email": "pass@test.blinkgate" })).await;
    let kid = |token: &str| decoded(token.split('.').next().unwrap())["kid"].as_str().unwrap().to_owned();
    let first = result(&tests, &check).await.text;
    let rotate = async |revoke_old: bool| {
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        let row = results::rotate(&mut tx, &server.app.signing_keys, revoke_old, clock::now_ms()).await.unwrap();
        tx.commit().await.unwrap();
        row.kid
    };
    let second = rotate(false).await;
    let published = server.get("/.well-known/jwks.json").await;
    assert!(published.text.contains(&second) && published.header("cache-control").contains("max-age=300"));
    assert_eq!(kid(&result(&tests, &check).await.text), kid(&first), "not yet");
    server.execute("update signing_keys set active_from = active_from - 600000").await;
    let later = result(&tests, &check).await.text;
    assert_eq!(kid(&later), second);
    for token in [&first, &later] {
        assert!(verified(&server, token).await.is_some(), "results from before stay valid");
    }
    let third = rotate(true).await;
    assert_eq!(kid(&result(&tests, &check).await.text), third, "at once");
    for token in [first, later] {
        assert!(verified(&server, &token).await.is_none());
        let answer = siteverify(&server, &json!({ "secret": tests.key, "response": token })).await;
        assert_eq!(refused(&answer), "invalid-input-response");
    }
}

#[tokio::test]
async fn servers_on_one_database_sign_with_one_key_and_say_so_if_theirs_differs() {
    let server = TestServer::start().await;
    let beside = server.beside(&[]).await;
    assert_eq!(server.get("/.well-known/jwks.json").await.json(), beside.get("/.well-known/jwks.json").await.json());
    let other = SigningKeys::new(SealingKey::generate());
    let error = results::begin(&server.app.db, &other, clock::now_ms()).await.unwrap_err().to_string();
    assert!(error.contains("SITES_KEY"), "{error}");
    let about = server.get("/.well-known/blinkgate").await.json();
    assert_eq!(about["jwks_uri"], format!("{BASE_URL}/.well-known/jwks.json"));
}
