//! A check that moves to a phone: who gets it, who does not, and what the record says.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::helpers::{Answer, TestServer, challenge_body, cookie_of, join_all, own_post, public_key};
use crate::pixels::Person;
use crate::sites::{Site, open as open_check};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Asks for a code, as the first screen does.
async fn make(server: &TestServer, cookie: &str) -> Answer {
    let request = own_post("/api/handoff", Some(cookie)).header(header::USER_AGENT, FIREFOX);
    server.send(request.body(Body::from("{}")).unwrap()).await
}

/// The token of a new code.
async fn token(server: &TestServer, cookie: &str) -> String {
    let made = make(server, cookie).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    made.json()["link"].as_str().unwrap().split_once("/p#").unwrap().1.to_owned()
}

async fn look(server: &TestServer, cookie: &str) -> Answer {
    server.send(Request::get("/api/handoff").header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
}

async fn state(server: &TestServer, cookie: &str) -> String {
    look(server, cookie).await.json()["state"].as_str().unwrap().to_owned()
}

async fn open(server: &TestServer, token: &str) -> Answer {
    server.post("/api/handoff/open", None, &json!({ "token": token, "way": "qr" })).await
}

async fn answer(server: &TestServer, opened: &Value, number: Option<u8>) -> Answer {
    server.post("/api/handoff/answer", None, &json!({ "ticket": opened["ticket"], "number": number })).await
}

async fn take_back(server: &TestServer, cookie: &str) -> Answer {
    server.post("/api/handoff/take-back", Some(cookie), &json!({})).await
}

/// The number on the first screen.
async fn shown(server: &TestServer, cookie: &str) -> u8 {
    look(server, cookie).await.json()["number"].as_str().unwrap().parse().unwrap()
}

fn numbers(opened: &Value) -> Vec<u8> {
    opened["numbers"].as_array().unwrap().iter().map(|number| number.as_str().unwrap().parse().unwrap()).collect()
}

/// A first screen and the phone to which it has handed over.
async fn handed_over(server: &TestServer, email: &str) -> (String, String) {
    let first = server.open_session(email).await;
    let opened = open(server, &token(server, &first).await).await.json();
    let answered = answer(server, &opened, Some(shown(server, &first).await)).await;
    assert_eq!((answered.status, &answered.json()["outcome"]), (StatusCode::OK, &json!("handed_over")));
    (first, cookie_of(&answered))
}

async fn outcome(server: &TestServer, cookie: &str) -> Value {
    let request = Request::get("/api/session/outcome").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    server.send(request).await.json()
}

/// Every request by which a session could go on with its check.
async fn assert_read_only(server: &TestServer, cookie: &str, code: &str) {
    let request = Request::get("/api/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    server.send(request).await.assert_problem(401, code);
    for (path, body) in [
        ("/api/challenge", challenge_body(public_key())),
        ("/api/cue/x", json!({ "commitment": null })),
        ("/api/give-up", json!({ "challenge_id": "x", "reason": "cancelled" })),
        ("/api/session/extend", json!({})),
        ("/api/handoff", json!({})),
        ("/api/handoff/mail", json!({})),
    ] {
        server.post(path, Some(cookie), &body).await.assert_problem(401, code);
    }
    let sizes = json!({ "transcript": 1, "open": 1, "closed": 1, "strip": 1 }).to_string();
    let submission = own_post("/api/submission/x", Some(cookie)).header("idempotency-key", "k");
    server.send(submission.body(Body::from(sizes)).unwrap()).await.assert_problem(401, code);
}

#[tokio::test]
async fn the_right_number_moves_the_check_to_the_phone_and_the_first_screen_follows() {
    let server = TestServer::start().await;
    let (first, phone) = handed_over(&server, "jo@example.com").await;
    assert_eq!(state(&server, &first).await, "handed_over");
    assert_read_only(&server, &first, "session_handed_over").await;
    assert_eq!(server.session(&phone).await["handed_over"], true);
    assert_eq!(outcome(&server, &first).await, json!({ "status": "PENDING", "goes_on": true }));

    let person = Person::at(&server, phone).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    assert_eq!(outcome(&server, &first).await, json!({ "status": "VERIFIED", "goes_on": false }));
    take_back(&server, &first).await.assert_problem(409, "already_verified");
}

#[tokio::test]
async fn the_record_says_that_a_check_came_from_another_device_and_how() {
    let server = TestServer::start().await;
    let (_, phone) = handed_over(&server, "jo@example.com").await;
    Person::at(&server, phone).await.submit(&server, "k1").await;
    Person::blinks(&server, "ann@example.com").await.submit(&server, "k2").await;
    let first = server.open_session("al@example.com").await;
    let body = json!({ "token": token(&server, &first).await, "way": "link" });
    let opened = server.post("/api/handoff/open", None, &body).await.json();
    let phone = cookie_of(&answer(&server, &opened, Some(shown(&server, &first).await)).await);
    let challenge = server.challenge(&phone).await;
    server.submit(&phone, "k3", &crate::submit_steps::worthless(&challenge)).await;

    let handoffs: Vec<Value> = server.events().await.iter().rev().map(|event| event["handoff"].clone()).collect();
    assert_eq!(handoffs, [json!("qr"), json!(""), json!("link")]);
    let details: Vec<Value> = server.events().await.iter().map(|event| event["details"]["handoff"].clone()).collect();
    assert_eq!(details, [json!("link"), Value::Null, json!("qr")]);
    let table = server.admin("/admin/events.csv").await.text;
    let last: Vec<&str> = table.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(last, ["handoff", "link", "", "qr"]);
}

#[tokio::test]
async fn a_site_learns_that_its_check_was_finished_on_another_device() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (check, first) = shop.opened("jo@example.com").await;
    let opened = open(&server, &token(&server, &first).await).await.json();
    let phone = cookie_of(&answer(&server, &opened, Some(shown(&server, &first).await)).await);
    Person::at(&server, phone).await.submit(&server, "k1").await;
    let now = shop.now(&check).await;
    assert_eq!((&now["status"], &now["handoff"]), (&json!("verified"), &json!("qr")));
}

#[tokio::test]
async fn the_phone_is_told_whose_check_it_is_and_nothing_that_gives_the_number_away() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let (_, first) = shop.opened("jo@example.com").await;
    let made = make(&server, &first).await.json();
    assert_eq!((&made["state"], &made["expires_in_s"], &made["number"]), (&json!("waiting"), &json!(60), &Value::Null));
    assert!(made["picture"].as_str().unwrap().contains("<svg"));
    let token = made["link"].as_str().unwrap().split_once("/p#").unwrap().1;
    assert_eq!(token.len(), 43);

    let opened = open(&server, token).await.json();
    assert_eq!(
        (&opened["site"], &opened["email_masked"], &opened["browser"], &opened["system"]),
        (&json!("The shop"), &json!("j***@example.com"), &json!("Firefox"), &json!("Windows")),
    );
    assert!(opened["opened_s_ago"].as_i64().unwrap() < 60);
    let number = shown(&server, &first).await;
    assert!(numbers(&opened).len() == 3 && numbers(&opened).contains(&number), "{opened}");
    let stored = format!("{:?}", server.contents().await);
    assert!(!stored.contains(token) && !stored.contains(opened["ticket"].as_str().unwrap()), "hashes only");
}

#[tokio::test]
async fn a_wrong_number_ends_the_offer_and_costs_no_attempt() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let opened = open(&server, &token(&server, &first).await).await.json();
    let right = shown(&server, &first).await;
    let wrong = numbers(&opened).into_iter().find(|number| *number != right).unwrap();
    let refused = answer(&server, &opened, Some(wrong)).await;
    refused.assert_problem(422, "handoff_wrong_number");
    assert!(refused.headers.get(header::SET_COOKIE).is_none());
    answer(&server, &opened, Some(right)).await.assert_problem(410, "handoff_used");
    assert_eq!(look(&server, &first).await.json()["state"], "wrong_number");
    assert_eq!(server.session(&first).await["attempts_left"], 5, "and the first screen goes on");
    assert!(server.events().await.is_empty());

    let opened = open(&server, &token(&server, &first).await).await.json();
    assert_eq!(answer(&server, &opened, Some(shown(&server, &first).await)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_says_that_a_check_is_not_theirs_ends_the_offer() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let opened = open(&server, &token(&server, &first).await).await.json();
    let right = shown(&server, &first).await;
    let declined = answer(&server, &opened, None).await;
    assert_eq!((declined.status, declined.json()), (StatusCode::OK, json!({ "outcome": "declined" })));
    assert!(declined.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(state(&server, &first).await, "declined");
    answer(&server, &opened, Some(right)).await.assert_problem(410, "handoff_used");
    assert_eq!(server.session(&first).await["status"], "PENDING");
}

#[tokio::test]
async fn tokens_that_are_bad_expired_used_or_taken_back_each_say_so() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    for bad in ["", "none", "\0", &"A".repeat(43)] {
        open(&server, bad).await.assert_problem(404, "handoff_unknown");
        answer(&server, &json!({ "ticket": bad }), Some(42)).await.assert_problem(404, "handoff_unknown");
    }
    server.refill();
    let late = token(&server, &first).await;
    server.jump_clock(60_000).await;
    assert_eq!(state(&server, &first).await, "expired");
    open(&server, &late).await.assert_problem(410, "handoff_expired");

    let used = token(&server, &first).await;
    let opened = open(&server, &used).await.json();
    open(&server, &used).await.assert_problem(410, "handoff_used");
    server.jump_clock(180_000).await;
    assert_eq!(state(&server, &first).await, "lapsed");
    answer(&server, &opened, Some(42)).await.assert_problem(410, "handoff_expired");

    let withdrawn = token(&server, &first).await;
    assert_eq!(take_back(&server, &first).await.status, StatusCode::OK);
    open(&server, &withdrawn).await.assert_problem(410, "handoff_taken_back");
    let opened = open(&server, &token(&server, &first).await).await.json();
    let number = shown(&server, &first).await;
    server.post("/api/handoff", Some(&first), &json!({ "anew": true })).await;
    answer(&server, &opened, Some(number)).await.assert_problem(410, "handoff_taken_back");
    assert_eq!(server.session(&first).await["status"], "PENDING", "the first screen's session is what it was");
}

#[tokio::test]
async fn a_new_code_leaves_the_one_before_valid_and_never_disturbs_a_phone_that_is_choosing() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let (one, other) = (token(&server, &first).await, token(&server, &first).await);
    let opened = open(&server, &one).await.json();
    open(&server, &other).await.assert_problem(410, "handoff_used");
    let renewed = make(&server, &first).await.json();
    assert_eq!((&renewed["state"], &renewed["link"]), (&json!("opened"), &Value::Null));
    let number: u8 = renewed["number"].as_str().unwrap().parse().unwrap();
    assert_eq!(answer(&server, &opened, Some(number)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_phones_that_open_one_code_exactly_one_gets_the_numbers() {
    let server = Arc::new(TestServer::start().await);
    let first = server.open_session("jo@example.com").await;
    let token = token(&server, &first).await;
    let racing = (0..8).map(|_| {
        let (server, token) = (Arc::clone(&server), token.clone());
        tokio::spawn(async move { open(&server, &token).await })
    });
    let mut won = Vec::new();
    for phone in join_all(racing.collect()).await {
        let phone = phone.unwrap();
        match phone.status {
            StatusCode::OK => won.push(phone.json()),
            _ => phone.assert_problem(410, "handoff_used"),
        }
    }
    assert_eq!(won.len(), 1);
    server.refill();
    let number = shown(&server, &first).await;
    let answering = (0..8).map(|_| {
        let (server, opened) = (Arc::clone(&server), won[0].clone());
        tokio::spawn(async move { answer(&server, &opened, Some(number)).await })
    });
    let mut taken = 0;
    for answered in join_all(answering.collect()).await {
        let answered = answered.unwrap();
        match answered.status {
            StatusCode::OK => taken += 1,
            _ => answered.assert_problem(410, "handoff_used"),
        }
    }
    assert_eq!(taken, 1, "and one answer counts");
    assert_eq!(server.number("select count(*) from capture_sessions where ended_at is null").await, 1);
}

#[tokio::test]
async fn the_first_screen_takes_the_check_back_with_the_attempts_that_are_left() {
    let server = TestServer::start().await;
    let (first, phone) = handed_over(&server, "jo@example.com").await;
    let challenge = server.challenge(&phone).await;
    server.submit(&phone, "k1", &crate::submit_steps::worthless(&challenge)).await;
    let back = take_back(&server, &first).await;
    assert_eq!((back.status, back.json()), (StatusCode::OK, json!({})));
    let back = cookie_of(&back);
    let session = server.session(&back).await;
    assert_eq!((&session["attempts_left"], &session["handed_over"]), (&json!(4), &json!(false)));
    assert_read_only(&server, &phone, "session_taken_back").await;
    let request = Request::get("/api/handoff").header(header::COOKIE, &phone).body(Body::empty()).unwrap();
    server.send(request).await.assert_problem(401, "session_taken_back");
    take_back(&server, &first).await.assert_problem(401, "session_replaced");
    let person = Person::at(&server, back).await;
    assert_eq!(person.submit(&server, "k2").await.json()["status"], "VERIFIED");
    assert_eq!(server.events().await[0]["handoff"], "", "it was finished where it began");
}

#[tokio::test]
async fn a_frame_of_another_site_takes_the_check_back_without_a_cookie() {
    let server = TestServer::start().await;
    let (first, _) = handed_over(&server, "jo@example.com").await;
    let back = server.post("/api/handoff/take-back", Some(&first), &json!({ "keep": "memory" })).await;
    assert!(back.headers.get(header::SET_COOKIE).is_none());
    let bearer = format!("Bearer {}", back.json()["session"].as_str().unwrap());
    let request = Request::get("/api/session").header(header::AUTHORIZATION, bearer).body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_mailed_link_still_leads_to_the_check_that_a_phone_has() {
    let server = TestServer::start().await;
    let link = server.mailed_token("jo@example.com").await;
    let redeem = async || server.post("/verify", None, &json!({ "token": link })).await;
    let first = cookie_of(&redeem().await);
    let opened = open(&server, &token(&server, &first).await).await.json();
    let phone = cookie_of(&answer(&server, &opened, Some(shown(&server, &first).await)).await);
    let again = cookie_of(&redeem().await);
    assert_read_only(&server, &phone, "session_replaced").await;
    take_back(&server, &first).await.assert_problem(401, "session_replaced");
    assert_eq!(server.session(&again).await["status"], "PENDING");
    assert_eq!(server.number("select count(*) from capture_sessions where ended_at is null").await, 1);
    assert_eq!(server.number("select count(*) from checks").await, 1);
}

#[tokio::test]
async fn nothing_is_handed_over_or_taken_back_while_an_attempt_is_being_decided() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let opened = open(&server, &token(&server, &first).await).await.json();
    server.challenge(&first).await;
    server.execute("update challenges set state = 'scoring', lease_id = 'held', lease_until = issued_at + 60000").await;
    let number = shown(&server, &first).await;
    answer(&server, &opened, Some(number)).await.assert_problem(409, "submission_in_progress");
    server.execute("update challenges set lease_until = issued_at").await;
    let phone = answer(&server, &opened, Some(number)).await;
    assert_eq!(phone.status, StatusCode::OK, "the one try was not spent: {}", phone.text);
    server.challenge(&cookie_of(&phone)).await;
    server
        .execute("update challenges set state = 'scoring', lease_id = 'held', lease_until = issued_at + 60000 where handoff = 'qr'")
        .await;
    take_back(&server, &first).await.assert_problem(409, "submission_in_progress");
}

#[tokio::test]
async fn a_check_that_has_ended_or_whose_first_screen_is_gone_is_not_handed_over() {
    let server = TestServer::start().await;
    let link = server.mailed_token("jo@example.com").await;
    let first = cookie_of(&server.post("/verify", None, &json!({ "token": link })).await);
    let code = token(&server, &first).await;
    let opened = open(&server, &token(&server, &first).await).await.json();
    let elsewhere = cookie_of(&server.post("/verify", None, &json!({ "token": link })).await);
    open(&server, &code).await.assert_problem(410, "handoff_used");
    answer(&server, &opened, Some(42)).await.assert_problem(410, "handoff_expired");
    Person::at(&server, elsewhere.clone()).await.submit(&server, "k1").await;
    make(&server, &elsewhere).await.assert_problem(409, "already_verified");
    server.post("/api/handoff/mail", Some(&elsewhere), &json!({})).await.assert_problem(409, "already_verified");
}

/// A victim opens a code that an attacker shows them. The attacker owns the mailbox and wants the victim to blink.
#[tokio::test]
async fn a_relayed_code_names_the_attackers_mailbox_and_screen_and_a_guess_has_one_try_in_three() {
    let server = TestServer::start().await;
    let attacker = server.open_session("mallory@example.com").await;
    let relayed = token(&server, &attacker).await;
    let victim = open(&server, &relayed).await.json();
    assert_eq!((&victim["email_masked"], &victim["browser"]), (&json!("m***@example.com"), &json!("Firefox")));
    let mut right = 0;
    for _ in 0..60 {
        server.execute("delete from handoffs").await;
        server.refill();
        let victim = open(&server, &token(&server, &attacker).await).await.json();
        // Without the attacker's screen, the first number is as good as any.
        right += u32::from(numbers(&victim)[0] == shown(&server, &attacker).await);
    }
    assert!((3..=40).contains(&right), "{right} of 60: a third, outside of this once in a hundred million runs");
    take_back(&server, &attacker).await;
    let victim = open(&server, &token(&server, &attacker).await).await.json();
    let known = shown(&server, &attacker).await;
    let guess = numbers(&victim).into_iter().find(|number| *number != known).unwrap();
    answer(&server, &victim, Some(guess)).await.assert_problem(422, "handoff_wrong_number");
    assert_eq!(server.number("select count(*) from capture_sessions").await, 1, "the victim has no session");
}

#[tokio::test]
async fn codes_tokens_and_answers_are_limited() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let mut made = 0;
    while make(&server, &first).await.status == StatusCode::OK {
        made += 1;
    }
    assert_eq!(made, 30);
    make(&server, &first).await.assert_problem(429, "too_many_requests");
    for _ in 0..10 {
        open(&server, "none").await;
    }
    open(&server, "none").await.assert_problem(429, "too_many_requests");
}

#[tokio::test]
async fn the_usual_link_is_mailed_where_the_mailbox_is_proven_by_mail() {
    let server = TestServer::start().await;
    let first = server.open_session("jo@example.com").await;
    let before = server.mails().await.len();
    server.execute("update mail_outbox set created_at = created_at - 60000").await;
    let mailed = server.post("/api/handoff/mail", Some(&first), &json!({})).await;
    assert_eq!(mailed.status, StatusCode::ACCEPTED, "{}", mailed.text);
    let mails = server.mails().await;
    assert_eq!(mails.len(), before + 1);
    let token = crate::helpers::token_in(mails.last().unwrap());
    let phone = cookie_of(&server.post("/verify", None, &json!({ "token": token })).await);
    assert_read_only(&server, &first, "session_replaced").await;
    assert_eq!(server.session(&phone).await["handed_over"], false);

    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "ann@example.com", "gate": "site" })).await;
    let vouched = cookie_of(&open_check(&server, &check).await);
    server.post("/api/handoff/mail", Some(&vouched), &json!({})).await.assert_problem(409, "not_mailed");
}

#[tokio::test]
async fn whoever_is_erased_and_whatever_is_redacted_leaves_no_offer_behind() {
    let server = TestServer::start().await;
    handed_over(&server, "jo@example.com").await;
    assert_eq!(server.number("select count(*) from handoffs").await, 1);
    let request = own_post("/admin/erase", None).header("x-admin-key", crate::helpers::ADMIN_KEY);
    let body = json!({ "email": "jo@example.com", "dry_run": false }).to_string();
    assert_eq!(server.send(request.body(Body::from(body)).unwrap()).await.status, StatusCode::OK);
    assert_eq!(server.number("select count(*) from handoffs").await, 0);

    let shop = Site::new(&server, "shop").await;
    let (check, first) = shop.opened("ann@example.com").await;
    open(&server, &token(&server, &first).await).await;
    assert_eq!(shop.act(&check, "redact").await.status, StatusCode::OK);
    assert_eq!(server.number("select count(*) from handoffs").await, 0);
}

#[tokio::test]
async fn offers_are_removed_with_their_sessions() {
    let server = TestServer::start().await;
    handed_over(&server, "jo@example.com").await;
    server.jump_clock(365 * 86_400_000).await;
    server::retention::sweep(&server.app.sweeper(), server::clock::now_ms()).await.unwrap();
    assert_eq!(server.number("select count(*) from handoffs").await, 0);
}
