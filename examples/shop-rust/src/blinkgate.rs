//! Talks to Blinkgate: the calls that a shop needs. Whatever goes wrong is an error, and an error is never "verified".

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::random::random;
use crate::result::Keys;

/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes checks and fetches their results.
pub(crate) struct Blinkgate {
    client: Client,
    base: String,
    key: String,
}

/// What the shop asks about; `POST /v1/checks` knows more.
#[derive(Serialize)]
pub(crate) struct Wanted<'a> {
    pub(crate) email: &'a str,
    pub(crate) gate: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) state: &'a str,
    pub(crate) return_url: &'a str,
}

/// A check that has just been made. Has no `Debug`: the token and `url` are for the person's browser, not for logs.
#[derive(Deserialize)]
pub(crate) struct Check {
    pub(crate) id: String,
    /// Where to send the person.
    pub(crate) url: String,
    /// For the element, if the person stays.
    pub(crate) client_token: String,
}

/// There is no usable answer. Names no person, so that it can be logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Blinkgate does not do what was asked. `code` is one of the list in its openapi.json.
    #[error("{call}: {status} {code} {parameter}")]
    Refused { call: String, status: StatusCode, code: String, parameter: String },
    /// It could not be reached, or took too long.
    #[error("no answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
    /// It sent something else.
    #[error("not understood: {0}")]
    NotUnderstood(#[from] serde_json::Error),
}

impl Blinkgate {
    /// Sends nothing yet. `base`: Blinkgate's address, without a slash at the end; `key`: of the site.
    ///
    /// # Errors
    /// The client cannot be made.
    pub(crate) fn new(base: &str, key: &str) -> reqwest::Result<Self> {
        // The workspace's reqwest leaves the cryptography to the program; with its default features this line is not needed.
        // Fails only if it was selected before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build()?;
        Ok(Self { client, base: base.to_owned(), key: key.to_owned() })
    }

    /// Makes a check.
    ///
    /// # Errors
    /// There is no usable answer.
    pub(crate) async fn make_check(&self, wanted: &Wanted<'_>) -> Result<Check, Error> {
        // If the answer was lost, the check may have been made. With the same key, a second try returns that check instead of
        // making another, which would mail another link.
        let idempotency_key = random();
        let body = serde_json::to_string(wanted)?;
        let again = (Some(body.as_str()), Some(idempotency_key.as_str()));
        match self.json(Method::POST, "/v1/checks", again).await {
            Err(Error::NoAnswer(_)) => self.json(Method::POST, "/v1/checks", again).await,
            answered => answered,
        }
    }

    /// The signed result of a check that has ended, for [`accept`](crate::result::accept).
    ///
    /// # Errors
    /// There is no usable answer; `not_final` while the check goes on.
    pub(crate) async fn result(&self, check: &str) -> Result<String, Error> {
        self.ask(Method::GET, &format!("/v1/checks/{check}/result"), (None, None)).await
    }

    /// The keys that sign results. A site with more visitors keeps them for five minutes.
    ///
    /// # Errors
    /// There is no usable answer.
    pub(crate) async fn keys(&self) -> Result<Keys, Error> {
        self.json(Method::GET, "/.well-known/jwks.json", (None, None)).await
    }

    async fn json<T: DeserializeOwned>(&self, method: Method, path: &str, sent: Sent<'_>) -> Result<T, Error> {
        Ok(serde_json::from_str(&self.ask(method, path, sent).await?)?)
    }

    async fn ask(&self, method: Method, path: &str, (body, idempotency_key): Sent<'_>) -> Result<String, Error> {
        let call = format!("{method} {path}");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header(AUTHORIZATION, format!("Bearer {}", self.key));
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            return Ok(text);
        }
        // A proxy in between may answer with something else than a problem.
        let Problem { code, parameter } = serde_json::from_str(&text).unwrap_or_default();
        Err(Error::Refused { call, status, code, parameter: parameter.unwrap_or_default() })
    }
}

/// A body and an idempotency key.
type Sent<'a> = (Option<&'a str>, Option<&'a str>);

/// What `application/problem+json` says, for programs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    parameter: Option<String>,
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const WANTED: Wanted<'_> =
        Wanted { email: "jo@example.org", gate: "link", reference: "r", nonce: "n", state: "s", return_url: "u" };

    #[tokio::test]
    async fn a_lost_answer_is_asked_for_again_with_the_same_idempotency_key() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let check = r#"{"id":"chk_1","url":"u","client_token":"ct_1"}"#;
            let created = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{check}", check.len());
            let mut keys = Vec::new();
            // The first connection ends without an answer.
            for answer in ["", &created] {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = String::new();
                while !request.ends_with('}') {
                    let mut bytes = [0; 4096];
                    let count = connection.read(&mut bytes).await.unwrap();
                    request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
                }
                let key = request.lines().find(|line| line.starts_with("idempotency-key: "));
                keys.push(key.expect("there is a key").to_owned());
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
            keys
        });
        let check = Blinkgate::new(&base, "bk_test_1_2").unwrap().make_check(&WANTED).await.unwrap();
        let keys = server.await.unwrap();
        assert_eq!((check.id.as_str(), keys.len()), ("chk_1", 2));
        assert_eq!(keys[0], keys[1]);
    }

    #[tokio::test]
    async fn an_error_names_nobody() {
        // Nothing listens at port 1.
        let error =
            Blinkgate::new("http://127.0.0.1:1", "bk_test_1_2").unwrap().make_check(&WANTED).await.err().unwrap();
        let text = format!("{error} {error:?}");
        assert!(matches!(error, Error::NoAnswer(_)), "{text}");
        assert!(!text.contains("jo@") && !text.contains("bk_test"), "{text}");
    }
}
