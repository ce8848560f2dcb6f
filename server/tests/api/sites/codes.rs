use serde_json::json;

use super::{Site, open, open_with};
use crate::helpers::{TestServer, cookie_of, token_in};
use crate::pixels::Person;

/// The line of a mail that is a code.
fn code_in(mail: &str) -> Option<String> {
    mail.lines()
        .map(str::trim)
        .find(|line| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
}

fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn the_code_from_the_mail_opens_the_check_where_the_person_is() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "code" })).await;
    assert_eq!(check["mailbox"], "proven_by_us");
    open(&server, &check).await.assert_problem(410, "code_expired");
    let code = code_in(&server.mails().await[0]).unwrap();
    open_with(&server, &check, Some(&other_than(&code))).await.assert_problem(422, "code_wrong");
    assert_eq!(shop.now(&check).await["status"], "waiting");
    let opened = open_with(&server, &check, Some(&format!(" {} {}", &code[..3], &code[3..]))).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let person = Person::at(&server, cookie_of(&opened)).await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    assert_eq!(shop.now(&check).await["status"], "verified");
    assert_eq!(server.number("select count(*) from users where status = 'VERIFIED'").await, 1);
    let stored = format!("{:?}", server.contents().await);
    assert!(!stored.contains(&format!("'{code}'")), "codes are stored nowhere");
}

#[tokio::test]
async fn codes_cannot_be_guessed_and_do_not_last() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "code" })).await;
    let first = code_in(&server.mails().await[0]).unwrap();
    for _ in 0..5 {
        open_with(&server, &check, Some(&other_than(&first))).await.assert_problem(422, "code_wrong");
    }
    open_with(&server, &check, Some(&first)).await.assert_problem(410, "code_expired");

    server.execute("update mail_outbox set created_at = created_at - 60000").await;
    shop.act(&check, "mail").await;
    let second = code_in(server.mails().await.last().unwrap()).unwrap();
    if first != second {
        open_with(&server, &check, Some(&first)).await.assert_problem(422, "code_wrong");
    }
    server.execute("update checks set code_made_at = code_made_at - 600000").await;
    open_with(&server, &check, Some(&second)).await.assert_problem(410, "code_expired");
    // The link in the same mail still works.
    let token = token_in(server.mails().await.last().unwrap());
    assert_eq!(server.post("/verify", None, &json!({ "token": token })).await.status, 200);
}

#[tokio::test]
async fn a_code_opens_its_own_check_only_and_links_have_none() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let first = shop.check(json!({ "email": "jo@example.com", "gate": "code" })).await;
    let second = shop.check(json!({ "email": "al@example.com", "gate": "code" })).await;
    let codes: Vec<String> = server.mails().await.iter().map(|mail| code_in(mail).unwrap()).collect();
    if codes[0] != codes[1] {
        let both = [
            open_with(&server, &first, Some(&codes[0])).await.status.as_u16(),
            open_with(&server, &first, Some(&codes[1])).await.status.as_u16(),
            open_with(&server, &second, Some(&codes[0])).await.status.as_u16(),
            open_with(&server, &second, Some(&codes[1])).await.status.as_u16(),
        ];
        assert_eq!(both.iter().filter(|status| **status == 200).count(), 2, "{both:?}");
    }
    shop.check(json!({ "email": "li@example.com" })).await;
    assert_eq!(code_in(server.mails().await.last().unwrap()), None);
    server.register("ed@example.com").await;
    assert_eq!(code_in(server.mails().await.last().unwrap()), None);
}

#[tokio::test]
async fn templates_that_show_no_code_refuse_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("link.txt"), "{{ link }}").unwrap();
    let server = TestServer::with(&[("MAIL_TEMPLATES", folder.path().to_str().unwrap())]).await;
    let shop = Site::new(&server, "shop").await;
    let answer = shop.post("/v1/checks", &json!({ "email": "jo@example.com", "gate": "code" })).await;
    answer.assert_problem(400, "request_invalid");
    assert_eq!(answer.json()["parameter"], "gate");
}
