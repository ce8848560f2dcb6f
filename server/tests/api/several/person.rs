//! A person who completes a verification whatever happens to the servers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use engine::{Evidence, transcript};
use serde_json::{Value, json};
use server::domain::{random_base64url, random_u32};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::PATIENCE;
use super::fleet::{Fleet, eventually};
use crate::helpers::BASE_URL;
use crate::parcel::{CHUNK, Parcel, worthless};
use crate::pixels;

/// A person with a browser that sends each request to any server, and retries if none answers.
pub struct Person {
    pub fleet: Arc<Fleet>,
    pub number: u32,
    pub cookie: String,
}

pub struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Person {
    pub fn email(&self) -> String {
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

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "content-type: application/json\r\n", body.to_string().as_bytes()).await
    }

    async fn register(&self) -> String {
        let to = format!("To: {}\r\n", self.email());
        let begun = Instant::now();
        eventually(async || {
            // Registering again sends no second mail within a minute, but wakes a worker.
            assert_eq!(self.post("/register", &json!({ "email": self.email() })).await.status, 202);
            tokio::time::sleep(Duration::from_millis(300)).await;
            if begun.elapsed() > Duration::from_secs(3) {
                self.fleet.pass_time_for_mails(&self.email()).await;
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

    /// A challenge, with the secret key bound to it.
    async fn challenge(&self) -> (Value, [u8; 32]) {
        eventually(async || {
            let secret: [u8; 32] = URL_SAFE_NO_PAD.decode(random_base64url()).unwrap().try_into().unwrap();
            let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
            let reply = self
                .post(
                    "/api/challenge",
                    &json!({ "public_key": URL_SAFE_NO_PAD.encode(key), "consent": test_client::consent() }),
                )
                .await;
            // A server that died may have registered the key without responding.
            let is_lost = reply.status == 422 && reply.body["code"] == "key_invalid";
            assert!(is_lost || reply.status == 201, "{}", reply.body);
            (!is_lost).then_some((reply.body, secret))
        })
        .await
    }

    /// Sends the whole upload, asks for the decision and returns the answer.
    async fn submit(&self, parcel: &Parcel) -> Value {
        let (bytes, path) = (parcel.bytes(), parcel.path());
        let mut sent = 0;
        while sent < bytes.len() {
            let chunk = &bytes[sent..bytes.len().min(sent + CHUNK)];
            let headers =
                format!("content-type: application/octet-stream\r\nidempotency-key: k\r\nupload-offset: {sent}\r\n");
            let mut reply = self.send("PATCH", &path, &headers, chunk).await;
            if reply.status == 409 {
                // It had arrived, although no response said so.
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
                // Let the claim of the dead server expire.
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

    /// A complete verification. Every second person fails once first.
    pub async fn come(mut self) -> (String, Evidence) {
        let token = self.register().await;
        self.open(&token).await;
        if self.number.is_multiple_of(2) {
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
        // The frames were made faster than a camera delivers them.
        self.fleet.change("update challenges set issued_at = issued_at - 10000 where id = $1", &challenge).await;
        let Evidence { signing_input, open, closed, strip, .. } = evidence.clone();
        let transcript = transcript::sign(&signing_input, &secret).into_bytes();
        let answer = self.submit(&Parcel { challenge, transcript, open, closed, strip }).await;
        assert_eq!(answer["status"], "VERIFIED", "{answer}");
        (self.email(), evidence)
    }
}
