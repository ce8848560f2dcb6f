//! The capture session: its secret, the extractor that every route of a session uses, and `/api/session`.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use engine::prompt::Policy;
use serde::Serialize;

use super::error::ApiError;
use super::v1::{public_id, return_to};
use crate::app::{App, AppState};
use crate::clock;
use crate::cool_down;
use crate::db::checks::{self, Check};
use crate::db::sessions::{self, Session};
use crate::db::sites::{self, Site};
use crate::db::{LockScope, challenges, users};
use crate::domain::{CheckStatus, EndReason, HashedToken, PlainToken, UserStatus};
use crate::rate::Limit;
use crate::sealing::SealingKey;
use crate::verification::AttemptAnswer;

/// The live session of the request's secret. Handlers take the user from here and from nowhere else.
pub(super) struct CurrentSession(pub(super) Session);

impl FromRequestParts<App> for CurrentSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let session = any_session(app, &parts.headers).await?;
        if session.is_live(clock::now_ms()) { Ok(Self(session)) } else { Err(why_over(&session)) }
    }
}

/// The live session of the request's secret, or one that handed its check over to a phone, which it may follow and take
/// back.
pub(super) struct FirstScreen(pub(super) Session);

impl FromRequestParts<App> for FirstScreen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let session = any_session(app, &parts.headers).await?;
        let is_first = session.is_live(clock::now_ms()) || session.end_reason == Some(EndReason::HandedOver);
        if is_first { Ok(Self(session)) } else { Err(why_over(&session)) }
    }
}

/// The session of the request's secret, live or not.
async fn any_session(app: &AppState, headers: &HeaderMap) -> Result<Session, ApiError> {
    let secret = session_secret(app, headers).map(HashedToken::of).ok_or(ApiError::SessionMissing)?;
    let mut db = app.db.read().await?;
    sessions::find(&mut db, &secret).await?.ok_or(ApiError::SessionMissing)
}

/// Why a session that is not live cannot be used.
fn why_over(session: &Session) -> ApiError {
    match (session.ended_at, session.end_reason) {
        (None, _) => ApiError::SessionExpired,
        (Some(_), None) => ApiError::SessionReplaced,
        (Some(_), Some(EndReason::HandedOver)) => ApiError::SessionHandedOver,
        (Some(_), Some(EndReason::TakenBack)) => ApiError::SessionTakenBack,
    }
}

/// The key that seals the session's uploads, derived from the session's secret, which the server does not store.
pub(super) struct UploadSeal(pub(super) SealingKey);

impl FromRequestParts<App> for UploadSeal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let secret = session_secret(app, &parts.headers).ok_or(ApiError::SessionMissing)?;
        Ok(Self(SealingKey::derive(secret, "blinkgate: uploads of a session")))
    }
}

/// The session's secret: the bearer token of a page in another site's frame, which keeps it in memory, or the cookie.
fn session_secret<'a>(app: &AppState, headers: &'a HeaderMap) -> Option<&'a str> {
    bearer(headers).or_else(|| cookie_secret(app, headers))
}

/// The bearer token of the request, if there is one.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim)
}

/// The hash of the secret in the request's cookie, if there is one.
pub(super) fn secret_of_cookie(app: &AppState, headers: &HeaderMap) -> Option<HashedToken> {
    cookie_secret(app, headers).map(HashedToken::of)
}

fn cookie_secret<'a>(app: &AppState, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(app);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, secret)| secret)
}

/// The cookie with the session's secret. It has no expiry: the browser drops it when it closes, and the server knows
/// when the session ends.
pub(super) fn cookie(app: &AppState, secret: &PlainToken) -> HeaderValue {
    let secure = if app.cookie_secure { "; Secure" } else { "" };
    let text = format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure}", cookie_name(app), secret.expose());
    let mut value = HeaderValue::from_str(&text).expect("base64url fits into a header");
    value.set_sensitive(true);
    value
}

/// Browsers accept a `__Host-` cookie only over https and only for this host.
fn cookie_name(app: &AppState) -> &'static str {
    if app.cookie_secure { "__Host-blinkgate" } else { "blinkgate" }
}

#[derive(Serialize)]
pub(super) struct Outcome {
    status: UserStatus,
    /// Whether somebody may still be at it, here or elsewhere.
    goes_on: bool,
}

/// `GET /api/session/outcome`: how the session's person stands. Also once the session has ended because they went on
/// elsewhere: the page that they left follows them.
pub(super) async fn outcome(State(app): State<App>, headers: HeaderMap) -> Result<Json<Outcome>, ApiError> {
    let session = any_session(&app, &headers).await?;
    app.rate.take(Limit::Session, session.id.as_str(), Instant::now())?;
    let mut db = app.db.read().await?;
    let check = checks::of_session(&mut db, &session.id).await?;
    let last = match check.as_ref().and_then(|check| check.session_id.as_ref()) {
        Some(last) => sessions::get(&mut db, last).await?,
        None => None,
    };
    let is_open = check.as_ref().is_none_or(|check| check.status.is_going_on());
    let goes_on = is_open && last.is_none_or(|last| last.is_live(clock::now_ms()));
    let status = check.as_ref().and_then(Check::of_person).unwrap_or(session.status);
    Ok(Json(Outcome { status, goes_on }))
}

/// How many times as long as usual a session may be made to last (WCAG 2.2, success criterion 2.2.1).
pub(super) const MOST_TIMES: i64 = 10;

#[derive(Serialize)]
pub(super) struct Extended {
    session_expires_in_s: i64,
}

/// `POST /api/session/extend`: gives a person who is slow the usual time again, from now.
pub(super) async fn extend(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
) -> Result<Json<Extended>, ApiError> {
    app.rate.take(Limit::Session, session.id.as_str(), Instant::now())?;
    let now = clock::now_ms();
    let usual_ms = app.limits.session_ttl_ms;
    let until = (now + usual_ms).min(session.created_at + MOST_TIMES * usual_ms);
    let mut tx = app.db.write(LockScope::User(&session.user_id)).await?;
    let end = sessions::extend(&mut tx, &session.id, until, now).await?.ok_or(ApiError::SessionExpired)?;
    tx.commit().await?;
    Ok(Json(Extended { session_expires_in_s: (end - now) / 1000 }))
}

#[derive(Serialize)]
pub(super) struct SessionView {
    email_masked: String,
    status: UserStatus,
    attempts_left: u32,
    last_reason: Option<&'static str>,
    last_message: Option<String>,
    session_expires_in_s: i64,
    cool_down_s: u32,
    timeout_s: u32,
    frame_interval_ms: u32,
    /// The kind of the next challenge, and whether the person may choose to be guided by tones.
    policy: Policy,
    tones: bool,
    /// Whether people who cannot turn their head may do without.
    no_turn: bool,
    /// Whether another device handed the check over to this one.
    handed_over: bool,
    /// The check that a site asked for; `None` for the register page.
    check: Option<CheckView>,
}

/// What the pages need to know of a check.
#[derive(Serialize)]
struct CheckView {
    id: String,
    status: CheckStatus,
    site: String,
    return_to: Option<String>,
    alternative_url: Option<String>,
}

impl CheckView {
    fn of(check: &Check, site: Option<Site>) -> Self {
        Self {
            id: public_id(&check.id),
            status: check.status,
            site: site.map_or_else(|| check.site_id.to_string(), |site| site.name),
            return_to: return_to(check),
            alternative_url: check.alternative_url.clone(),
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
) -> Result<Json<SessionView>, ApiError> {
    app.rate.take(Limit::Session, session.id.as_str(), Instant::now())?;
    let verifier = app.verifier();
    verifier.end_lapsed_of(&session.email).await?;
    let now = clock::now_ms();
    let mut db = app.db.read().await?;
    // Read again: an attempt that was left may have counted just now.
    let user = users::get(&mut db, &session.user_id).await?;
    let check = checks::of_session(&mut db, &session.id).await?;
    let status = check.as_ref().and_then(Check::of_person).unwrap_or(user.status);
    let usual = check.as_ref().and_then(|check| Policy::from_name(check.policy.as_deref()?));
    let policy = usual.unwrap_or(app.limits.policy);
    let check = match check.filter(|check| check.front_door == 0) {
        Some(check) => Some(CheckView::of(&check, sites::find(&mut db, &check.site_id).await?)),
        None => None,
    };
    let counted = sessions::attempts(&mut db, &session.id).await?;
    let standing = cool_down::standing(&mut db, app.limits.cool_down, &session.email, now).await?;
    let last = challenges::last_answer(&mut db, &session.id).await?;
    let last: Option<AttemptAnswer> = last
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| ApiError::Internal(format!("stored answer: {error}")))?;
    Ok(Json(SessionView {
        email_masked: session.email.masked(),
        status,
        attempts_left: verifier.attempts_left(counted, &standing),
        last_reason: last.as_ref().and_then(|answer| answer.reason).map(engine::Reason::code),
        last_message: last.map(|answer| answer.message),
        session_expires_in_s: (session.expires_at - now) / 1000,
        cool_down_s: if status == UserStatus::Verified { 0 } else { standing.rest_s() },
        timeout_s: app.limits.timeout_ms / 1000,
        frame_interval_ms: app.limits.frame_interval_ms,
        policy,
        tones: policy.is_prompted() && app.limits.allow_tone_guided,
        no_turn: policy.is_prompted() && app.limits.allow_no_turn,
        handed_over: !session.handoff.is_empty(),
        check,
    }))
}
