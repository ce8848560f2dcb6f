//! Floods: one client, or many networks, that try to use up what everybody needs.

mod connections;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::helpers::{ADMIN_KEY, Answer, TestServer, own_post};

fn register(email: &str, client: &str) -> Request<Body> {
    let request = own_post("/register", None).header("x-forwarded-for", client);
    request.body(Body::from(json!({ "email": email }).to_string())).unwrap()
}

async fn ask(server: &TestServer, email: &str, client: &str) -> Answer {
    server.send(register(email, client)).await
}

#[tokio::test]
async fn while_24_networks_ask_for_all_the_mails_they_can_a_newcomer_still_gets_one() {
    let server = TestServer::with(&[("MAILS_PER_HOUR", "200")]).await;
    let link = server.mailed_token("link@example.com").await;
    let mut refused = 0;
    for n in 0..24 * 25 {
        let (email, client) = (format!("flood{n}@gmail.com"), format!("2001:db8:{:x}::1", n % 24));
        refused += u32::from(ask(&server, &email, &client).await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 400, "{refused} were refused");
    for n in 0..5 {
        let newcomer = ask(&server, &format!("newcomer{n}@example.org"), &format!("198.{n}.100.7")).await;
        assert_eq!(newcomer.status, StatusCode::ACCEPTED, "{}", newcomer.text);
    }
    let to_newcomers = server.mails().await.iter().filter(|mail| mail.contains("To: newcomer")).count();
    assert_eq!(to_newcomers, 5);
    let opened = server.post("/verify", None, &json!({ "token": link })).await;
    assert_eq!(opened.status, StatusCode::OK, "a valid link opens throughout");
}

/// One mail for each of 120 networks, as many as there are without the reserve.
async fn use_up(server: &TestServer) {
    for n in 0..400 {
        if ask(server, &format!("flood{n}@gmail.com"), &format!("{}.{}.0.1", 20 + n / 200, n % 200)).await.status
            == StatusCode::TOO_MANY_REQUESTS
        {
            return;
        }
    }
    panic!("the limit was not reached");
}

#[tokio::test]
async fn the_last_mails_are_for_known_mailboxes_and_no_answer_tells_which_these_are() {
    let server = TestServer::with(&[("MAILS_PER_HOUR", "100"), ("MAILS_PER_HOUR_PER_DOMAIN", "100")]).await;
    server.register("known@example.com").await;
    server.register("typed@example.com").await;
    server.mails().await;
    server.execute("update users set status = 'FAILED' where email = 'known@example.com'").await;
    server.execute("update mail_outbox set created_at = created_at - 120000").await;
    use_up(&server).await;
    let users = server.number("select count(*) from users").await;
    let mut answers = Vec::new();
    for email in ["known@example.com", "typed@example.com", "never@example.com"] {
        let mut answer = ask(&server, email, "8.8.8.8").await;
        answer.assert_problem(429, "too_many_requests");
        answer.headers.remove("x-request-id");
        let id = answer.json()["request_id"].as_str().unwrap().to_owned();
        answers.push((format!("{:?}", answer.headers), answer.text.replace(&id, "")));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // The mail to the known mailbox is written after the answer, in its turn.
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if server.mails().await.iter().filter(|mail| mail.contains("To: known@example.com\r\n")).count() == 2 {
            break;
        }
    }
    let mails = server.mails().await;
    let to = |email: &str| mails.iter().filter(|mail| mail.contains(&format!("To: {email}\r\n"))).count();
    assert_eq!(["known@example.com", "typed@example.com", "never@example.com"].map(to), [2, 1, 0]);
    assert_eq!(server.number("select count(*) from users").await, users, "refused addresses are not stored");
}

#[tokio::test]
async fn requests_for_one_mailbox_do_not_use_up_what_its_domain_gets() {
    let server = TestServer::with(&[("MAILS_PER_HOUR", "1000"), ("MAILS_PER_HOUR_PER_DOMAIN", "20")]).await;
    for n in 0..200 {
        ask(&server, "victim@example.com", &format!("{}.1.1.1", 20 + n)).await;
    }
    for n in 0..19 {
        let colleague = ask(&server, &format!("colleague{n}@example.com"), &format!("{}.2.1.1", 20 + n)).await;
        assert_eq!(colleague.status, StatusCode::ACCEPTED, "{n}");
    }
    ask(&server, "one-too-many@example.com", "9.9.9.9").await.assert_problem(429, "too_many_requests");
    assert_eq!(ask(&server, "jo@example.org", "9.9.9.9").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_flood_from_100_000_networks_locks_out_no_newcomer_no_link_and_no_admin_key() {
    let server = TestServer::start().await;
    let link = server.mailed_token("link@example.com").await;
    // Each takes from the limits of links and of admin keys; the requests themselves would take minutes.
    let now = std::time::Instant::now();
    for n in 0..104_000_u32 {
        let client = format!("2001:{:x}:{:x}::1", n >> 12, n & 0xfff).parse().unwrap();
        for limit in [server::rate::Limit::Register, server::rate::Limit::BadToken, server::rate::Limit::BadAdminKey] {
            let _ = server.app.rate.take_around(limit, client, now);
        }
    }
    for n in 0..30 {
        let client = format!("2001:aaaa:{n:x}::1");
        let request = own_post("/verify", None).header("x-forwarded-for", &client);
        let bad = server.send(request.body(Body::from(r#"{"token":"bad"}"#)).unwrap()).await;
        bad.assert_problem(404, "token_unknown");
    }
    for n in 0..10 {
        let newcomer = ask(&server, &format!("newcomer{n}@example.com"), &format!("2a02:{n:x}::1")).await;
        assert_eq!(newcomer.status, StatusCode::ACCEPTED);
    }
    let request = own_post("/verify", None).header("x-forwarded-for", "203.0.113.7");
    let opened = server.send(request.body(Body::from(json!({ "token": link }).to_string())).unwrap()).await;
    assert_eq!(opened.status, StatusCode::OK);
    let request =
        Request::get("/admin/events").header("x-admin-key", ADMIN_KEY).header("x-forwarded-for", "203.0.113.7");
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

/// How a mailbox can be written: whatever its provider does not read, in front of what everybody can add.
fn spellings(mailbox: &str) -> Vec<String> {
    let (local, domain) = mailbox.split_once('@').unwrap();
    (0..600)
        .map(|n| match domain {
            "gmail.com" => {
                // A dot between each two letters, or none.
                let dotted: String = (local.chars().enumerate())
                    .map(|(at, c)| if n >> at & 1 == 1 && at > 0 { format!(".{c}") } else { c.to_string() })
                    .collect();
                format!("{dotted}+{}@{}", n / 256, ["gmail.com", "googlemail.com"][n % 2])
            }
            "proton.me" => {
                let at = 1 + n % (local.len() - 1);
                let (sign, domain) = ([".", "-", "_"][n % 3], ["proton.me", "pm.me", "protonmail.com"][n / 3 % 3]);
                format!("{}{sign}{}+{n}@{domain}", &local[..at], &local[at..])
            }
            "icloud.com" => format!("{local}+{n}@{}", ["icloud.com", "me.com", "mac.com"][n % 3]),
            "yandex.ru" => format!("{local}+{n}@{}", ["yandex.ru", "ya.ru", "yandex.com"][n % 3]),
            "yahoo.com" => format!("{local}-{n}@yahoo.com"),
            "fastmail.com" if n % 2 == 0 => format!("shop{n}@{local}.fastmail.com"),
            _ => format!("{local}+{n}@{domain}"),
        })
        .collect()
}

#[tokio::test]
async fn sr_23_600_spellings_of_a_mailbox_get_no_more_mails_than_one() {
    let server = TestServer::with(&[("MAILS_PER_HOUR", "100000"), ("REVIEW_SIGNALS", "false")]).await;
    let mailboxes = [
        "johndoe@gmail.com",
        "johndoe@proton.me",
        "johndoe@icloud.com",
        "johndoe@yandex.ru",
        "johndoe@yahoo.com",
        "johndoe@fastmail.com",
        "johndoe@outlook.com",
        "johndoe@example.com",
    ];
    for mailbox in mailboxes {
        let before = server.number("select count(*) from mail_outbox where given_up_at is null").await;
        for (n, email) in spellings(mailbox).iter().enumerate() {
            // Within the hour, so that not only the pause between two mails holds them back.
            if n % 100 == 99 {
                server.execute("update mail_outbox set created_at = created_at - 60000").await;
            }
            let client = format!("{}.{}.1.1", 20 + n % 200, n / 200);
            assert_eq!(ask(&server, email, &client).await.status, StatusCode::ACCEPTED, "{email}");
        }
        let sent = server.number("select count(*) from mail_outbox where given_up_at is null").await - before;
        assert_eq!(sent, 3, "{mailbox}");
    }
}
