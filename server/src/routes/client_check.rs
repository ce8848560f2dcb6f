//! `/api/check…`: the check of the person who was sent here by a site, as the page `/c` shows and opens it. The person
//! holds a client token, which the page sends as bearer: no cookie is needed to look at a check. In a frame of the site
//! none is needed at all.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::body::JsonBytes;
use super::client::Client;
use super::error::ApiError;
use super::keep::Keep;
use super::open_session::{self, Opening};
use super::session;
use super::v1::{public_id, return_to, settle_due, signed_result};
use crate::app::App;
use crate::clock;
use crate::codes;
use crate::db::checks::{self, Check};
use crate::db::{Connection, LockScope, check_codes, sessions, sites, users};
use crate::domain::{CheckStatus, Gate, HashedToken, PlainToken, UserStatus};
use crate::rate::Limit;

/// The check whose client token the request has, and the token's hash.
pub(super) struct ClientCheck(Check, HashedToken);

impl FromRequestParts<App> for ClientCheck {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let client = Client::from_request_parts(parts, app).await?;
        let token = presented(parts)?;
        let found = checks::by_client_token(&mut app.db.read().await?, &token).await?;
        let Some(check) = found else {
            app.rate.take_around(Limit::BadToken, client.address(), Instant::now())?;
            return Err(ApiError::ClientTokenUnknown);
        };
        let check = settle_due(app, check).await?;
        Ok(Self(check, token))
    }
}

fn presented(parts: &Parts) -> Result<HashedToken, ApiError> {
    session::bearer(&parts.headers).map(HashedToken::of).ok_or(ApiError::ClientTokenMissing)
}

/// Counts how often a check is opened, or its result is taken. Per token, as for mailed links: nobody is locked out by what others do.
pub(super) struct Counted;

impl FromRequestParts<App> for Counted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.rate.take(Limit::Redeem, presented(parts)?.as_str(), Instant::now())?;
        Ok(Self)
    }
}

/// What the page needs to know.
#[derive(Serialize)]
pub(super) struct ClientView {
    id: String,
    status: CheckStatus,
    gate: Gate,
    /// The site's id and its name.
    site_id: String,
    site: String,
    /// `None` in test mode, and once the check is redacted.
    email_masked: Option<String>,
    /// Whether the token still opens the check, for the gate `code` together with the code.
    can_open: bool,
    return_to: Option<String>,
    alternative_url: Option<String>,
}

/// `GET /api/check`.
pub(super) async fn show(
    State(app): State<App>,
    ClientCheck(check, _): ClientCheck,
) -> Result<Json<ClientView>, ApiError> {
    let mut db = app.db.read().await?;
    let site = sites::find(&mut db, &check.site_id).await?;
    let email_masked = match &check.user_id {
        Some(user) => Some(users::get(&mut db, user).await?.email.masked()),
        None => None,
    };
    Ok(Json(ClientView {
        id: public_id(&check.id),
        status: check.status,
        gate: check.gate,
        site_id: check.site_id.to_string(),
        site: site.map_or_else(|| check.site_id.to_string(), |site| site.name),
        email_masked,
        can_open: can_open(&check, clock::now_ms()).is_ok(),
        return_to: return_to(&check),
        alternative_url: check.alternative_url,
    }))
}

#[derive(Serialize)]
pub(super) struct ResultView {
    token: String,
}

/// `GET /api/check/result`: what the check found, signed, for the page to hand to the site.
pub(super) async fn result(
    State(app): State<App>,
    _: Counted,
    ClientCheck(check, _): ClientCheck,
) -> Result<Json<ResultView>, ApiError> {
    Ok(Json(ResultView { token: signed_result(&app, &check).await? }))
}

#[derive(Serialize)]
struct OpenedView {
    status: UserStatus,
    /// The session's secret, if it is to be a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

/// What opens a check besides its token.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opener {
    code: Option<String>,
    /// Where the session's secret is kept.
    #[serde(default)]
    keep: Keep,
}

/// `POST /api/check/open`: opens a session at the camera, if the site vouches for the mailbox, or with the code that
/// was mailed. Until the check ends, this may be done again, which ends the session before.
pub(super) async fn open(
    State(app): State<App>,
    _: Counted,
    ClientCheck(check, token): ClientCheck,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let Opener { code, keep } = serde_json::from_slice(&body).map_err(|_| ApiError::BodyMalformed)?;
    if check.gate == Gate::Link {
        return Err(ApiError::LinkNeeded);
    }
    // A check without a user is a test, which has ended or ends by itself, or was redacted.
    let user = check.user_id.ok_or(ApiError::CheckFinal)?;
    let secret = PlainToken::generate();
    // A page in another site's frame never sends the cookie on purpose.
    let presented = session::secret_of_cookie(&app, &headers).filter(|_| keep == Keep::Cookie);
    let mut tx = app.db.write(LockScope::User(&user)).await?;
    let now = clock::now_ms();
    // Read again under the lock: it may have ended meanwhile, or the token may have been replaced.
    let check = checks::by_client_token(&mut tx, &token).await?.ok_or(ApiError::ClientTokenUnknown)?;
    let presented = match presented {
        Some(secret) => sessions::find(&mut tx, &secret).await?.filter(|session| session.is_live(now)),
        None => None,
    };
    match presented.as_ref().filter(|session| check.session_id.as_ref() == Some(&session.id)) {
        // The person again: a reload, another tab.
        Some(own) => sessions::replace_secret(&mut tx, &own.id, &secret.hash()).await?,
        None => {
            can_open(&check, now)?;
            if check.gate == Gate::Code {
                let tried = try_code(&app, &mut tx, &check, code.as_deref().unwrap_or_default(), now).await?;
                if let Err(wrong) = tried {
                    // What was tried counts.
                    tx.commit().await?;
                    return Err(wrong);
                }
            }
            let opening = Opening {
                user: &user,
                check: Some(&check),
                before: check.session_id.as_ref(),
                presented: presented.as_ref(),
                end_reason: None,
                handoff: None,
                secret: secret.hash(),
            };
            open_session::open(&app, &mut tx, opening, now).await?;
        }
    }
    tx.commit().await?;
    let status = check.status.of_person(check.last_failure.is_some());
    let (cookie, session) = keep.send(&app, &secret);
    Ok((cookie, Json(OpenedView { status, session })).into_response())
}

/// Whether the token may open the check at `now_ms`.
fn can_open(check: &Check, now_ms: i64) -> Result<(), ApiError> {
    if check.status == CheckStatus::Expired || check.is_overdue(now_ms) {
        Err(ApiError::CheckExpired)
    } else if !check.status.is_going_on() {
        Err(ApiError::CheckFinal)
    } else if check.gate == Gate::Link {
        Err(ApiError::LinkNeeded)
    } else if check.client_token_expires_at.is_none_or(|at| at <= now_ms) {
        Err(ApiError::ClientTokenExpired)
    } else {
        Ok(())
    }
}

/// Whether this is the code that was mailed last. A wrong one is counted.
async fn try_code(
    app: &App,
    db: &mut Connection,
    check: &Check,
    typed: &str,
    now_ms: i64,
) -> Result<Result<(), ApiError>, ApiError> {
    let current = check_codes::current(db, &check.id).await?;
    if current.code_made_at.is_none_or(|at| at + codes::LASTS_MS <= now_ms) || current.code_tries >= codes::MAX_TRIES {
        return Ok(Err(ApiError::CodeExpired));
    }
    if app.codes.matches(&check.id, current.code_number, typed) {
        return Ok(Ok(()));
    }
    check_codes::count_try(db, &check.id).await?;
    Ok(Err(ApiError::CodeWrong))
}
