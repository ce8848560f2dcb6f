//! A complete verification with the real program at its most verbose level, then a search for every secret in
//! everything that it wrote.
#![cfg(unix)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use server::db::Db;

use crate::database::{TestDatabase, parsed, postgres_url};
use crate::mail_smtp::mail_server;
use crate::program::{ADMIN, Program, Visit, files, holds, pieces_in, until};
use crate::start::blinkgate;

const MAIL_PASSWORD: &str = "hunter2-of-the-mail-server";
const EMAIL: &str = "jo.secret@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_secret_stands_in_a_log_or_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (mail_port, heard) = mail_server("250 ok").await;
    let mail_port = mail_port.to_string();
    let file = folder.path().join("data/blinkgate.db");
    let database = TestDatabase::new(&file);
    let settings = [
        ("PORT", "0"),
        ("DATABASE_URL", database.url()),
        ("LOG_LEVEL", "trace"),
        ("CHALLENGE_POLICY", "natural"),
        ("RUST_LOG", "trace"),
        ("ADMIN_API_KEY", ADMIN),
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", &mail_port),
        ("MAIL_SECURITY", "none"),
        ("MAIL_USERNAME", "postman"),
        ("MAIL_PASSWORD", MAIL_PASSWORD),
        ("MAIL_SENDER", "noreply@example.com"),
    ];
    let mut command = blinkgate(folder.path(), &settings);
    let program = Program::start(&mut command).await;

    // Register and open the link, also in the ways of scanners and by mistake.
    let mut browser = program.browser();
    assert_eq!(browser.post("/register", &json!({ "email": EMAIL })).0, 202);
    let mail = until("the mail", || heard.lock().unwrap().mails.first().cloned()).await;
    let token = mail.split_once("/verify?token=").unwrap().1[..43].to_owned();
    assert_eq!(browser.send("GET", &format!("/verify?token={token}"), &[], b"").0, 200);
    assert_eq!(browser.send("GET", &format!("/nowhere?token={token}"), &[], b"").0, 404);
    assert_eq!(browser.post("/verify", &json!({ "token": format!("{token}x") })).0, 404);
    assert_eq!(browser.post("/verify", &json!({ "token": token, "more": token })).0, 400);
    assert_eq!(browser.post("/verify", &json!({ "token": token })).0, 200);
    let first_cookie = browser.cookie.clone();
    assert_eq!(browser.post("/verify", &json!({ "token": token })).0, 200);

    // Blink, submit, be verified.
    let mut visit = Visit::at(browser, database.url()).await;
    visit.upload();
    let (_, answer) = visit.finish();
    assert_eq!(answer["status"], "VERIFIED", "{answer}");
    let (challenge, signed) = (visit.challenge.clone(), visit.signed.clone());

    // The operator, also with the key in the wrong places.
    let pictures = visit.pictures().map(Vec::clone);
    let browser = &mut visit.browser;
    let event = browser.events().remove(0);
    for (name, sent) in ["open_capture_ref", "closed_capture_ref", "strip_ref"].iter().zip(&pictures) {
        let (status, picture) = browser.admin(&format!("/admin/{}", event[name].as_str().unwrap()));
        assert_eq!((status, &picture), (200, sent), "{name}");
    }
    assert_eq!(browser.send("GET", "/admin/events.csv", &[("authorization", &format!("Bearer {ADMIN}"))], b"").0, 200);
    assert_eq!(browser.send("GET", &format!("/admin/events?key={ADMIN}"), &[], b"").0, 400);
    assert_eq!(browser.send("GET", "/admin/events", &[("x-admin-key", &format!("{ADMIN}x"))], b"").0, 403);

    let second_cookie = browser.cookie.clone();
    let log = program.stop();

    let cookie = |text: &str| text.split_once('=').unwrap().1.to_owned();
    let login = STANDARD.encode(format!("\0postman\0{MAIL_PASSWORD}"));
    let mut secrets = vec![
        ("the link's token", token.clone()),
        ("the first cookie", cookie(&first_cookie)),
        ("the second cookie", cookie(&second_cookie)),
        ("the admin key", ADMIN.to_owned()),
        ("the mail server's password", MAIL_PASSWORD.to_owned()),
        ("the log-in at the mail server", login),
    ];
    assert_ne!(secrets[1].1, secrets[2].1);
    let database_password = postgres_url().and_then(|url| Some(url::Url::parse(&url).ok()?.password()?.to_owned()));
    secrets.extend(database_password.map(|password| ("the database's password", password)));
    for expected in ["answered", "attempt decided", "mail sent", "take it as exposed", "/verify", "stopped"] {
        assert!(holds(&log, expected.as_bytes()), "{expected:?} is missing from the log");
    }
    for (name, secret) in &secrets {
        assert!(!holds(&log, secret.as_bytes()), "{name} stands in the log");
    }
    let nonce = challenge["nonce"].as_str().unwrap();
    // The audit keeps the transcript; no log does.
    let signature = signed.rsplit_once('.').unwrap().1;
    for (name, text) in [
        ("the nonce", nonce),
        ("the transcript's signature", signature),
        ("the address", EMAIL),
        ("the address", "jo.secret"),
    ] {
        assert!(!holds(&log, text.as_bytes()), "{name} stands in the log");
    }
    assert_eq!(pieces_in(&log, &visit.pictures()), 0, "a picture stands in the log");

    let db = Db::open(&parsed(database.url())).await.unwrap();
    for (table, rows) in database.contents(&mut db.read().await.unwrap()).await {
        for (name, secret) in &secrets {
            assert!(!rows.iter().any(|row| row.contains(secret)), "{name} stands in {table}");
        }
        assert_eq!(pieces_in(rows.concat().as_bytes(), &visit.pictures()), 0, "a picture stands in {table}");
    }
    db.close().await;
    let data = folder.path().join("data");
    let written = files(&data);
    assert!(database.is_postgres() || written.contains(&file), "{written:?}");
    for path in &written {
        let bytes = std::fs::read(path).unwrap();
        for (name, secret) in &secrets {
            assert!(!holds(&bytes, secret.as_bytes()), "{name} stands in {}", path.display());
        }
        assert_eq!(pieces_in(&bytes, &visit.pictures()), 0, "a picture stands in {}", path.display());
    }
    let captures = written.iter().filter(|path| path.starts_with(data.join("captures"))).count();
    assert_eq!(captures, 3, "each picture is kept once, sealed");
    assert!(pieces_in(&visit.pictures().map(Vec::as_slice).concat(), &visit.pictures()) > 60, "they would be found");
}
