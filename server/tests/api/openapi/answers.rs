//! Every route's responses, compared with the description.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Description, operators, sites};
use crate::helpers::{TestServer, own_post, public_key};
use crate::pixels::Person;
use crate::submit_steps::worthless;

/// One person is asked for three gestures, misses them and gives up; another blinks and is verified; an operator views,
/// decides and erases.
#[tokio::test]
async fn every_routes_responses_match_their_description() {
    let mut api = Description::read();
    let server = TestServer::start().await;
    pages(&mut api, &server).await;
    check(&mut api, &server).await;
    handoff(&mut api, &server).await;
    prompted(&mut api).await;
    operators::look(&mut api, &server).await;
    operators::act(&mut api, &server).await;
    sites::relying(&mut api, &TestServer::start().await).await;
    let server = TestServer::start().await;
    server.app.db.close().await;
    api.take("GET /ready", &server.get("/ready").await);

    let described = api.operations().into_iter().flat_map(|(name, operation)| {
        let statuses = operation["responses"].as_object().unwrap().keys().filter(|status| *status != "default");
        statuses.map(|status| (name.clone(), status.clone())).collect::<Vec<_>>()
    });
    let unseen: Vec<_> = described.filter(|answer| !api.seen.contains(answer)).collect();
    assert!(unseen.is_empty(), "described, but not seen: {unseen:?}");
}

/// Pages and their assets: complete, and not modified.
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
        ("GET /c", "/c".to_owned()),
        ("GET /p", "/p".to_owned()),
        ("GET /embed/v1/{file}", "/embed/v1/blink-check.js".to_owned()),
        ("GET /admin", "/admin".to_owned()),
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
    for (name, path) in [
        ("GET /register", "/register"),
        ("GET /verify", "/verify?token=none"),
        ("GET /embed/frame/{site}", "/embed/frame/default"),
        ("GET /embed/frame/{site}/camera", "/embed/frame/default/camera"),
        ("GET /embed/frame/{site}", "/embed/frame/nobody"),
    ] {
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

/// From a mail address to VERIFIED, with a failed and a cancelled attempt before.
async fn check(api: &mut Description, server: &TestServer) {
    let email = json!({ "email": "jo@example.com" });
    api.post(server, "POST /register", "/register", None, &email).await;
    api.post(server, "POST /register", "/register", None, &json!({ "email": "nobody" })).await;
    let token = server.mailed_token("jo@example.com").await;
    let redemption = json!({ "token": token });
    let answer = api.post(server, "POST /verify", "/verify", None, &redemption).await;
    let cookie = crate::helpers::cookie_of(&answer);
    api.post(server, "POST /verify", "/verify", None, &json!({ "token": "none" })).await;

    let key = json!({ "public_key": public_key(), "consent": test_client::consent(), "rate": 300, "tone_guided": false, "no_turn": false });
    let challenge = api.post(server, "POST /api/challenge", "/api/challenge", Some(&cookie), &key).await.json();
    let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "cancelled" });
    api.post(server, "POST /api/give-up", "/api/give-up", Some(&cookie), &giving_up).await;
    let challenge = server.challenge(&cookie).await;
    let submission = worthless(&challenge);
    server.upload(&cookie, "k1", &submission).await;
    api.take("POST /api/submission/{challenge}", &server.finish(&cookie, "k1", &submission).await);
    session(api, server, Some(&cookie)).await;
    session(api, server, None).await;
    for cookie in [Some(cookie.as_str()), None] {
        let request = own_post("/api/session/outcome", cookie).method("GET").body(Body::empty()).unwrap();
        api.take("GET /api/session/outcome", &server.send(request).await);
        api.take("POST /api/session/extend", &server.post("/api/session/extend", cookie, &json!({})).await);
    }

    let person = Person::at(server, cookie).await;
    let (cookie, submission) = (&person.cookie, person.sign());
    for (start, answers) in [(0, 200), (1, 409)] {
        let answer = server.append(cookie, "k2", &submission, start, &submission.bytes()[..1000]).await;
        assert_eq!(answer.status, answers);
        api.take("PATCH /api/submission/{challenge}", &answer);
    }
    api.take("GET /api/submission/{challenge}", &server.received(cookie, "k2", &submission).await);
    api.take("POST /api/submission/{challenge}", &server.finish(cookie, "k2", &submission).await);
    server.upload(cookie, "k3", &submission).await;
    let sizes = &api.operation("POST /api/submission/{challenge}")["requestBody"]["content"]["application/json"];
    api.assert_fits(&sizes["schema"], &submission.lengths(), "the sizes");
    let verified = server.finish(cookie, "k3", &submission).await;
    assert_eq!(verified.json()["status"], "VERIFIED", "{}", verified.text);
    api.take("POST /api/submission/{challenge}", &verified);
    session(api, server, Some(cookie)).await;
}

async fn session(api: &mut Description, server: &TestServer, cookie: Option<&str>) {
    let request = Request::get("/api/session").header(header::COOKIE, cookie.unwrap_or("none=1"));
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    api.take("GET /api/session", &answer);
}

/// A phone takes a check over, and the first screen takes it back.
async fn handoff(api: &mut Description, server: &TestServer) {
    let first = server.open_session("al@example.com").await;
    let ask = async |api: &mut Description, path: &str, cookie: Option<&str>, body: &Value| {
        api.post(server, &format!("POST {path}"), path, cookie, body).await
    };
    let made = ask(api, "/api/handoff", Some(&first), &json!({ "anew": false })).await.json();
    ask(api, "/api/handoff", None, &json!({})).await.assert_problem(401, "session_missing");
    let token = made["link"].as_str().unwrap().split_once('#').unwrap().1;
    let opening = json!({ "token": token, "way": "qr" });
    let opened = ask(api, "/api/handoff/open", None, &opening).await.json();
    ask(api, "/api/handoff/open", None, &opening).await.assert_problem(410, "handoff_used");
    let look = |cookie| own_post("/api/handoff", cookie).method("GET").body(Body::empty()).unwrap();
    let looked = server.send(look(Some(&first))).await;
    api.take("GET /api/handoff", &looked);
    api.take("GET /api/handoff", &server.send(look(None)).await);
    let number: u8 = looked.json()["number"].as_str().unwrap().parse().unwrap();
    let chosen = json!({ "ticket": opened["ticket"], "number": number });
    ask(api, "/api/handoff/answer", None, &chosen).await;
    ask(api, "/api/handoff/answer", None, &chosen).await.assert_problem(410, "handoff_used");
    let back =
        ask(api, "/api/handoff/take-back", Some(&first), &json!({ "codes_only": false, "keep": "cookie" })).await;
    ask(api, "/api/handoff/take-back", None, &json!({})).await.assert_problem(401, "session_missing");
    let here = crate::helpers::cookie_of(&back);
    for cookie in [&here, &first] {
        api.take("POST /api/handoff/mail", &server.post("/api/handoff/mail", Some(cookie), &json!({})).await);
    }
}

/// Fetches cues until none is left.
async fn prompted(api: &mut Description) {
    const CUE: &str = "POST /api/cue/{challenge}";
    let server = TestServer::with(&[("CHALLENGE_POLICY", "prompted")]).await;
    let cookie = server.open_session("jo@example.com").await;
    let last = |outcome: &str, round: usize| json!({ "commitment": { "round": round, "outcome": outcome, "commitment": format!("{round:0>43}") } });
    for (outcomes, end) in [(vec!["done"; 3], "complete"), (vec!["missed"; 2], "exhausted")] {
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
        if end == "exhausted" {
            let giving_up = json!({ "challenge_id": challenge["challenge_id"], "reason": "prompt_missed" });
            api.post(&server, "POST /api/give-up", "/api/give-up", Some(&cookie), &giving_up).await;
        }
    }
    let event = operators::look_at(api, &server, &server.events().await[0]).await;
    let shown = event["timeline"].as_array().unwrap().iter().filter(|entry| entry["what"] == "cue_shown");
    assert_eq!(shown.count(), 2, "{event:#}");
}

#[tokio::test]
async fn the_description_is_served_to_everybody_and_cached() {
    let server = TestServer::start().await;
    let answer = server.get("/api/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.json(), Description::read().document);
    let again = Request::get("/api/openapi.json").header(header::IF_NONE_MATCH, answer.header("etag"));
    let again = server.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
}
