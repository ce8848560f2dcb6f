//! `POST /v1/siteverify`: accepts a result once, in the form that people know from other services. The answer is always
//! 200 and says in `success` whether the person was verified; only a server that cannot tell answers otherwise.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::view::parse_id;
use crate::app::App;
use crate::clock;
use crate::db::checks::{self, Check};
use crate::db::{LockScope, spent_results};
use crate::domain::{CheckStatus, Scope, SiteId};
use crate::rate::Limit;
use crate::results::{self, Claims, Unreadable, audience};
use crate::routes::admin::{find_holder, refuse};
use crate::routes::body::FormOrJson;
use crate::routes::client::Client;
use crate::routes::error::ApiError;

/// How long after it was signed a result is accepted, in seconds.
const FRESH_S: i64 = 300;
/// How far another server's clock may be ahead, in seconds.
const AHEAD_S: i64 = 30;
/// Longest name of a request.
const MAX_KEY: usize = 255;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::routes) struct Question {
    secret: String,
    response: String,
    idempotency_key: Option<String>,
}

/// Codes of errors, as others name them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Code {
    MissingInputSecret,
    InvalidInputSecret,
    MissingInputResponse,
    InvalidInputResponse,
    TimeoutOrDuplicate,
    BadRequest,
}

#[derive(Default, Serialize)]
pub(in crate::routes) struct Verdict {
    success: bool,
    challenge_ts: Option<String>,
    hostname: Option<String>,
    /// What the site put into `action` of the metadata.
    action: Option<String>,
    /// The site's name for the person.
    cdata: Option<String>,
    check: Option<String>,
    status: Option<String>,
    mailbox: Option<&'static str>,
    method: Option<String>,
    nonce: Option<String>,
    test: Option<bool>,
    #[serde(rename = "error-codes")]
    error_codes: Vec<Code>,
}

impl From<Code> for Verdict {
    fn from(code: Code) -> Self {
        Self { error_codes: vec![code], ..Self::default() }
    }
}

pub(in crate::routes) async fn siteverify(
    State(app): State<App>,
    client: Client,
    FormOrJson(question): FormOrJson<Question>,
) -> Result<Json<Verdict>, ApiError> {
    let Some(question) = question else { return Ok(Json(Code::BadRequest.into())) };
    if question.secret.is_empty() {
        return Ok(Json(Code::MissingInputSecret.into()));
    }
    let holder = find_holder(&app, &question.secret, clock::now_ms()).await?;
    let holder = match holder {
        Ok(holder) if holder.scopes.has(Scope::ChecksRead) => holder,
        Ok(_) => {
            app.rate.take_around(Limit::BadAdminKey, client.address(), Instant::now())?;
            return Ok(Json(Code::InvalidInputSecret.into()));
        }
        Err(refusal) => {
            refuse(&app, client, refusal)?;
            return Ok(Json(Code::InvalidInputSecret.into()));
        }
    };
    if question.response.is_empty() {
        return Ok(Json(Code::MissingInputResponse.into()));
    }
    if question.idempotency_key.as_ref().is_some_and(|key| key.chars().count() > MAX_KEY || key.contains('\0')) {
        return Ok(Json(Code::BadRequest.into()));
    }
    let site = holder.site.unwrap_or_else(SiteId::of_front_door);
    let verdict = accept(&app, &question, &audience(&site, holder.test)).await?;
    Ok(Json(verdict.unwrap_or_else(Verdict::from)))
}

/// Accepts the result if it is for this audience, fresh, and was not accepted before.
async fn accept(app: &App, question: &Question, audience: &str) -> Result<Result<Verdict, Code>, ApiError> {
    let claims = match results::verify(&mut app.db.read().await?, &question.response).await {
        Ok(claims) if claims.iss == app.base_url.as_str() && claims.aud == audience => claims,
        Ok(_) | Err(Unreadable::Foreign) => return Ok(Err(Code::InvalidInputResponse)),
        Err(Unreadable::Database(error)) => return Err(error.into()),
    };
    let now = clock::now_ms();
    if !is_fresh(&claims, now) {
        return Ok(Err(Code::TimeoutOrDuplicate));
    }
    let mut tx = app.db.write(LockScope::Nothing).await?;
    if !spent_results::spend(&mut tx, &claims.jti, question.idempotency_key.as_deref(), now).await? {
        return Ok(Err(Code::TimeoutOrDuplicate));
    }
    // The check as it is now: an operator may have taken the verification back since.
    let check = match parse_id(&claims.sub) {
        Some(id) => checks::get(&mut tx, &id).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(check.map(|check| verdict(app, check)).ok_or(Code::InvalidInputResponse))
}

fn is_fresh(claims: &Claims, now_ms: i64) -> bool {
    let age = now_ms / 1000 - claims.iat;
    (-AHEAD_S..=FRESH_S).contains(&age)
}

fn verdict(app: &App, check: Check) -> Verdict {
    let success = check.status == CheckStatus::Verified && check.revoked_at.is_none();
    let claims = Claims::of(&check, app.base_url.as_str(), 0);
    let metadata: serde_json::Value = serde_json::from_str(&check.metadata).unwrap_or_default();
    let page = check.return_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let hostname = page.and_then(|url| url.host_str().map(str::to_owned));
    Verdict {
        success,
        challenge_ts: claims.verified_at,
        hostname: Some(hostname.unwrap_or_else(|| app.base_url.host().to_owned())),
        action: metadata["action"].as_str().map(str::to_owned),
        cdata: claims.reference,
        check: Some(claims.sub),
        status: Some(claims.status),
        mailbox: Some(check.gate.mailbox()),
        method: claims.method,
        nonce: claims.nonce,
        test: Some(claims.test),
        error_codes: if success { Vec::new() } else { vec![Code::InvalidInputResponse] },
    }
}
