//! Sends mails by Resend's HTTP API: <https://resend.com/docs/api-reference/emails/send-email>. The only file that
//! knows it.

use std::time::Duration;

use anyhow::Context as _;
use lettre::message::Mailbox;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::error::SendError;
use super::message::{AUTO_SUBMITTED, LOGO, Mail};
use crate::config::{ResendConfig, Secret};
use crate::domain::Logo;
use crate::tls;

/// How often a request is sent if there is no answer. All have the same idempotency key, so it remains one mail.
const SENDINGS: u32 = 3;
/// Pause between two of these requests.
const AGAIN_AFTER: Duration = Duration::from_millis(400);
/// Longest stored part of an answer, in characters.
const MAX_ANSWER: usize = 500;

/// An account at Resend.
#[derive(Clone, Debug)]
pub(super) struct Resend {
    client: Client,
    url: Url,
    key: Secret,
    sender: Mailbox,
}

impl Resend {
    /// Prepares the client; sends no request.
    pub(super) fn new(config: &ResendConfig, timeout: Duration) -> anyhow::Result<Self> {
        tls::use_ring();
        let client = Client::builder()
            .timeout(timeout / SENDINGS)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("cannot create the HTTP client for Resend")?;
        Ok(Self { client, url: config.url.clone(), key: config.key.clone(), sender: config.sender.clone() })
    }

    /// Lists the account's domains.
    pub(super) async fn probe(&self) -> Result<(), SendError> {
        let url = self.url.join("/domains").map_err(|error| SendError::unwritable(&error.into()))?;
        let asked = self.client.get(url).bearer_auth(self.key.expose()).send().await;
        let response = asked.map_err(|error| unanswered(&error))?;
        if response.status().is_success() {
            return Ok(());
        }
        match refused(response).await {
            // The key may only send, which is enough.
            error if error.text.contains("restricted_api_key") => Ok(()),
            error => Err(error),
        }
    }

    /// Sends one mail.
    pub(super) async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        let mut sendings = 0;
        loop {
            sendings += 1;
            match self.request(mail).await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) if !response.status().is_server_error() || sendings == SENDINGS => {
                    return Err(refused(response).await);
                }
                Err(error) if sendings == SENDINGS => return Err(unanswered(&error)),
                Ok(_) | Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }

    async fn request(&self, mail: &Mail<'_>) -> reqwest::Result<Response> {
        let attachments: Vec<Value> = mail.shown_logo().into_iter().map(attached).collect();
        let body = json!({
            "from": self.sender.to_string(),
            "to": [mail.to.expose()],
            "subject": mail.words.subject,
            "text": mail.words.text,
            "html": mail.words.html,
            "headers": { AUTO_SUBMITTED.0: AUTO_SUBMITTED.1 },
            "attachments": attachments,
        });
        self.client
            .post(self.url.clone())
            .bearer_auth(self.key.expose())
            // Each try contains its own link, so each has its own key.
            .header("Idempotency-Key", format!("verification-link/{}/{}", mail.id, mail.tries))
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .send()
            .await
    }
}

/// The logo as an inline picture: <https://resend.com/docs/dashboard/emails/embed-inline-images>.
fn attached(logo: &Logo) -> Value {
    let name = if logo.media_type == "image/png" { "logo.png" } else { "logo.jpg" };
    let id = LOGO.trim_start_matches("cid:");
    json!({ "filename": name, "content": logo.base64(), "content_type": logo.media_type, "content_id": id })
}

async fn refused(response: Response) -> SendError {
    let status = response.status();
    // Errors in the mail itself are final. An operator can fix keys, domains and quotas.
    let is_final = matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST);
    let kind = match status {
        _ if is_final => "Resend refused the address or the mail",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "Resend refused the key or the sender (RESEND_API_KEY, RESEND_FROM_EMAIL)"
        }
        StatusCode::TOO_MANY_REQUESTS => "Resend accepts no more mails for now",
        _ => "Resend refused the mail for now",
    };
    let answer: String = response.text().await.unwrap_or_default().chars().take(MAX_ANSWER).collect();
    SendError { text: format!("{status}: {answer}"), is_final, kind }
}

fn unanswered(error: &reqwest::Error) -> SendError {
    let kind = if error.is_timeout() { "Resend did not answer in time" } else { "Resend could not be reached" };
    SendError { text: error.to_string(), is_final: false, kind }
}
