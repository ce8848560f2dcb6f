//! A check as its site sees it.

use engine::Reason;
use serde::Serialize;
use serde_json::Value;

use crate::app::AppState;
use crate::clock;
use crate::db::checks::Check;
use crate::domain::{CheckId, CheckStatus, Gate, Language, PlainToken};
use crate::locales;

/// Prefix of ids of checks in the API.
const PREFIX: &str = "chk_";

/// The id as the API writes it.
pub(in crate::routes) fn public_id(id: &CheckId) -> String {
    format!("{PREFIX}{id}")
}

/// The reverse of [`public_id`].
pub(super) fn parse_id(text: &str) -> Option<CheckId> {
    Some(CheckId::from_client(text.strip_prefix(PREFIX)?)).filter(|id| id.made_at().is_some())
}

/// Where the person is sent, with the check, its state as a hint, and the site's own state.
pub(in crate::routes) fn return_to(check: &Check) -> Option<String> {
    let mut url = url::Url::parse(check.return_url.as_deref()?).ok()?;
    let status: &str = check.status.into();
    url.query_pairs_mut().append_pair("check", &public_id(&check.id)).append_pair("status", status);
    if let Some(state) = &check.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    Some(url.into())
}

/// A check, as JSON.
#[derive(Serialize)]
pub(super) struct CheckView {
    id: String,
    object: &'static str,
    status: CheckStatus,
    gate: Gate,
    mailbox: &'static str,
    policy: Option<String>,
    locale: Option<String>,
    attempts_left: u32,
    last_failure: Option<Failure>,
    reference: Option<String>,
    nonce: Option<String>,
    state: Option<String>,
    return_url: Option<String>,
    alternative_url: Option<String>,
    metadata: Value,
    test: bool,
    url: Option<String>,
    client_token: Option<String>,
    client_token_expires_at: Option<String>,
    method: Option<String>,
    evidence_sha256: Option<String>,
    handoff: Option<String>,
    created_at: String,
    expires_at: String,
    opened_at: Option<String>,
    ended_at: Option<String>,
    revoked_at: Option<String>,
    redacted_at: Option<String>,
}

/// Why the last attempt failed.
#[derive(Serialize)]
struct Failure {
    code: String,
    sentence: &'static str,
}

/// Why an attempt failed, in the check's language where there is one, as its pages say it.
fn sentence(code: &str, locale: Option<&str>) -> &'static str {
    let language = locale.and_then(Language::parse).filter(|language| *language != Language::english());
    let translated = language.map(|language| locales::of(Some(&language)).text(&format!("reason.{code}.text")));
    let sentence = translated.filter(|words| !words.is_empty());
    sentence.unwrap_or_else(|| Reason::from_code(code).map_or("", Reason::message))
}

impl CheckView {
    /// The check, with its client token if that was made just now.
    pub(super) fn of(app: &AppState, check: Check, token: Option<&PlainToken>) -> Self {
        let left = if check.status.is_going_on() { app.limits.max_attempts.saturating_sub(check.attempts) } else { 0 };
        let failure =
            check.last_failure.map(|code| Failure { sentence: sentence(&code, check.locale.as_deref()), code });
        let time = |at: Option<i64>| at.map(clock::rfc3339);
        let language = check.locale.as_ref().map(|locale| format!("?lang={locale}")).unwrap_or_default();
        let url = token.map(|token| format!("{}/c{language}#{}", app.base_url.as_str(), token.expose()));
        Self {
            id: public_id(&check.id),
            object: "check",
            status: check.status,
            gate: check.gate,
            mailbox: check.gate.mailbox(),
            policy: check.policy,
            locale: check.locale,
            attempts_left: left,
            last_failure: failure,
            reference: check.reference,
            nonce: check.nonce,
            state: check.state,
            return_url: check.return_url,
            alternative_url: check.alternative_url,
            metadata: serde_json::from_str(&check.metadata).unwrap_or_default(),
            test: check.test != 0,
            url,
            client_token: token.map(|token| token.expose().to_owned()),
            client_token_expires_at: token.and(time(check.client_token_expires_at)),
            method: check.method,
            evidence_sha256: check.evidence_sha256,
            handoff: check.handoff,
            created_at: clock::rfc3339(check.created_at),
            expires_at: clock::rfc3339(check.expires_at),
            opened_at: time(check.opened_at),
            ended_at: time(check.ended_at),
            revoked_at: time(check.revoked_at),
            redacted_at: time(check.redacted_at),
        }
    }
}
