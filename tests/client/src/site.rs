//! Requests to a server on this machine, as the pages send them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

/// No answer takes longer, unless the server is gone.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server on this machine, and who asks: people have addresses of their own.
#[derive(Clone, Debug)]
pub struct Site {
    agent: Agent,
    port: u16,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which to come again, where it says so.
    pub retry_after: Option<Duration>,
    /// The cookie to send from now on, where one was set.
    pub cookie: Option<String>,
    /// The body.
    pub text: String,
}

/// What goes with a request beside its body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct With<'a> {
    pub(crate) client: Option<Ipv4Addr>,
    pub(crate) cookie: Option<&'a str>,
    /// Names the submission.
    pub(crate) key: Option<&'a str>,
    /// Bytes of the submission that come before this chunk.
    pub(crate) offset: Option<usize>,
}

impl Site {
    /// The server at this port of this machine. Others cannot be asked.
    pub fn on_this_machine(port: u16) -> Site {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            // The server ends a connection that idles for 20 s.
            .max_idle_age(Duration::from_secs(5))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .build();
        Site { agent: Agent::new_with_config(agent), port }
    }

    /// What links begin with.
    pub fn base_url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Gets a path.
    ///
    /// # Errors
    /// There was no answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(&Method::GET, path, With::default(), None)
    }

    /// Gets a path as who holds the admin key.
    ///
    /// # Errors
    /// There was no answer.
    pub fn get_as_admin(&self, path: &str, admin_key: &str) -> anyhow::Result<Answer> {
        let request = Request::get(self.url(path)).header("x-admin-key", admin_key);
        self.run(request.body(()).context("a request cannot be built")?)
    }

    /// The bytes of a path, for who holds the admin key.
    ///
    /// # Errors
    /// There was no answer, or another status than 200.
    pub fn bytes_as_admin(&self, path: &str, admin_key: &str) -> anyhow::Result<Vec<u8>> {
        let request = Request::get(self.url(path)).header("x-admin-key", admin_key);
        let mut response = self.agent.run(request.body(()).context("a request cannot be built")?)?;
        if response.status() != 200 {
            bail!("{} for {path}", response.status());
        }
        Ok(response.body_mut().read_to_vec()?)
    }

    /// Sends a request as a page does: JSON by `POST`, bytes by `PATCH`.
    pub(crate) fn send(&self, method: &Method, path: &str, with: With, body: Option<&[u8]>) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        if let Some(client) = with.client {
            request = request.header("x-forwarded-for", client.to_string());
        }
        if let Some(cookie) = with.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = with.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(offset) = with.offset {
            request = request.header("upload-offset", offset);
        }
        let Some(body) = body else { return self.run(request.body(()).context("a request cannot be built")?) };
        let content_type = if method == Method::PATCH { "application/octet-stream" } else { "application/json" };
        let request = request
            .header("x-blinkgate", "1")
            .header("origin", self.base_url())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", content_type);
        self.run(request.body(body).context("a request cannot be built")?)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))
    }

    fn run(&self, request: Request<impl ureq::AsSendBody>) -> anyhow::Result<Answer> {
        let mut response = self.agent.run(request)?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let cookie = header("set-cookie").and_then(|text| text.split(';').next()).map(str::to_owned);
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok(Answer { status, retry_after, cookie, text })
    }
}

impl Answer {
    /// The body of an answer with the expected status.
    ///
    /// # Errors
    /// It has another status, or is no JSON.
    pub fn expect(&self, status: u16) -> anyhow::Result<Value> {
        if self.status != status {
            bail!("{} where {status} was expected: {}", self.status, self.text);
        }
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> Option<String> {
        let problem: Value = serde_json::from_str(&self.text).ok()?;
        problem["code"].as_str().map(str::to_owned)
    }
}
