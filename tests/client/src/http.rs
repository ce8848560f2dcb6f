//! HTTP requests to a server on this machine, with the headers that the pages send.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

/// Longer than any answer takes while the server is running.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends requests to a server on this machine, or to one of several.
#[derive(Clone)]
pub struct HttpClient {
    agent: Agent,
    base_url: String,
    choose_port: Arc<ChoosePort>,
}

type ChoosePort = dyn Fn() -> Option<u16> + Send + Sync;

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header, if there is one.
    pub retry_after: Option<Duration>,
    /// The cookie that was set, as a browser sends it back.
    pub cookie: Option<String>,
    /// The body.
    pub text: String,
}

/// Optional headers of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headers<'a> {
    /// The user's IP address. The server trusts `X-Forwarded-For` from this machine.
    pub(crate) forwarded_for: Option<Ipv4Addr>,
    pub(crate) cookie: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
    /// Bytes of the submission before this chunk.
    pub(crate) upload_offset: Option<usize>,
}

impl HttpClient {
    /// Sends requests to this port.
    pub fn on_this_machine(port: u16) -> HttpClient {
        HttpClient::balanced(&format!("http://localhost:{port}"), TIMEOUT, move || Some(port))
    }

    /// Sends each request to the port that `choose_port` returns, as a load balancer does. `base_url` is what the servers are
    /// reached under; a request fails if no response arrives within `timeout`.
    pub fn balanced(
        base_url: &str,
        timeout: Duration,
        choose_port: impl Fn() -> Option<u16> + Send + Sync + 'static,
    ) -> HttpClient {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(timeout))
            // The server closes a connection that idles for 20 s.
            .max_idle_age(Duration::from_secs(5))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .build();
        let agent = Agent::new_with_config(agent);
        HttpClient { agent, base_url: base_url.to_owned(), choose_port: Arc::new(choose_port) }
    }

    /// What mailed links begin with.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Gets a path.
    ///
    /// # Errors
    /// No response arrived.
    pub fn get(&self, path: &str) -> anyhow::Result<Response> {
        self.send(&Method::GET, path, Headers::default(), None)
    }

    /// Gets a path with these headers.
    ///
    /// # Errors
    /// No response arrived.
    pub fn get_with_headers(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
        let request = Request::get(self.url(path)?);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.run(request.body(()).context("invalid request")?)
    }

    /// Posts JSON to a path with these headers, as a site's backend does.
    ///
    /// # Errors
    /// No response arrived.
    pub fn post_with_headers(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> anyhow::Result<Response> {
        let request = Request::post(self.url(path)?).header("content-type", "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.run(request.body(body.to_string()).context("invalid request")?)
    }

    /// Gets the status and the bytes at a path, with an admin key.
    ///
    /// # Errors
    /// No response arrived.
    pub fn bytes_as_admin(&self, path: &str, admin_key: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let request = Request::get(self.url(path)?).header("x-admin-key", admin_key);
        let mut response = self.agent.run(request.body(()).context("invalid request")?)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_vec()?))
    }

    /// Sends a request as a page does: JSON by `POST`, bytes by `PATCH`.
    pub(crate) fn send(
        &self,
        method: &Method,
        path: &str,
        headers: Headers,
        body: Option<&[u8]>,
    ) -> anyhow::Result<Response> {
        let mut request = Request::builder().method(method).uri(self.url(path)?);
        if let Some(address) = headers.forwarded_for {
            request = request.header("x-forwarded-for", address.to_string());
        }
        if let Some(cookie) = headers.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = headers.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(offset) = headers.upload_offset {
            request = request.header("upload-offset", offset);
        }
        let Some(body) = body else { return self.run(request.body(()).context("invalid request")?) };
        let content_type = if method == Method::PATCH { "application/octet-stream" } else { "application/json" };
        let request = request
            .header("x-blinkgate", "1")
            .header("origin", self.base_url())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", content_type);
        self.run(request.body(body).context("invalid request")?)
    }

    fn url(&self, path: &str) -> anyhow::Result<String> {
        let port = (self.choose_port)().context("no server is running")?;
        Ok(format!("http://{}{path}", SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
    }

    fn run(&self, request: Request<impl ureq::AsSendBody>) -> anyhow::Result<Response> {
        let mut response = self.agent.run(request)?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let cookie = header("set-cookie").and_then(|text| text.split(';').next()).map(str::to_owned);
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok(Response { status, retry_after, cookie, text })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpClient").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Response {
    /// The JSON body of a response with the expected status.
    ///
    /// # Errors
    /// The status is another, or the body is not JSON.
    pub fn expect(&self, status: u16) -> anyhow::Result<Value> {
        if self.status != status {
            bail!("status {}, expected {status}: {}", self.status, self.text);
        }
        serde_json::from_str(&self.text).with_context(|| format!("not JSON: {}", self.text))
    }

    /// The stable code of an error response.
    pub fn code(&self) -> Option<String> {
        let problem: Value = serde_json::from_str(&self.text).ok()?;
        problem["code"].as_str().map(str::to_owned)
    }
}
