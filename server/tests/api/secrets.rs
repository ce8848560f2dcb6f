//! The whole way through the real program at its most talkative, then a search for every secret in all that it wrote.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use engine::transcript;
use serde_json::{Value, json};
use server::db::{Db, Hold};

use crate::database::{TestDatabase, parsed, postgres_url};
use crate::mail_smtp::mail_server;
use crate::pixels::{self, SECRET};
use crate::start::{Running, blinkgate};

const ADMIN: &str = "admin-key-that-nobody-may-read";
const MAIL_PASSWORD: &str = "hunter2-of-the-mail-server";
const EMAIL: &str = "jo.secret@example.org";

/// What a program writes to its outputs, as it comes.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn follow(&self, mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let kept = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        })
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// Waits for something that a program or a server brings about.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come");
}

/// A browser that speaks to the program over a real connection.
struct Browser {
    port: u16,
    cookie: String,
}

impl Browser {
    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{0}\r\norigin: http://localhost:{0}\r\nx-blinkgate: 1\r\n\
             connection: close\r\ncookie: {1}\r\ncontent-length: {2}\r\n",
            self.port,
            self.cookie,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        if let Some((_, rest)) = head.split_once("set-cookie: ") {
            self.cookie = rest.split(';').next().unwrap().to_owned();
        }
        (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

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
    let mut program = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let output = Output::default();
    let readers = [output.follow(program.0.stdout.take().unwrap()), output.follow(program.0.stderr.take().unwrap())];
    let port = until("the port", || {
        let log = String::from_utf8_lossy(&output.bytes()).into_owned();
        let (_, rest) = log.split_once("open http://localhost:")?;
        // The rest of the line has come as well.
        let port: String = rest.split_once('\n')?.0.chars().take_while(char::is_ascii_digit).collect();
        port.parse().ok()
    })
    .await;

    // Register, and open the link, also as scanners and mistakes have it.
    let mut browser = Browser { port, cookie: "none=1".to_owned() };
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

    // Blink, send, be verified.
    let key = SigningKey::from_bytes(&SECRET).verifying_key().to_bytes();
    let (status, challenge) = browser.post("/api/challenge", &json!({ "public_key": URL_SAFE_NO_PAD.encode(key) }));
    assert_eq!(status, 201, "{challenge}");
    let evidence = pixels::record(serde_json::from_value(challenge.clone()).unwrap(), key);
    let signed = transcript::sign(&evidence.signing_input, &SECRET);
    let db = Db::open(&parsed(database.url())).await.unwrap();
    // The frames were made faster than a camera gives them.
    let mut tx = db.write(Hold::Nothing).await.unwrap();
    tx.query("update challenges set issued_at = issued_at - 10000").execute().await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("/api/submission/{}", challenge["challenge_id"].as_str().unwrap());
    let bytes = [signed.as_bytes(), &evidence.open, &evidence.closed, &evidence.strip].concat();
    let mut sent = 0;
    for chunk in bytes.chunks(16 * 1024) {
        let offset = sent.to_string();
        let headers =
            [("content-type", "application/octet-stream"), ("idempotency-key", "k1"), ("upload-offset", &offset)];
        let (status, answer) = browser.send("PATCH", &path, &headers, chunk);
        assert_eq!(status, 200, "{answer}");
        sent += chunk.len();
    }
    let [open, closed, strip] = [&evidence.open, &evidence.closed, &evidence.strip].map(Vec::len);
    let lengths = json!({ "transcript": signed.len(), "open": open, "closed": closed, "strip": strip }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let (_, answer) = browser.send("POST", &path, &headers, lengths.as_bytes());
    assert_eq!(answer["status"], "VERIFIED", "{answer}");

    // The operator, also with the key in the wrong places.
    assert_eq!(browser.send("GET", "/admin/events", &[("x-admin-key", ADMIN)], b"").0, 200);
    assert_eq!(browser.send("GET", "/admin/events.csv", &[("authorization", &format!("Bearer {ADMIN}"))], b"").0, 200);
    assert_eq!(browser.send("GET", &format!("/admin/events?key={ADMIN}"), &[], b"").0, 400);
    assert_eq!(browser.send("GET", "/admin/events", &[("x-admin-key", &format!("{ADMIN}x"))], b"").0, 403);

    let stopped = Command::new("kill").arg("-TERM").arg(program.0.id().to_string()).status().unwrap();
    assert!(stopped.success() && program.end().success());
    readers.into_iter().for_each(|reader| reader.join().unwrap());

    let cookie = |text: &str| text.split_once('=').unwrap().1.to_owned();
    let login = STANDARD.encode(format!("\0postman\0{MAIL_PASSWORD}"));
    let mut secrets = vec![
        ("the link's token", token.clone()),
        ("the first cookie", cookie(&first_cookie)),
        ("the second cookie", cookie(&browser.cookie)),
        ("the admin key", ADMIN.to_owned()),
        ("the mail server's password", MAIL_PASSWORD.to_owned()),
        ("the log-in at the mail server", login),
    ];
    assert_ne!(secrets[1].1, secrets[2].1);
    let database_password = postgres_url().and_then(|url| Some(url::Url::parse(&url).ok()?.password()?.to_owned()));
    secrets.extend(database_password.map(|password| ("the database's password", password)));
    let log = output.bytes();
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
    // Bytes from the middle of each picture, as they are and as somebody would print them.
    let pieces = [&evidence.open, &evidence.closed, &evidence.strip].map(|jpeg| jpeg[jpeg.len() / 2..][..48].to_vec());
    for piece in &pieces {
        let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = piece[..8].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        for form in [piece.clone(), hex.into_bytes(), list.into_bytes(), STANDARD.encode(piece).into_bytes()] {
            assert!(!holds(&log, &form), "a picture stands in the log");
        }
    }

    for (table, rows) in database.contents(&mut db.read().await.unwrap()).await {
        for (name, secret) in &secrets {
            assert!(!rows.iter().any(|row| row.contains(secret)), "{name} stands in {table}");
        }
        for piece in &pieces {
            let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!rows.iter().any(|row| row.to_lowercase().contains(&hex)), "a picture stands in {table}");
        }
    }
    db.close().await;
    let data = folder.path().join("data");
    let written = files(&data);
    assert!(database.is_postgres() || written.contains(&file), "{written:?}");
    let mut pictures = 0;
    for path in written {
        let bytes = std::fs::read(&path).unwrap();
        for (name, secret) in &secrets {
            assert!(!holds(&bytes, secret.as_bytes()), "{name} stands in {}", path.display());
        }
        let is_capture = path.starts_with(data.join("captures"));
        for piece in &pieces {
            let found = holds(&bytes, piece);
            assert!(!found || is_capture, "a picture stands in {}", path.display());
            pictures += usize::from(found);
        }
    }
    assert_eq!(pictures, 3, "each picture is kept in one place");
}
