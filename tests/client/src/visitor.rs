//! One person on their way to the camera: an address, a link, a session.

use std::net::Ipv4Addr;
use std::time::Duration;

use engine::Terms;
use engine::prompt::{Commitment, Cue, Next};
use engine::transcript::consent_hash;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::outbox::Outbox;
use crate::parcel::Key;
use crate::site::{Answer, Site, With};

/// What the pages tell people before the camera is switched on, as transcripts call it.
pub fn consent() -> String {
    consent_hash(include_str!("../../../www/consent/en.txt").trim_end())
}

/// A person, in a browser of their own.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where they are.
    pub site: Site,
    /// Their mailbox.
    pub email: String,
    client: Ipv4Addr,
    cookie: Option<String>,
}

impl Visitor {
    /// The person of this number: numbers have mailboxes and addresses of the network of their own, up to 16 million.
    pub fn new(site: &Site, number: u32) -> Visitor {
        let [_, a, b, c] = number.to_be_bytes();
        let email = format!("person-{number}@example.com");
        // 10.0.0.0/8: the server believes this machine when it says for whom it asks.
        Visitor { site: site.clone(), email, client: Ipv4Addr::new(10, a, b, c), cookie: None }
    }

    /// Asks for a link.
    ///
    /// # Errors
    /// There was no answer.
    pub fn register(&self) -> anyhow::Result<Answer> {
        self.post("/register", &json!({ "email": self.email }))
    }

    /// Registers, waits for the mail and opens its link: page, then button.
    ///
    /// # Errors
    /// A request is refused, or no mail comes.
    pub fn arrive(&mut self, outbox: &Outbox, patience: Duration) -> anyhow::Result<()> {
        self.register()?.expect(202)?;
        let token = outbox.token(&self.email, patience)?;
        self.open_link(&token)
    }

    /// Opens a link: page, then button.
    ///
    /// # Errors
    /// It is refused.
    pub fn open_link(&mut self, token: &str) -> anyhow::Result<()> {
        self.site.get(&format!("/verify?token={token}"))?;
        let answer = self.post("/verify", &json!({ "token": token }))?;
        answer.expect(200)?;
        self.cookie = answer.cookie;
        Ok(())
    }

    /// How the session stands.
    ///
    /// # Errors
    /// There is none.
    pub fn session(&self) -> anyhow::Result<Value> {
        self.site.send(&Method::GET, "/api/session", self.with(), None)?.expect(200)
    }

    /// Gets a challenge for a key, at this many frames a second.
    ///
    /// # Errors
    /// It is refused.
    pub fn challenge(&self, key: &Key, rate: f64) -> anyhow::Result<Terms> {
        let body = json!({ "public_key": key.public_text(), "rate": (rate * 10.0) as u32, "consent": consent() });
        Ok(serde_json::from_value(self.post("/api/challenge", &body)?.expect(201)?)?)
    }

    /// Says how the last round ended and gets what comes next.
    ///
    /// # Errors
    /// It is refused.
    pub fn next_cue(&self, challenge: &str, commitment: Option<&Commitment>) -> anyhow::Result<Next> {
        let answer = self.post(&format!("/api/cue/{challenge}"), &json!({ "commitment": commitment }))?.expect(200)?;
        Ok(match answer["next"].as_str() {
            Some("complete") => Next::Complete,
            Some("exhausted") => Next::Exhausted,
            _ => Next::Cue(serde_json::from_value::<Cue>(answer["cue"].clone())?),
        })
    }

    pub(crate) fn with(&self) -> With<'_> {
        With { client: Some(self.client), cookie: self.cookie.as_deref(), ..With::default() }
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.site.send(&Method::POST, path, self.with(), Some(body.to_string().as_bytes()))
    }
}
