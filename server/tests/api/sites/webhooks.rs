use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use server::domain::SiteEventType;
use server::webhooks;
use sha2::Sha256;
use strum::VariantArray as _;

use super::{Site, id};
use crate::helpers::{ADMIN_KEY, TestServer, cookie_of, token_in};
use crate::pixels::Person;
use crate::submit_steps::worthless;

/// Somebody who is told, on a port of this machine.
struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Inbox {
    answers: Mutex<Vec<u16>>,
    got: Mutex<Vec<(HeaderMap, String)>>,
}

impl Receiver {
    async fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Router::new().fallback(take).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, inbox }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What the next requests are answered; 204 after that.
    fn will_answer(&self, statuses: &[u16]) {
        *self.inbox.answers.lock().unwrap() = statuses.iter().rev().copied().collect();
    }

    fn got(&self) -> Vec<(HeaderMap, String)> {
        self.inbox.got.lock().unwrap().clone()
    }

    /// Types of the events, in order of arrival.
    fn types(&self) -> Vec<String> {
        let parsed = self.got().into_iter().map(|(_, body)| serde_json::from_str::<Value>(&body).unwrap());
        parsed.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    inbox.got.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let status = inbox.answers.lock().unwrap().pop().unwrap_or(204);
    let mut more = HeaderMap::new();
    match status {
        302 => drop(more.insert("location", "/elsewhere".parse().unwrap())),
        429 => drop(more.insert("retry-after", "600".parse().unwrap())),
        _ => {}
    }
    (StatusCode::from_u16(status).unwrap(), more)
}

/// A site that may reach this machine, with one endpoint, and the endpoint as it was answered.
async fn told<'s>(server: &'s TestServer, receiver: &Receiver, types: &[&str]) -> (Site<'s>, Value) {
    let shop = Site::new(server, "shop").await;
    server.execute("update sites set private_hosts = '[\"127.0.0.1\"]'").await;
    let endpoint = endpoint(&shop, &receiver.url(), types).await;
    (shop, endpoint)
}

async fn endpoint(site: &Site<'_>, url: &str, types: &[&str]) -> Value {
    let answer = site.post("/v1/webhooks", &json!({ "url": url, "types": types })).await;
    site.made(&answer)
}

async fn deliver(server: &TestServer) {
    webhooks::deliver_due(&server.app.db, &server.app.webhooks).await.unwrap();
}

async fn make_due(server: &TestServer) {
    server.execute("update deliveries set next_try_at = 0").await;
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers[name].to_str().unwrap()
}

/// Which of the request's signatures verify with the endpoint's secrets.
fn verifying(endpoint: &Value, headers: &HeaderMap, body: &str) -> BTreeSet<&'static str> {
    let signed = format!("{}.{}.{body}", header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let key = |name: &str, prefix: &str| {
        STANDARD.decode(endpoint[name].as_str().unwrap().strip_prefix(prefix).unwrap()).unwrap()
    };
    let (secret, public) = (key("secret", "whsec_"), key("public_key", "whpk_"));
    assert_eq!(secret.len(), 32);
    let public = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let mut good = BTreeSet::new();
    for signature in header(headers, "webhook-signature").split(' ') {
        let (version, text) = signature.split_once(',').unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let is_good = match version {
            "v1" => {
                let mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&signed);
                mac.verify_slice(&bytes).is_ok()
            }
            "v1a" => public.verify_strict(signed.as_bytes(), &Signature::from_slice(&bytes).unwrap()).is_ok(),
            other => panic!("{other}"),
        };
        if is_good {
            good.insert(if version == "v1" { "v1" } else { "v1a" });
        }
    }
    good
}

#[tokio::test]
async fn every_declared_event_is_sent_when_it_happens() {
    let server = TestServer::with(&[("MAX_ATTEMPTS", "2"), ("COOL_DOWN_FAILURES", "0")]).await;
    let receiver = Receiver::start().await;
    let (shop, hook) = told(&server, &receiver, &[]).await;

    // Created, opened, a failed attempt, verified, revoked, redacted.
    let check = shop.check(json!({ "email": "jo@example.com", "reference": "r1", "nonce": "n1" })).await;
    let token = token_in(&server.mails().await[0]);
    let cookie = cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
    let fail = async |cookie: &str, key: &str| {
        let submission = worthless(&server.challenge(cookie).await);
        server.upload(cookie, key, &submission).await;
        server.finish(cookie, key, &submission).await;
    };
    fail(&cookie, "k1").await;
    let person = Person::at(&server, cookie).await;
    assert_eq!(person.submit(&server, "k2").await.json()["status"], "VERIFIED");
    let event = server.events().await.remove(0);
    let path = format!("/admin/events/{}/review", event["id"].as_str().unwrap());
    crate::operators::post(&server, &path, ADMIN_KEY, &json!({ "decision": "decline", "note": "seen" })).await;
    shop.act(&check, "redact").await;
    // Failed, canceled, expired.
    let (_, cookie) = shop.opened("al@example.com").await;
    fail(&cookie, "k3").await;
    fail(&cookie, "k4").await;
    let body = json!({ "email": "li@example.com", "gate": "site" });
    shop.act(&shop.check(body.clone()).await, "cancel").await;
    shop.check(body).await;
    server.execute("update checks set expires_at = 0 where status = 'waiting'").await;
    shop.get("/v1/checks").await;
    // Under review.
    let (_, cookie) = shop.opened("ed@example.com").await;
    let challenge = server.challenge(&cookie).await;
    review(&server, challenge["challenge_id"].as_str().unwrap()).await;
    shop.ask(Method::POST, &format!("/v1/webhooks/{}/test", id(&hook)), None, &[]).await;
    deliver(&server).await;

    let sent: BTreeSet<String> = receiver.types().into_iter().collect();
    let declared: BTreeSet<String> = SiteEventType::VARIANTS.iter().map(|kind| kind.name().to_owned()).collect();
    assert_eq!(sent, declared);
    let mut ids = BTreeSet::new();
    for (headers, body) in receiver.got() {
        assert_eq!(verifying(&hook, &headers, &body), BTreeSet::from(["v1", "v1a"]));
        assert!(ids.insert(header(&headers, "webhook-id").to_owned()), "one id for each occurrence");
        assert!(!body.contains('@') && body.len() < 20_000, "{body}");
        assert_eq!(header(&headers, "content-type"), "application/json");
    }
    let listed = pull(&shop, "").await;
    assert_eq!(listed.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), ids);
}

/// Ends the check of this challenge as an accepted attempt does that is marked for review.
async fn review(server: &TestServer, challenge: &str) {
    use server::checks::{AttemptEnd, attempt_ended};
    use server::db::{LockScope, challenges, sessions};
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    let (session,): (String,) = tx
        .query("select session_id from challenges where id = $1")
        .bind(challenge.to_owned())
        .fetch_one()
        .await
        .unwrap();
    let session = server::domain::SessionId::from_client(&session);
    assert_eq!(sessions::attempts(&mut tx, &session).await.unwrap(), 0);
    let id = server::domain::ChallengeId::from_client(challenge);
    let challenge = challenges::find(&mut tx, &id, &session).await.unwrap().unwrap();
    let end = AttemptEnd {
        reason: None,
        is_counted: false,
        attempts_left: 1,
        is_marked: true,
        evidence_sha256: None,
        event: None,
    };
    attempt_ended(&mut tx, &challenge, end, server::clock::now_ms()).await.unwrap();
    tx.commit().await.unwrap();
}

/// All events, page by page. They are listed once they are two seconds old.
async fn pull(site: &Site<'_>, after: &str) -> Vec<Value> {
    site.server.execute("update site_events set created_at = created_at - 2000").await;
    let (mut events, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = site.get(&format!("/v1/events?limit=3{after}")).await.json();
        let data = page["data"].as_array().unwrap();
        if data.is_empty() {
            return events;
        }
        events.extend(data.iter().cloned());
        after = format!("&after={}", page["next"].as_str().unwrap());
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_asked_for_until_it_is_removed() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let (shop, hook) = told(&server, &receiver, &["check.canceled"]).await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    shop.act(&check, "cancel").await;
    deliver(&server).await;
    assert_eq!(receiver.types(), ["check.canceled"]);
    let path = format!("/v1/webhooks/{}", id(&hook));
    let shown = shop.get(&path).await.json();
    assert_eq!((&shown["secret"], &shown["deliveries"][0]["state"]), (&Value::Null, &json!("delivered")));
    let listed = shop.get("/v1/webhooks").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    // In test mode, others are told.
    let tests = shop.in_test_mode().await;
    assert_eq!(tests.get("/v1/webhooks").await.json()["data"], json!([]));
    tests.get(&path).await.assert_problem(404, "webhook_unknown");
    tests.check(json!({ "email": "pass@test.blinkgate" })).await;
    deliver(&server).await;
    assert_eq!(receiver.got().len(), 1);

    assert_eq!(shop.ask(Method::DELETE, &path, None, &[]).await.status, StatusCode::NO_CONTENT);
    shop.get(&path).await.assert_problem(404, "webhook_unknown");
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    shop.act(&check, "cancel").await;
    deliver(&server).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_comes_again_with_the_same_id() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let (shop, hook) = told(&server, &receiver, &["check.created"]).await;
    receiver.will_answer(&[500, 302, 429, 404]);
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    for tries in 1..=5 {
        deliver(&server).await;
        assert_eq!(receiver.got().len(), tries);
        deliver(&server).await;
        assert_eq!(receiver.got().len(), tries, "not before its time");
        if tries == 3 {
            let rest = server.number("select next_try_at from deliveries").await - server::clock::now_ms();
            assert!(rest > 590_000, "the receiver asked for ten minutes: {rest}");
        }
        make_due(&server).await;
    }
    let ids: BTreeSet<String> =
        receiver.got().iter().map(|(headers, _)| header(headers, "webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1);
    deliver(&server).await;
    assert_eq!(receiver.got().len(), 5, "it was taken");
    let shown = shop.get(&format!("/v1/webhooks/{}", id(&hook))).await.json();
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&delivery["tries"], &delivery["last_status"], &delivery["state"]),
        (&json!(5), &json!(204), &json!("delivered"))
    );

    // Again, by hand.
    let event = delivery["event"].as_str().unwrap();
    let again = shop.ask(Method::POST, &format!("/v1/events/{event}/deliver"), None, &[]).await;
    assert_eq!(again.json(), json!({ "endpoints": 1 }));
    deliver(&server).await;
    assert_eq!(header(&receiver.got()[5].0, "webhook-id"), event);
    let bank = Site::new(&server, "bank").await;
    let foreign = bank.ask(Method::POST, &format!("/v1/events/{event}/deliver"), None, &[]).await;
    foreign.assert_problem(404, "event_unknown");
}

#[tokio::test]
async fn an_event_is_given_up_after_ten_tries_and_an_endpoint_after_410() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let (shop, hook) = told(&server, &receiver, &["check.created"]).await;
    receiver.will_answer(&[500; 10]);
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    for _ in 0..12 {
        deliver(&server).await;
        make_due(&server).await;
    }
    assert_eq!(receiver.got().len(), 10);
    receiver.will_answer(&[410]);
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    deliver(&server).await;
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    make_due(&server).await;
    deliver(&server).await;
    assert_eq!(receiver.got().len(), 11);
    let shown = shop.get(&format!("/v1/webhooks/{}", id(&hook))).await.json();
    assert!(shown["disabled_at"].is_string() && shown["disabled_why"].is_string(), "{shown}");
    let states: Vec<&str> =
        shown["deliveries"].as_array().unwrap().iter().map(|delivery| delivery["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["given_up", "given_up"]);
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_everything_once_it_is_back() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let (shop, hook) = told(&server, &receiver, &["check.created"]).await;
    // Nobody listens there: the port was free a moment ago.
    let down = { tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap() };
    let url: &'static str = format!("update endpoints set url = 'http://{down}/hook'").leak();
    server.execute(url).await;
    for _ in 0..40 {
        shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    }
    deliver(&server).await;
    let shown = shop.get(&format!("/v1/webhooks/{}", id(&hook))).await.json();
    assert_eq!(shown["deliveries"][0]["state"], "waiting");
    assert!(shown["deliveries"][0]["last_error"].as_str().unwrap().starts_with("no answer"), "{shown}");
    let url: &'static str = format!("update endpoints set url = '{}'", receiver.url()).leak();
    server.execute(url).await;
    make_due(&server).await;
    deliver(&server).await;
    let ids: BTreeSet<String> =
        receiver.got().iter().map(|(headers, _)| header(headers, "webhook-id").to_owned()).collect();
    assert_eq!((receiver.got().len(), ids.len()), (40, 40));
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let (shop, before) = told(&server, &receiver, &["check.created"]).await;
    let path = format!("/v1/webhooks/{}/rotate", id(&before));
    let after = shop.ask(Method::POST, &path, None, &[]).await.json();
    assert_ne!(before["secret"], after["secret"]);
    assert_ne!(before["public_key"], after["public_key"]);
    let both = BTreeSet::from(["v1", "v1a"]);
    for expected in [both.clone(), BTreeSet::new()] {
        shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
        deliver(&server).await;
        let (headers, body) = receiver.got().pop().unwrap();
        assert_eq!(verifying(&after, &headers, &body), both);
        assert_eq!(verifying(&before, &headers, &body), expected);
        server.execute("update endpoints set rotated_at = rotated_at - 86400000").await;
    }
    let stored = format!("{:?}", server.contents().await);
    for secret in [&before["secret"], &after["secret"]] {
        assert!(!stored.contains(secret.as_str().unwrap().strip_prefix("whsec_").unwrap()), "no secret is stored");
    }
}

#[tokio::test]
async fn no_request_reaches_a_private_address_that_the_site_does_not_list() {
    let server = TestServer::start().await;
    let receiver = Receiver::start().await;
    let shop = Site::new(&server, "shop").await;
    let port = receiver.address.port();
    for url in [
        receiver.url(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/".to_owned(),
        format!("http://localhost:{port}/"),
        "ftp://shop.example/".to_owned(),
        "hook".to_owned(),
    ] {
        let answer = shop.post("/v1/webhooks", &json!({ "url": url })).await;
        answer.assert_problem(400, "request_invalid");
        assert_eq!(answer.json()["parameter"], "url", "{url}");
    }
    // A name that leads to one is found out when it is resolved.
    endpoint(&shop, &format!("https://localhost:{port}/"), &[]).await;
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    deliver(&server).await;
    let error = server.text("select last_error from deliveries").await;
    assert!(error.contains("private"), "{error}");
    // And so is a host that the site lists no longer.
    server.execute("update sites set private_hosts = '[\"127.0.0.1\"]'").await;
    endpoint(&shop, &receiver.url(), &[]).await;
    server.execute("update sites set private_hosts = '[]'").await;
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    make_due(&server).await;
    deliver(&server).await;
    assert_eq!(receiver.got().len(), 0);
    for (types, code) in [(json!(["check.done"]), 400), (json!("check.created"), 400), (json!([1]), 400)] {
        let answer = shop.post("/v1/webhooks", &json!({ "url": "https://shop.example/", "types": types })).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (code, &json!("types")));
    }
}

#[tokio::test]
async fn events_can_be_pulled_and_each_site_sees_its_own() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let mut expected = BTreeMap::<String, usize>::new();
    for _ in 0..4 {
        let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
        shop.act(&check, "cancel").await;
        for kind in ["check.created", "check.canceled"] {
            *expected.entry(kind.to_owned()).or_default() += 1;
        }
    }
    let mut found = BTreeMap::<String, usize>::new();
    for event in pull(&shop, "").await {
        *found.entry(event["type"].as_str().unwrap().to_owned()).or_default() += 1;
        assert_eq!(event["data"]["site"], "shop");
    }
    assert_eq!(found, expected);
    assert_eq!(pull(&bank, "").await, Vec::<Value>::new());
    let nothing = shop.get("/v1/events?after=evt_ffffffffffffffffffffffffffffffff").await.json();
    assert_eq!((&nothing["data"], &nothing["next"]), (&json!([]), &json!("evt_ffffffffffffffffffffffffffffffff")));
    shop.get("/v1/events?after=1").await.assert_problem(400, "request_invalid");
}
