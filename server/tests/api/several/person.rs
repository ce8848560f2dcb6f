//! A user who gets verified, whatever happens to the servers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use engine::Evidence;
use fastrand::Rng;
use serde_json::json;
use server::domain::random_u32;
use test_client::{HttpClient, Key, Response, SubmissionParts, SubmitOutcome, UserClient};

use super::PATIENCE;
use super::fleet::{Fleet, eventually};
use crate::helpers::BASE_URL;
use crate::pixels;
use crate::submit_steps::worthless;

/// The idempotency key of every submission.
const KEY: &str = "k";

/// A user whose requests each go to any of the servers, and are repeated if none answers.
pub struct Person {
    fleet: Arc<Fleet>,
    number: u32,
    user: UserClient,
}

impl Person {
    pub fn new(fleet: &Arc<Fleet>, number: u32) -> Self {
        let servers = Arc::clone(fleet);
        let choose_port = move || Some(servers.servers[random_u32() as usize % 3].lock().unwrap().as_ref()?.1);
        let http = HttpClient::balanced(BASE_URL, PATIENCE / 2, choose_port);
        Self { fleet: Arc::clone(fleet), number, user: UserClient::new(&http, number) }
    }

    /// Repeats a request until it succeeds. The client blocks, so it runs on a thread of its own.
    async fn until_ok<T: Send + 'static>(
        &self,
        request: impl Fn(&mut UserClient) -> anyhow::Result<T> + Clone + Send + 'static,
    ) -> T {
        eventually(async || {
            let (mut user, request) = (self.user.clone(), request.clone());
            tokio::task::spawn_blocking(move || request(&mut user)).await.unwrap().ok()
        })
        .await
    }

    /// Asks for a link.
    pub async fn register(&self) {
        let response = self.until_ok(|user| without_server_error(user.register()?)).await;
        assert_eq!(response.status, 202, "{}", response.text);
    }

    /// Asks for a link until it has been mailed; returns its token.
    async fn mailed_token(&self) -> String {
        let to = format!("To: {}\r\n", self.user.email);
        let begun = Instant::now();
        eventually(async || {
            // A second request within a minute sends no second mail, but wakes a mail worker.
            self.register().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            if begun.elapsed() > Duration::from_secs(3) {
                self.fleet.pass_time_for_mails(&self.user.email).await;
            }
            let heard = self.fleet.heard.lock().unwrap();
            let mail = heard.mails.iter().find(|mail| mail.contains(&to))?;
            Some(mail.split_once("/verify?token=").unwrap().1[..43].to_owned())
        })
        .await
    }

    /// A challenge as JSON, with the key that it is bound to.
    async fn challenge(&self) -> (serde_json::Value, Key) {
        eventually(async || {
            let key = Key::draw(&mut Rng::new());
            let own = key.clone();
            let response =
                self.until_ok(move |user| without_server_error(user.request_challenge(&own, pixels::RATE)?)).await;
            // A server that died may have registered the key without answering.
            let is_lost = response.status == 422 && response.code().as_deref() == Some("key_invalid");
            (!is_lost).then(|| (response.expect(201).unwrap(), key))
        })
        .await
    }

    /// Submits until it is decided; returns the response.
    async fn submit(&self, parts: SubmissionParts) -> serde_json::Value {
        let begun = Instant::now();
        let parts = Arc::new(parts);
        let submit = async || {
            let parts = Arc::clone(&parts);
            self.until_ok(move |user| user.resume(KEY, &parts)).await
        };
        let decision = eventually(async || {
            match submit().await {
                SubmitOutcome::Decided(decision) => return Some(decision),
                SubmitOutcome::Later { .. } => tokio::time::sleep(Duration::from_millis(400)).await,
                // A chunk had arrived without an answer, or a server failed.
                SubmitOutcome::Refused(response)
                    if response.status >= 500 || response.code().as_deref() == Some("upload_offset") => {}
                SubmitOutcome::Refused(response) => panic!("{}: {}", response.status, response.text),
            }
            if begun.elapsed() > Duration::from_secs(5) {
                // The lease of a dead server's claim ends. Were it over for longer, a server that starts would discard the
                // upload between two requests of the person.
                let over = "update challenges set lease_until = issued_at where id = $1 and state = 'scoring'";
                self.fleet.change(over, &parts.challenge).await;
            }
            None
        })
        .await;
        for _ in 0..3 {
            let parts = Arc::clone(&parts);
            let decide = move |user: &mut UserClient| match user.decide(KEY, &parts)? {
                SubmitOutcome::Decided(decision) => Ok(decision),
                other => anyhow::bail!("{other:?}"),
            };
            assert_eq!(self.until_ok(decide).await, decision, "whichever server is asked");
        }
        decision.body
    }

    /// Gets verified. Every second user fails once before that.
    pub async fn come(mut self) -> (String, Evidence) {
        let token = self.mailed_token().await;
        let open = move |user: &mut UserClient| {
            user.open_link(&token)?;
            Ok(user.clone())
        };
        self.user = self.until_ok(open).await;
        if self.number.is_multiple_of(2) {
            let (challenge, _) = self.challenge().await;
            let answer = self.submit(worthless(&challenge)).await;
            assert_eq!((&answer["status"], &answer["attempts_left"]), (&json!("FAILED"), &json!(4)));
        }
        let (challenge, key) = self.challenge().await;
        let terms: engine::Terms = serde_json::from_value(challenge).unwrap();
        let (seed, id, public_key) = (self.number, terms.challenge_id.clone(), key.public());
        let evidence = tokio::task::spawn_blocking(move || pixels::record_of(seed, terms, public_key)).await.unwrap();
        // The frames were made faster than a camera takes them.
        self.fleet.change("update challenges set issued_at = issued_at - 10000 where id = $1", &id).await;
        let answer = self.submit(SubmissionParts::sign(&id, &evidence, &key)).await;
        assert_eq!(answer["status"], "VERIFIED", "{answer}");
        (self.user.email, evidence)
    }
}

fn without_server_error(response: Response) -> anyhow::Result<Response> {
    ensure!(response.status < 500, "status {}", response.status);
    Ok(response)
}
