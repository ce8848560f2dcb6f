//! A whole verification with the real program at its lowest log level, then a search for every secret in all that it wrote.
#![cfg(unix)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use server::db::Db;

use crate::database::{TestDatabase, parsed, postgres_url};
use crate::mail_smtp::mail_server;
use crate::process::blinkgate;
use crate::program::{ADMIN, Program, Visit, files, holds, pieces_in, until};

const MAIL_PASSWORD: &str = "hunter2-of-the-mail-server";
const EMAIL: &str = "jo.secret@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_secret_is_written_to_the_log_or_the_disk() {
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

    // Register and open the link, also in the ways of link scanners and mistakes.
    let mut user = program.user(EMAIL);
    assert_eq!(user.register().unwrap().status, 202);
    let mail = until("the mail", || heard.lock().unwrap().mails.first().cloned()).await;
    let token = mail.split_once("/verify?token=").unwrap().1[..43].to_owned();
    assert_eq!(user.get(&format!("/verify?token={token}")).unwrap().status, 200);
    assert_eq!(user.get(&format!("/nowhere?token={token}")).unwrap().status, 404);
    assert_eq!(user.post("/verify", &json!({ "token": format!("{token}x") })).unwrap().status, 404);
    assert_eq!(user.post("/verify", &json!({ "token": token, "more": token })).unwrap().status, 400);
    user.open_link(&token).unwrap();
    let first_cookie = user.cookie().unwrap().to_owned();
    user.open_link(&token).unwrap();

    // Blink, submit, and be verified.
    let visit = Visit::at(user, database.url()).await;
    visit.upload();
    let answer = visit.decision();
    assert_eq!(answer["status"], "VERIFIED", "{answer}");
    let transcript = String::from_utf8(visit.signed().transcript).unwrap();

    // Act as the operator, also with the key in the wrong places.
    let pictures = visit.pictures().map(Vec::clone);
    let event = program.events().remove(0);
    for (name, sent) in ["open_capture_ref", "closed_capture_ref", "strip_ref"].iter().zip(&pictures) {
        let (status, picture) = program.admin(&format!("/admin/{}", event[name].as_str().unwrap()));
        assert_eq!((status, &picture), (200, sent), "{name}");
    }
    let (bearer, wrong) = (format!("Bearer {ADMIN}"), format!("{ADMIN}x"));
    let get = |path: &str, headers: &[(&str, &str)]| program.http.get_with_headers(path, headers).unwrap().status;
    assert_eq!(get("/admin/events.csv", &[("authorization", &bearer)]), 200);
    assert_eq!(get(&format!("/admin/events?key={ADMIN}"), &[]), 400);
    assert_eq!(get("/admin/events", &[("x-admin-key", &wrong)]), 403);

    let second_cookie = visit.user.cookie().unwrap().to_owned();
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
        assert!(!holds(&log, secret.as_bytes()), "{name} is in the log");
    }
    let nonce = visit.challenge.nonce.as_str();
    // The audit log keeps the transcript; the program's log does not.
    let signature = transcript.rsplit_once('.').unwrap().1;
    for (name, text) in [
        ("the nonce", nonce),
        ("the transcript's signature", signature),
        ("the address", EMAIL),
        ("the address", "jo.secret"),
    ] {
        assert!(!holds(&log, text.as_bytes()), "{name} is in the log");
    }
    assert_eq!(pieces_in(&log, &visit.pictures()), 0, "a picture is in the log");

    let db = Db::open(&parsed(database.url())).await.unwrap();
    for (table, rows) in database.contents(&mut db.read().await.unwrap()).await {
        for (name, secret) in &secrets {
            assert!(!rows.iter().any(|row| row.contains(secret)), "{name} is in {table}");
        }
        assert_eq!(pieces_in(rows.concat().as_bytes(), &visit.pictures()), 0, "a picture is in {table}");
    }
    db.close().await;
    let data = folder.path().join("data");
    let written = files(&data);
    assert!(database.is_postgres() || written.contains(&file), "{written:?}");
    for path in &written {
        let bytes = std::fs::read(path).unwrap();
        for (name, secret) in &secrets {
            assert!(!holds(&bytes, secret.as_bytes()), "{name} is in {}", path.display());
        }
        assert_eq!(pieces_in(&bytes, &visit.pictures()), 0, "a picture is in {}", path.display());
    }
    let captures = written.iter().filter(|path| path.starts_with(data.join("captures"))).count();
    assert_eq!(captures, 3, "each picture is kept once, sealed");
    assert!(
        pieces_in(&visit.pictures().map(Vec::as_slice).concat(), &visit.pictures()) > 60,
        "the search finds pieces if there are any"
    );
}
