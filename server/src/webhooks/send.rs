//! Sends one event to one endpoint.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use super::address::{PublicOnly, allowed};
use super::keys::EndpointKeys;
use super::public_id;
use crate::clock;
use crate::db::endpoints::Endpoint;
use crate::db::site_events::SiteEvent;
use crate::sealing::SealingKey;
use crate::tls;

/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time for its connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause that a receiver may ask for.
const MAX_RETRY_AFTER_S: u64 = 86_400;

/// Sends events.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Reaches public addresses only.
    public: Client,
    /// Reaches every address; for hosts that the site lists.
    listed: Client,
    pub(super) keys: EndpointKeys,
}

/// A client for addresses that somebody else names: it follows nowhere. `only_public`: it reaches public addresses only.
///
/// # Errors
/// It cannot be made.
pub fn client(only_public: bool) -> anyhow::Result<Client> {
    tls::use_ring();
    // Without proxies, so that the addresses which are checked are those that are connected to.
    let client = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("blinkgate/", env!("CARGO_PKG_VERSION")));
    let client = if only_public { client.dns_resolver(Arc::new(PublicOnly)) } else { client };
    client.build().context("cannot create the HTTP client")
}

/// What came of a try.
#[derive(Debug)]
pub(super) enum Sent {
    /// The endpoint took the event.
    Taken(StatusCode),
    /// It did not, or could not be reached.
    Refused { status: Option<StatusCode>, why: String, retry_after_s: Option<u64> },
    /// It wants no more events.
    Gone,
}

impl Sender {
    /// Prepares the clients; sends nothing. `root`: the server's key for sites.
    ///
    /// # Errors
    /// The clients cannot be made.
    pub fn new(root: SealingKey) -> anyhow::Result<Self> {
        Ok(Self { public: client(true)?, listed: client(false)?, keys: EndpointKeys::new(root) })
    }

    /// The secrets of endpoints.
    pub fn keys(&self) -> &EndpointKeys {
        &self.keys
    }

    /// Sends the event once. `private_hosts`: those that the endpoint's site lists.
    pub(super) async fn send(&self, event: &SiteEvent, endpoint: &Endpoint, private_hosts: &[String]) -> Sent {
        let refused = |why: String| Sent::Refused { status: None, why, retry_after_s: None };
        let Ok(url) = Url::parse(&endpoint.url) else { return refused("the address cannot be read".to_owned()) };
        // Checked each time: the site may have stopped listing the host.
        let client = match allowed(&url, private_hosts) {
            Ok(true) => &self.listed,
            Ok(false) => &self.public,
            Err(error) => return refused(error.to_string()),
        };
        let now = clock::now_ms();
        let (id, timestamp, body) = (public_id(&event.id), now / 1000, body(event));
        let signatures = self.keys.signatures(endpoint, &format!("{id}.{timestamp}.{body}"), now);
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Sent::Taken(answer.status()),
            Ok(answer) if answer.status() == StatusCode::GONE => Sent::Gone,
            Ok(answer) => {
                let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                Sent::Refused {
                    status: Some(answer.status()),
                    why: format!("answered {}", answer.status()),
                    retry_after_s: retry_after
                        .and_then(|text| text.parse().ok())
                        .map(|s: u64| s.min(MAX_RETRY_AFTER_S)),
                }
            }
            Err(error) => refused(why(&error)),
        }
    }
}

/// The event as it is sent and listed.
pub(super) fn body(event: &SiteEvent) -> String {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    json!({ "type": event.kind.name(), "timestamp": clock::rfc3339(event.created_at), "data": data }).to_string()
}

/// The error with its causes, without the address, which may have a secret of the site in it.
fn why(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { "no answer in time" } else { "no answer" };
    let mut text = kind.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().take(500).collect()
}
