//! `docs/openapi.json` beside what the server is and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use engine::Reason;
use jsonschema::Validator;
use serde_json::{Value, json};
use server::routes::{Access, ApiError, routes};
use strum::IntoEnumIterator;

use crate::helpers::{ADMIN_KEY, Answer, TestServer, public_key};
use crate::parcel::worthless;
use crate::pixels::Person;

/// The document, and which of its answers were seen.
struct Description {
    document: Value,
    seen: BTreeSet<(String, String)>,
}

impl Description {
    fn read() -> Self {
        let document = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        Self { document, seen: BTreeSet::new() }
    }

    /// The operations by method and path, in the document's own spelling.
    fn operations(&self) -> BTreeMap<String, &Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let of = |(path, item): (&String, &'_ Value)| {
            let methods = item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase()));
            methods.collect::<Vec<_>>()
        };
        let names = paths.iter().flat_map(of);
        names.map(|name| (name.clone(), self.operation(&name))).collect()
    }

    fn operation(&self, name: &str) -> &Value {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{name} is not described");
        operation
    }

    /// What stands behind a reference, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |path| self.document.pointer(path.trim_start_matches('#')).unwrap())
    }

    /// The schema, with what it refers to.
    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::options().should_validate_formats(true).build(&whole).unwrap()
    }

    #[track_caller]
    fn assert_fits(&self, schema: &Value, value: &Value, what: &str) {
        let found: Vec<String> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(found.is_empty(), "{what}: {found:#?}\n{value:#}");
    }

    /// Asserts that the operation may answer so, and notes that it did.
    #[track_caller]
    fn take(&mut self, name: &str, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        let responses = self.operation(name)["responses"].as_object().unwrap().clone();
        let (key, response) = responses.get_key_value(&status).unwrap_or_else(|| {
            assert!(status >= "400".to_owned(), "{name} answers {status}, which is not described: {}", answer.text);
            responses.get_key_value("default").unwrap()
        });
        let response = self.resolved(response);
        let media = answer.header("content-type").split(';').next().unwrap();
        match response["content"].as_object() {
            None => assert_eq!(answer.text, "", "{name}, {status}"),
            Some(content) => {
                let described = content.get(media).or(content.get("*/*"));
                let described = described.unwrap_or_else(|| panic!("{name}, {status}: {media} is not described"));
                if media.ends_with("json") {
                    self.assert_fits(&described["schema"], &answer.json(), &format!("{name}, {status}"));
                }
            }
        }
        self.seen.insert((name.to_owned(), key.clone()));
    }

    /// Posts JSON that the description allows, and takes the answer.
    async fn post(
        &mut self,
        server: &TestServer,
        name: &str,
        path: &str,
        cookie: Option<&str>,
        body: &Value,
    ) -> Answer {
        let schema = &self.operation(name)["requestBody"]["content"]["application/json"]["schema"];
        self.assert_fits(schema, body, &format!("the body of {name}"));
        let answer = server.post(path, cookie, body).await;
        self.take(name, &answer);
        answer
    }
}

/// A path as OpenAPI writes it: parameters have no star.
fn spelled(path: &str) -> String {
    path.replace("{*", "{")
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Anybody => "anybody",
        Access::Link => "link",
        Access::Sitting => "sitting",
        Access::Admin => "admin",
    }
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let description = Description::read();
    let table: BTreeMap<String, _> =
        routes().into_iter().map(|route| (format!("{} {}", route.method, spelled(route.path)), route)).collect();
    let described = description.operations();
    assert_eq!(table.keys().collect::<Vec<_>>(), described.keys().collect::<Vec<_>>());
    let mut ids = BTreeSet::new();
    for (name, route) in table {
        let operation = described[&name];
        assert_eq!(operation["x-access"], access(route.access), "{name}");
        assert_eq!(operation["x-max-body"], route.max_body, "{name}");
        let schemes: Vec<&String> =
            operation["security"].as_array().unwrap().iter().flat_map(|way| way.as_object().unwrap().keys()).collect();
        let expected: &[&str] = match route.access {
            Access::Anybody | Access::Link => &[],
            Access::Sitting => &["sitting", "sittingByHttps"],
            Access::Admin => &["adminKey", "adminBearer"],
        };
        assert_eq!(schemes, expected, "{name}");
        assert_eq!(operation["requestBody"].is_object(), route.max_body > 0, "{name}");
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        let asks_own_page = parameters.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/OwnPage");
        assert_eq!(asks_own_page, !route.method.is_safe(), "{name}");
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let named: Vec<String> =
            in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(named.len(), spelled(route.path).matches('{').count(), "{name}");
        assert!(named.iter().all(|parameter| spelled(route.path).contains(parameter)), "{name}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its operationId is another's");
    }
}

#[test]
fn every_code_of_errors_and_reasons_is_described_as_the_server_means_it() {
    let description = Description::read();
    let schemas = &description.document["components"]["schemas"];
    let described: BTreeMap<&str, &Value> = schemas["ErrorCode"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["const"].as_str().unwrap(), error))
        .collect();
    let errors: Vec<ApiError> = ApiError::iter().collect();
    let codes: BTreeSet<&str> = errors.iter().map(ApiError::code).collect();
    assert_eq!(described.keys().copied().collect::<BTreeSet<_>>(), codes);
    for error in &errors {
        let (code, entry) = (error.code(), described[error.code()]);
        assert_eq!(entry["x-status"], error.status().as_u16(), "{code}");
        assert_eq!(entry["x-retry-after"] == true, error.retry_after_s().is_some(), "{code}");
        assert!(entry["description"].as_str().unwrap().ends_with('.'), "{code}");
        // The sentence of this one is said where it is refused.
        if !matches!(error, ApiError::SubmissionMalformed(_)) {
            assert_eq!(entry["description"], error.detail(), "{code}");
        }
    }
    let reasons: Vec<&str> =
        schemas["Reason"]["oneOf"].as_array().unwrap().iter().map(|reason| reason["const"].as_str().unwrap()).collect();
    assert_eq!(reasons, Reason::ALL.map(Reason::code));
}

#[test]
fn the_description_refers_to_nothing_that_is_not_there_and_names_nothing_in_vain() {
    let description = Description::read();
    let text = description.document.to_string();
    let referred: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    for path in &referred {
        assert!(description.document.pointer(path).is_some(), "{path}");
    }
    for (kind, components) in description.document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            let path = format!("/components/{kind}/{name}");
            assert!(referred.contains(path.as_str()), "{path} is not used");
        }
    }
    assert_eq!(description.document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn the_description_is_served_to_anybody_and_kept_by_caches() {
    let server = TestServer::start().await;
    let answer = server.get("/api/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.json(), Description::read().document);
    let again = Request::get("/api/openapi.json").header(header::IF_NONE_MATCH, answer.header("etag"));
    let again = server.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

/// Somebody is asked three gestures, misses them and gives up; somebody else blinks and is verified; an operator looks.
#[tokio::test]
async fn what_every_route_answers_fits_its_description() {
    let mut api = Description::read();
    let server = TestServer::start().await;
    pages(&mut api, &server).await;
    check(&mut api, &server).await;
    prompted(&mut api).await;
    operators(&mut api, &server).await;
    let server = TestServer::start().await;
    server.app.db.close().await;
    api.take("GET /ready", &server.get("/ready").await);

    let described = api.operations().into_iter().flat_map(|(name, operation)| {
        let statuses = operation["responses"].as_object().unwrap().keys().filter(|status| *status != "default");
        statuses.map(|status| (name.clone(), status.clone())).collect::<Vec<_>>()
    });
    let unseen: Vec<_> = described.filter(|answer| !api.seen.contains(answer)).collect();
    assert!(unseen.is_empty(), "described, and not answered here: {unseen:?}");
}

/// Pages and their parts, whole and not changed.
async fn pages(api: &mut Description, server: &TestServer) {
    let page = server.get("/camera").await.text;
    let script = page.split('"').find(|text| text.starts_with("/assets/")).unwrap().to_owned();
    let worker = server.get("/sw.js").await.text;
    let kept = |kind: &str| worker.split('"').find(|text| text.starts_with(kind)).unwrap().to_owned();
    let files = [
        ("GET /", "/".to_owned()),
        ("GET /check-mail", "/check-mail".to_owned()),
        ("GET /camera", "/camera".to_owned()),
        ("GET /result", "/result".to_owned()),
        ("GET /sw.js", "/sw.js".to_owned()),
        ("GET /assets/{path}", script),
        ("GET /pkg/{path}", kept("/pkg/")),
        ("GET /models/{path}", kept("/models/")),
        ("GET /api/openapi.json", "/api/openapi.json".to_owned()),
    ];
    for (name, path) in files {
        let answer = server.get(&path).await;
        api.take(name, &answer);
        let again = Request::get(&path).header(header::IF_NONE_MATCH, answer.header("etag"));
        api.take(name, &server.send(again.body(Body::empty()).unwrap()).await);
    }
    for (name, path) in [("GET /register", "/register"), ("GET /verify", "/verify?token=none")] {
        api.take(name, &server.get(path).await);
    }
    for name in ["GET /assets/{path}", "GET /pkg/{path}", "GET /models/{path}"] {
        let path = name.split_once(' ').unwrap().1.replace("{path}", "none.js");
        let answer = server.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        api.take(name, &answer);
    }
    api.take("GET /health", &server.get("/health").await);
    api.take("GET /ready", &server.get("/ready").await);
}

/// The way from an address to VERIFIED, with a failed and a cancelled attempt before.
async fn check(api: &mut Description, server: &TestServer) {
    let email = json!({ "email": "jo@example.com" });
    api.post(server, "POST /register", "/register", None, &email).await;
    api.post(server, "POST /register", "/register", None, &json!({ "email": "nobody" })).await;
    let token = server.mailed_token("jo@example.com").await;
    let redemption = json!({ "token": token });
    let answer = api.post(server, "POST /verify", "/verify", None, &redemption).await;
    let cookie = crate::helpers::cookie_of(&answer);
    api.post(server, "POST /verify", "/verify", None, &json!({ "token": "none" })).await;

    let key = json!({ "public_key": public_key(), "rate": 300, "tone_guided": false });
    let challenge = api.post(server, "POST /api/challenge", "/api/challenge", Some(&cookie), &key).await.json();
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
    api.post(server, "POST /api/give-up", "/api/give-up", Some(&cookie), &giving_up).await;
    let challenge = server.challenge(&cookie).await;
    let parcel = worthless(&challenge);
    server.upload(&cookie, "k1", &parcel).await;
    api.take("POST /api/submission/{challenge}", &server.finish(&cookie, "k1", &parcel).await);
    session(api, server, Some(&cookie)).await;
    session(api, server, None).await;

    let person = Person::at(server, cookie).await;
    let (cookie, parcel) = (&person.cookie, person.parcel());
    for (start, answers) in [(0, 200), (1, 409)] {
        let answer = server.append(cookie, "k2", &parcel, start, &parcel.bytes()[..1000]).await;
        assert_eq!(answer.status, answers);
        api.take("PATCH /api/submission/{challenge}", &answer);
    }
    api.take("GET /api/submission/{challenge}", &server.received(cookie, "k2", &parcel).await);
    api.take("POST /api/submission/{challenge}", &server.finish(cookie, "k2", &parcel).await);
    server.upload(cookie, "k3", &parcel).await;
    let sizes = &api.operation("POST /api/submission/{challenge}")["requestBody"]["content"]["application/json"];
    api.assert_fits(&sizes["schema"], &parcel.lengths(), "the sizes");
    let verified = server.finish(cookie, "k3", &parcel).await;
    assert_eq!(verified.json()["status"], "VERIFIED", "{}", verified.text);
    api.take("POST /api/submission/{challenge}", &verified);
    session(api, server, Some(cookie)).await;
}

async fn session(api: &mut Description, server: &TestServer, cookie: Option<&str>) {
    let request = Request::get("/api/session").header(header::COOKIE, cookie.unwrap_or("none=1"));
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    api.take("GET /api/session", &answer);
}

/// Cues until none is left.
async fn prompted(api: &mut Description) {
    const CUE: &str = "POST /api/cue/{challenge}";
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted")]).await;
    let cookie = server.sitting("jo@example.com").await;
    let last = |outcome: &str, round: usize| json!({ "commitment": { "round": round, "outcome": outcome, "commitment": format!("{round:0>43}") } });
    for (outcomes, end) in [(["done"; 3], "complete"), (["missed"; 3], "exhausted")] {
        let challenge = server.challenge(&cookie).await;
        let path = format!("/api/cue/{}", challenge["challenge_id"].as_str().unwrap());
        let mut before = json!({ "commitment": null });
        for (round, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(api.post(&server, CUE, &path, Some(&cookie), &before).await.json()["next"], "cue");
            before = last(outcome, round);
        }
        assert_eq!(api.post(&server, CUE, &path, Some(&cookie), &before).await.json()["next"], end);
        let answer = api.post(&server, CUE, &path, Some(&cookie), &last("done", 9)).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
    }
}

/// What an operator sees of it.
async fn operators(api: &mut Description, server: &TestServer) {
    let picture = server.events().await[0]["open_capture_ref"].as_str().unwrap().to_owned();
    let asked = [
        ("GET /admin/captures/{path}", format!("/admin/{picture}")),
        ("GET /admin/captures/{path}", "/admin/captures/none".to_owned()),
        ("GET /admin/events", "/admin/events".to_owned()),
        ("GET /admin/events", "/admin/events?limit=0".to_owned()),
        ("GET /admin/events", format!("/admin/events?key={ADMIN_KEY}")),
        ("GET /admin/events.csv", "/admin/events.csv".to_owned()),
        ("GET /admin/audit", "/admin/audit".to_owned()),
        ("GET /metrics", "/metrics".to_owned()),
    ];
    for (name, path) in asked {
        api.take(name, &server.admin(&path).await);
        api.take(name, &server.get(&path).await);
    }
    let entries = server.audit().await;
    assert!(entries.iter().any(|entry| entry["action"] == "capture_viewed"), "{entries:?}");
}
