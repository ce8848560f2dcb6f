//! One user: a mail address, an IP address and the session's cookie, with a method for each request that the pages make.

use std::net::Ipv4Addr;
use std::time::Duration;

use engine::Terms;
use engine::prompt::{Commitment, Cue, Next};
use engine::transcript::consent_hash;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Headers, HttpClient, Response};
use crate::outbox::Outbox;
use crate::submission::Key;

/// The hash of the English consent text, as transcripts name it.
pub fn consent() -> String {
    let english: Value = serde_json::from_str(include_str!("../../../www/assets/locales/en.json"))
        .expect("a test reads every catalogue");
    let keys = ["priming.video", "priming.video.text", "priming.sent", "priming.sent.text"];
    consent_hash(&keys.map(|key| english["texts"][key].as_str().unwrap_or_default()).join("\n"))
}

/// A user with a browser.
#[derive(Clone, Debug)]
pub struct UserClient {
    /// Sends the requests.
    pub http: HttpClient,
    /// The mail address.
    pub email: String,
    ip: Option<Ipv4Addr>,
    cookie: Option<String>,
}

impl UserClient {
    /// User `number` of up to 16 million. Each has a mail address and an IP address of its own.
    pub fn new(http: &HttpClient, number: u32) -> UserClient {
        let [_, a, b, c] = number.to_be_bytes();
        // 10.0.0.0/8: the server trusts `X-Forwarded-For` from this machine. Users with consecutive numbers are in
        // different networks, which the server counts too.
        let ip = Some(Ipv4Addr::new(10, c, b, a));
        UserClient { ip, ..UserClient::without_proxy(http, &format!("person-{number}@example.com")) }
    }

    /// A user with this mail address, who connects directly from this machine.
    pub fn without_proxy(http: &HttpClient, email: &str) -> UserClient {
        UserClient { http: http.clone(), email: email.to_owned(), ip: None, cookie: None }
    }

    /// The session's cookie.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Requests a link by mail.
    ///
    /// # Errors
    /// No response arrived.
    pub fn register(&self) -> anyhow::Result<Response> {
        self.post("/register", &json!({ "email": self.email }))
    }

    /// Registers, waits for the mail and opens its link.
    ///
    /// # Errors
    /// A request failed, or no mail arrived within `timeout`.
    pub fn open_session(&mut self, outbox: &Outbox, timeout: Duration) -> anyhow::Result<()> {
        self.register()?.expect(202)?;
        let token = outbox.token(&self.email, timeout)?;
        self.open_link(&token)
    }

    /// Opens a mailed link: gets the page, then redeems the token as its button does.
    ///
    /// # Errors
    /// A request failed.
    pub fn open_link(&mut self, token: &str) -> anyhow::Result<()> {
        self.http.get(&format!("/verify?token={token}"))?;
        let response = self.post("/verify", &json!({ "token": token }))?;
        response.expect(200)?;
        self.cookie = response.cookie;
        Ok(())
    }

    /// The session's state.
    ///
    /// # Errors
    /// The request failed, or there is no session.
    pub fn session(&self) -> anyhow::Result<Value> {
        self.get("/api/session")?.expect(200)
    }

    /// Gets a challenge for this key, for a camera with `rate` frames a second.
    ///
    /// # Errors
    /// The request failed.
    pub fn challenge(&self, key: &Key, rate: f64) -> anyhow::Result<Terms> {
        Ok(serde_json::from_value(self.request_challenge(key, rate)?.expect(201)?)?)
    }

    /// As [`UserClient::challenge`], but returns the response as it is.
    ///
    /// # Errors
    /// No response arrived.
    pub fn request_challenge(&self, key: &Key, rate: f64) -> anyhow::Result<Response> {
        let body = json!({ "public_key": key.public_text(), "rate": (rate * 10.0) as u32, "consent": consent() });
        self.post("/api/challenge", &body)
    }

    /// Reports how the last round ended and gets the next cue.
    ///
    /// # Errors
    /// The request failed.
    pub fn next_cue(&self, challenge: &str, commitment: Option<&Commitment>) -> anyhow::Result<Next> {
        let body = self.post(&format!("/api/cue/{challenge}"), &json!({ "commitment": commitment }))?.expect(200)?;
        Ok(match body["next"].as_str() {
            Some("complete") => Next::Complete,
            Some("exhausted") => Next::Exhausted,
            _ => Next::Cue(serde_json::from_value::<Cue>(body["cue"].clone())?),
        })
    }

    /// Gets a path in this session.
    ///
    /// # Errors
    /// No response arrived.
    pub fn get(&self, path: &str) -> anyhow::Result<Response> {
        self.http.send(&Method::GET, path, self.headers(), None)
    }

    /// Posts JSON in this session.
    ///
    /// # Errors
    /// No response arrived.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        self.http.send(&Method::POST, path, self.headers(), Some(body.to_string().as_bytes()))
    }

    pub(crate) fn headers(&self) -> Headers<'_> {
        Headers { forwarded_for: self.ip, cookie: self.cookie(), ..Headers::default() }
    }
}
