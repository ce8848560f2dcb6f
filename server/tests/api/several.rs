//! Three server processes on one PostgreSQL and one folder, while one of them after the other is killed and the database
//! falls over: nobody loses anything, nothing is decided twice, and each mail arrives.
//!
//! Ignored by `cargo test`: it needs TEST_DATABASE_URL, and takes the database from under every other test.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use engine::{Evidence, transcript};
use serde_json::{Value, json};
use server::db::{Db, Hold};
use server::domain::{random_base64url, random_u32};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database::{TestDatabase, parsed, required_postgres_url};
use crate::helpers::{BASE_URL, at_home, join_all};
use crate::mail_smtp::{Heard, mail_server};
use crate::parcel::{CHUNK, Parcel, worthless};
use crate::pixels;
use crate::start::{Running, blinkgate, lines_of};

/// So often a server is killed; the database falls over after some of them.
const KILLS: usize = 12;
const FALLS: [usize; 2] = [4, 8];
/// People who come one after the other, side by side.
const QUEUES: u32 = 3;
/// Nothing may take longer than this for one person, whatever happens meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

struct Fleet {
    folder: TempDir,
    database: TestDatabase,
    db: Db,
    mail_port: u16,
    heard: Arc<Mutex<Heard>>,
    servers: [Mutex<Option<(Running, u16)>>; 3],
}

impl Fleet {
    async fn start() -> Self {
        let database = TestDatabase::postgres();
        let db = Db::open(&parsed(database.url())).await.unwrap();
        let (mail_port, heard) = mail_server("250 ok").await;
        let folder = tempfile::tempdir().unwrap();
        let fleet = Self { folder, database, db, mail_port, heard, servers: Default::default() };
        // All at once: they make the admin's key and the tables together.
        std::thread::scope(|scope| {
            let fleet = &fleet;
            for n in 0..3 {
                scope.spawn(move || fleet.launch(n));
            }
        });
        fleet
    }

    /// Starts a server, again until the database is there.
    fn launch(&self, n: usize) {
        let mail_port = self.mail_port.to_string();
        let settings = [
            ("PORT", "0"),
            ("DATABASE_URL", self.database.url()),
            ("APP_BASE_URL", BASE_URL),
            ("CHALLENGE_POLICY", "natural"),
            ("ENGINE_RUNTIME", "compact"),
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", &mail_port),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "noreply@example.com"),
        ];
        for _ in 0..100 {
            let mut command = blinkgate(self.folder.path(), &settings);
            let mut program =
                Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it can be started"));
            let mut lines = lines_of(program.0.stdout.take().unwrap());
            if let Some(line) = lines.find(|line| line.contains("address=127.0.0.1:")) {
                let digits = line.split_once("address=127.0.0.1:").unwrap().1;
                let port = digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
                *self.servers[n].lock().unwrap() = Some((program, port));
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("server {n} did not start");
    }

    fn kill(&self, n: usize) {
        // `Running` kills with -9 when it goes.
        self.servers[n].lock().unwrap().take();
    }

    /// Stops the database like a power cut, or at least cuts every connection to it where it is not ours to stop.
    fn fall_over(&self) {
        match std::env::var("TEST_POSTGRES_RESTART") {
            Ok(restart) => assert!(Command::new("sh").arg("-c").arg(restart).status().unwrap().success()),
            Err(_) => at_home(async || {
                let mut connection = PgConnection::connect(&required_postgres_url()).await.unwrap();
                let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'blinkgate'";
                sqlx::query(cut).execute(&mut connection).await.unwrap();
            }),
        }
    }

    /// Whatever goes wrong, for as long as people come.
    fn trouble(&self) {
        for kill in 0..KILLS {
            std::thread::sleep(Duration::from_millis(400));
            let n = random_u32() as usize % 3;
            self.kill(n);
            if FALLS.contains(&kill) {
                self.fall_over();
            }
            self.launch(n);
        }
    }

    /// Changes the database behind the servers' backs, for time to pass.
    async fn change(&self, sql: &'static str, id: &str) {
        eventually(async || {
            let mut tx = self.db.write(Hold::Nothing).await.ok()?;
            tx.query(sql).bind(id).execute().await.ok()?;
            tx.commit().await.ok()
        })
        .await;
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let (number,) = self.db.read().await.unwrap().query(sql).fetch_one().await.unwrap();
        number
    }
}

/// Tries until something comes of it.
async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing came of it");
}

/// A person with a browser that sends each request to any of the servers, and again if none answers.
struct Person {
    fleet: Arc<Fleet>,
    number: u32,
    cookie: String,
}

struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Person {
    fn email(&self) -> String {
        format!("person-{}@example.com", self.number)
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
        let client = format!("10.1.{}.{}", self.number / 250, self.number % 250);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\norigin: {BASE_URL}\r\nx-blinkgate: 1\r\nconnection: close\r\n\
             x-forwarded-for: {client}\r\ncookie: {}\r\n{headers}content-length: {}\r\n\r\n",
            self.cookie,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        eventually(async || {
            let server = &self.fleet.servers[random_u32() as usize % 3];
            let port = server.lock().unwrap().as_ref()?.1;
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            stream.write_all(&request).await.ok()?;
            let mut answer = String::new();
            tokio::time::timeout(PATIENCE / 2, stream.read_to_string(&mut answer)).await.ok()?.ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            let status = head.get(9..12)?.parse().ok().filter(|status| *status < 500)?;
            Some(Reply { status, head: head.to_owned(), body: serde_json::from_str(body).ok()? })
        })
        .await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "content-type: application/json\r\n", body.to_string().as_bytes()).await
    }

    async fn register(&self) -> String {
        let to = format!("To: {}\r\n", self.email());
        let begun = Instant::now();
        eventually(async || {
            // Asking again brings no second mail within a minute, but has a worker look.
            assert_eq!(self.post("/register", &json!({ "email": self.email() })).await.status, 202);
            tokio::time::sleep(Duration::from_millis(300)).await;
            if begun.elapsed() > Duration::from_secs(3) {
                // The time passes that a server which died had taken for its try.
                let over = "update mail_outbox set next_try_at = 0 where sent_at is null and given_up_at is null
                            and user_id = (select id from users where email = $1)";
                self.fleet.change(over, &self.email()).await;
            }
            let heard = self.fleet.heard.lock().unwrap();
            let mail = heard.mails.iter().find(|mail| mail.contains(&to))?;
            Some(mail.split_once("/verify?token=").unwrap().1[..43].to_owned())
        })
        .await
    }

    async fn open(&mut self, token: &str) {
        let reply = self.post("/verify", &json!({ "token": token })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let (_, cookie) = reply.head.split_once("set-cookie: ").unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    /// A challenge, with the secret key that it is bound to.
    async fn challenge(&self) -> (Value, [u8; 32]) {
        eventually(async || {
            let secret: [u8; 32] = URL_SAFE_NO_PAD.decode(random_base64url()).unwrap().try_into().unwrap();
            let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
            let reply = self.post("/api/challenge", &json!({ "public_key": URL_SAFE_NO_PAD.encode(key) })).await;
            // A server that died may have registered the key without saying so.
            let is_lost = reply.status == 422 && reply.body["code"] == "key_invalid";
            assert!(is_lost || reply.status == 201, "{}", reply.body);
            (!is_lost).then_some((reply.body, secret))
        })
        .await
    }

    /// Sends it whole and has it decided; returns the answer.
    async fn submit(&self, parcel: &Parcel) -> Value {
        let (bytes, path) = (parcel.bytes(), parcel.path());
        let mut sent = 0;
        while sent < bytes.len() {
            let chunk = &bytes[sent..bytes.len().min(sent + CHUNK)];
            let headers =
                format!("content-type: application/octet-stream\r\nidempotency-key: k\r\nupload-offset: {sent}\r\n");
            let mut reply = self.send("PATCH", &path, &headers, chunk).await;
            if reply.status == 409 {
                // It had arrived, though nobody said so.
                assert_eq!(reply.body["code"], "upload_offset");
                reply = self.send("GET", &path, "idempotency-key: k\r\n", b"").await;
            }
            assert_eq!(reply.status, 200, "{}", reply.body);
            sent = reply.body["received"].as_u64().unwrap() as usize;
        }
        let headers = "content-type: application/json\r\nidempotency-key: k\r\n";
        let begun = Instant::now();
        let finish = async || self.send("POST", &path, headers, parcel.lengths().to_string().as_bytes()).await;
        let answer = eventually(async || {
            let reply = finish().await;
            if reply.status == 200 {
                return Some(reply.body);
            }
            assert_eq!((reply.status, &reply.body["code"]), (409, &json!("submission_in_progress")));
            tokio::time::sleep(Duration::from_millis(400)).await;
            if begun.elapsed() > Duration::from_secs(5) {
                // The time passes for which a server that died had claimed it.
                let over = "update challenges set lease_until = 0 where id = $1 and state = 'scoring'";
                self.fleet.change(over, &parcel.challenge).await;
            }
            None
        })
        .await;
        for _ in 0..3 {
            assert_eq!(finish().await.body, answer, "whoever is asked");
        }
        answer
    }

    /// The whole way. Every second person fails once before.
    async fn come(mut self) -> (String, Evidence) {
        let token = self.register().await;
        self.open(&token).await;
        if self.number % 2 == 0 {
            let (challenge, _) = self.challenge().await;
            let answer = self.submit(&worthless(&challenge)).await;
            assert_eq!((&answer["status"], &answer["attempts_left"]), (&json!("FAILED"), &json!(4)));
        }
        let (challenge, secret) = self.challenge().await;
        let terms = serde_json::from_value(challenge.clone()).unwrap();
        let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let seed = self.number;
        let evidence = tokio::task::spawn_blocking(move || pixels::record_of(seed, terms, key)).await.unwrap();
        let challenge = challenge["challenge_id"].as_str().unwrap().to_owned();
        // The frames were made faster than a camera gives them.
        self.fleet.change("update challenges set issued_at = issued_at - 10000 where id = $1", &challenge).await;
        let Evidence { signing_input, open, closed, strip, .. } = evidence.clone();
        let transcript = transcript::sign(&signing_input, &secret).into_bytes();
        let answer = self.submit(&Parcel { challenge, transcript, open, closed, strip }).await;
        assert_eq!(answer["status"], "VERIFIED", "{answer}");
        (self.email(), evidence)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL, alone"]
async fn servers_that_die_and_a_database_that_falls_over_lose_nothing_and_decide_nothing_twice() {
    let fleet = Arc::new(Fleet::start().await);
    let is_over = Arc::new(AtomicBool::new(false));
    let trouble = std::thread::spawn({
        let (fleet, is_over) = (Arc::clone(&fleet), Arc::clone(&is_over));
        move || {
            let troubled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fleet.trouble()));
            is_over.store(true, Ordering::Relaxed);
            troubled.unwrap();
        }
    });
    let queues = (0..QUEUES).map(|queue| {
        let (fleet, is_over) = (Arc::clone(&fleet), Arc::clone(&is_over));
        async move {
            let (mut people, mut number) = (Vec::new(), queue);
            while people.is_empty() || !is_over.load(Ordering::Relaxed) {
                let person = Person { fleet: Arc::clone(&fleet), number, cookie: "none=1".to_owned() };
                people.push(person.come().await);
                number += QUEUES;
            }
            people
        }
    });
    let mut people = BTreeMap::new();
    for of_queue in join_all(queues.collect()).await {
        people.extend(of_queue);
    }
    trouble.join().unwrap();

    let count = people.len() as i64;
    let failed = fleet.number("select count(*) from verification_events where status = 'FAILED'").await;
    let even = people.keys().filter(|email| email.split(['-', '@']).nth(1).unwrap().parse::<u32>().unwrap() % 2 == 0);
    assert_eq!(failed, even.count() as i64, "each failure once");
    for (sql, expected) in [
        ("select count(*) from users where status = 'VERIFIED'", count),
        ("select count(*) from users", count),
        ("select count(*) from verification_events where status = 'VERIFIED'", count),
        ("select count(distinct email) from verification_events where status = 'VERIFIED'", count),
        ("select count(*) from challenges where state = 'decided'", count + failed),
        ("select count(*) from challenges where state = 'scoring'", 0),
        ("select count(*) from counted_failures", failed),
        ("select max(attempts) from capture_sessions", 1),
        ("select count(*) from seen_pictures", 3 * count),
        ("select count(*) from upload_chunks", 0),
        ("select count(*) from mail_outbox where sent_at is null and given_up_at is null", 0),
    ] {
        assert_eq!(fleet.number(sql).await, expected, "{sql}");
    }
    let kept = "select email, open_capture_ref, closed_capture_ref, strip_ref from verification_events
                where status = 'VERIFIED'";
    let kept: Vec<(String, String, String, String)> =
        fleet.db.read().await.unwrap().query(kept).fetch_all().await.unwrap();
    for (email, open, closed, strip) in kept {
        let Evidence { open: open_sent, closed: closed_sent, strip: strip_sent, .. } = &people[&email];
        for (reference, sent) in [(open, open_sent), (closed, closed_sent), (strip, strip_sent)] {
            assert_eq!(&std::fs::read(fleet.folder.path().join("data").join(reference)).unwrap(), sent);
        }
    }
    // A server may die after the mail server took a mail and before it could write that down.
    let mails = fleet.heard.lock().unwrap().mails.len();
    assert!((people.len()..=people.len() + KILLS).contains(&mails), "{mails} mails for {count} people");
    println!("{count} people verified, {failed} failures, {mails} mails, {KILLS} kills, {} falls", FALLS.len());
}
