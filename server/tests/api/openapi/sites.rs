//! The routes for sites, compared with the description.

use axum::http::Method;
use serde_json::{Value, json};

use super::Description;
use crate::helpers::{Answer, TestServer, cookie_of};
use crate::sites::{BACK, Site, as_person, id, open, result_as_person};

const CHECKS: &str = "POST /v1/checks";

/// What a site does with a check, and its person.
pub async fn relying(api: &mut Description, server: &TestServer) {
    let shop = Site::new(server, "shop").await;
    let full = json!({
        "email": "jo@example.com", "gate": "site", "policy": "natural", "locale": "de", "reference": "user-4711",
        "nonce": "n1", "state": "s1", "return_url": BACK, "alternative_url": BACK, "metadata": { "action": "signup" },
        "expires_in_s": 600,
    });
    let check = make(api, &shop, &full).await;
    let request = |path: &str| (Method::POST, path.replace("{id}", id(&check)));
    for name in ["POST /v1/checks/{id}/token", "POST /v1/checks/{id}/mail"] {
        let (method, path) = request(name.split_once(' ').unwrap().1);
        take(api, name, &shop.ask(method, &path, None, &[]).await);
    }
    let link = make(api, &shop, &json!({ "email": "al@example.com" })).await;
    take(api, "POST /v1/checks/{id}/mail", &shop.act(&link, "mail").await);
    make(api, &shop, &json!({ "email": "jo@example.com", "return_url": "https://evil.example/" })).await;
    take(api, "POST /v1/checks/{id}/cancel", &shop.act(&link, "cancel").await);
    take(api, "POST /v1/checks/{id}/token", &shop.act(&link, "token").await);

    let check = make(api, &shop, &full).await;
    let token = check["client_token"].as_str().unwrap();
    take(api, "GET /api/check", &as_person(server, token).await);
    take(api, "GET /api/check", &as_person(server, "none").await);
    let opened = open(server, &check).await;
    take(api, "POST /api/check/open", &opened);
    take(api, "POST /api/check/open", &open(server, &link).await);
    let session = server.session(&cookie_of(&opened)).await;
    api.assert_fits(&json!({ "$ref": "#/components/schemas/Session" }), &session, "the session of a check");

    parameters(api, &shop).await;
    take(api, "GET /v1/checks", &shop.get("/v1/checks?limit=1").await);
    take(api, "GET /v1/checks/{id}", &shop.get(&format!("/v1/checks/{}", id(&check))).await);
    take(api, "GET /v1/checks/{id}", &shop.get("/v1/checks/none").await);
    results(api, server, &shop).await;
    told(api, &shop).await;
    take(api, "POST /v1/checks/{id}/redact", &shop.act(&check, "redact").await);
}

async fn make(api: &mut Description, site: &Site<'_>, body: &Value) -> Value {
    api.assert_body_fits(CHECKS, body);
    let answer = site.post("/v1/checks", body).await;
    take(api, CHECKS, &answer);
    answer.json()
}

fn take(api: &mut Description, name: &str, answer: &Answer) {
    api.take(name, answer);
}

/// Exactly the described parameters are accepted.
async fn parameters(api: &mut Description, site: &Site<'_>) {
    for name in ["GET /v1/checks", "GET /v1/events"] {
        let path = name.strip_prefix("GET ").unwrap();
        let parameters = api.operation(name)["parameters"].as_array().unwrap().clone();
        for parameter in parameters.iter().map(|parameter| api.resolved(parameter).clone()).collect::<Vec<_>>() {
            let (parameter, schema, example) =
                (parameter["name"].as_str().unwrap(), &parameter["schema"], &parameter["example"]);
            api.assert_fits(schema, example, &format!("the example of {parameter}"));
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let answer = site.get(&format!("{path}?{parameter}={text}")).await;
            assert_eq!(answer.status, 200, "{name}, {parameter}: {}", answer.text);
            take(api, name, &answer);
            let wrong = site.get(&format!("{path}?{parameter}=")).await;
            wrong.assert_problem(400, "request_invalid");
            assert_eq!(wrong.json()["parameter"], parameter, "{name}");
            take(api, name, &wrong);
        }
    }
}

/// Results: there is none yet, there is one, it is accepted.
async fn results(api: &mut Description, server: &TestServer, shop: &Site<'_>) {
    const RESULT: &str = "GET /v1/checks/{id}/result";
    let result = |check: &Value| format!("/v1/checks/{}/result", id(check));
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    take(api, RESULT, &shop.get(&result(&check)).await);
    take(api, "GET /api/check/result", &result_as_person(server, &check).await);
    let tests = shop.in_test_mode().await;
    let check = tests.check(json!({ "email": "pass@test.blinkgate" })).await;
    let token = tests.get(&result(&check)).await;
    take(api, RESULT, &token);
    take(api, "GET /api/check/result", &result_as_person(server, &check).await);
    for secret in [tests.key.as_str(), "none"] {
        let body = json!({ "secret": secret, "response": token.text, "idempotency_key": "k" });
        api.post(server, "POST /v1/siteverify", "/v1/siteverify", None, &body).await;
    }
    for path in ["/.well-known/jwks.json", "/.well-known/blinkgate"] {
        take(api, &format!("GET {path}"), &server.get(path).await);
    }
}

/// Webhooks, and the events that they are sent.
async fn told(api: &mut Description, shop: &Site<'_>) {
    const ADD: &str = "POST /v1/webhooks";
    let body = json!({ "url": "https://shop.example/hook", "types": ["check.created"] });
    api.assert_body_fits(ADD, &body);
    let added = shop.post("/v1/webhooks", &body).await;
    take(api, ADD, &added);
    take(api, ADD, &shop.post("/v1/webhooks", &json!({ "url": "x" })).await);
    let hook = format!("/v1/webhooks/{}", id(&added.json()));
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    shop.server.execute("update site_events set created_at = created_at - 2000").await;
    let events = shop.get("/v1/events").await;
    let event = format!("/v1/events/{}/deliver", id(&events.json()["data"][0]));
    take(api, "GET /v1/events", &events);
    for (name, method, path) in [
        ("GET /v1/webhooks", Method::GET, "/v1/webhooks".to_owned()),
        ("POST /v1/webhooks/{id}/rotate", Method::POST, format!("{hook}/rotate")),
        ("POST /v1/webhooks/{id}/test", Method::POST, format!("{hook}/test")),
        ("POST /v1/events/{id}/deliver", Method::POST, event),
        ("GET /v1/webhooks/{id}", Method::GET, hook.clone()),
        ("DELETE /v1/webhooks/{id}", Method::DELETE, hook.clone()),
        ("GET /v1/webhooks/{id}", Method::GET, hook),
    ] {
        take(api, name, &shop.ask(method, &path, None, &[]).await);
    }
}
