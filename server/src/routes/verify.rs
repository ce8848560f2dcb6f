//! `POST /verify`: opens a capture session from a mailed link. Only this does; `GET` shows a page.
//!
//! Until somebody is verified with it, the link opens a new session each time and ends the one before. So the
//! last to press the button gets the session: the person, not the mail program that pressed it first.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::body::AppJson;
use super::client::Client;
use super::error::ApiError;
use super::open_session::{self, Opening};
use super::session;
use crate::app::{App, AppState};
use crate::checks;
use crate::clock::{self, DAY_MS};
use crate::db::checks::{self as stored, Check};
use crate::db::sessions::Session;
use crate::db::tokens::MailedToken;
use crate::db::users::User;
use crate::db::{Connection, LockScope, sessions, tokens, users};
use crate::domain::{CheckStatus, HashedToken, PlainToken, UserStatus};
use crate::rate::Limit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redemption {
    token: String,
}

#[derive(Serialize)]
struct RedeemedView {
    email_masked: String,
    status: UserStatus,
}

pub(super) async fn redeem(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    AppJson(redemption): AppJson<Redemption>,
) -> Result<Response, ApiError> {
    let token = HashedToken::of(redemption.token.trim());
    // Per link: whoever has a valid one is never locked out by others' guesses.
    app.rate.take(Limit::Redeem, token.as_str(), Instant::now())?;
    let presented = session::secret_of_cookie(&app, &headers);
    let redeemed = redeem_token(&app, &token, presented.as_ref()).await;
    if let Err(ApiError::TokenUnknown | ApiError::TokenExpired | ApiError::TokenUsed) = redeemed {
        app.rate.take_around(Limit::BadToken, client.address(), Instant::now())?;
    }
    let (user, secret) = redeemed?;
    let shown = RedeemedView { email_masked: user.email.masked(), status: user.status };
    Ok(([(header::SET_COOKIE, session::cookie(&app, &secret))], Json(shown)).into_response())
}

/// Opens a session that replaces the link's previous session and the one of the presented secret. If these are the
/// same, it is the person again (a reload, another tab) and the session continues. The secret is always new; one that a
/// browser presents is never adopted.
async fn redeem_token(
    app: &AppState,
    token: &HashedToken,
    presented: Option<&HashedToken>,
) -> Result<(User, PlainToken), ApiError> {
    let secret = PlainToken::generate();
    let owner = tokens::find(&mut app.db.read().await?, token).await?.ok_or(ApiError::TokenUnknown)?.user_id;
    let mut tx = app.db.write(LockScope::User(&owner)).await?;
    let now = clock::now_ms();
    // Read again under the lock: it may have been opened meanwhile.
    let mailed = tokens::find(&mut tx, token).await?.ok_or(ApiError::TokenUnknown)?;
    let presented: Option<Session> = match presented {
        Some(secret) => sessions::find(&mut tx, secret).await?.filter(|session| session.is_live(now)),
        None => None,
    };
    let mut user = users::get(&mut tx, &mailed.user_id).await?;
    let check = check_behind(&mut tx, &mailed).await?;
    // All links of a check share its last session.
    let before = check.as_ref().and_then(|check| check.session_id.clone()).or_else(|| mailed.session_id.clone());
    if let Some(own) = presented.as_ref().filter(|session| before.as_ref() == Some(&session.id)) {
        sessions::replace_secret(&mut tx, &own.id, &secret.hash()).await?;
    } else if mailed.used_at.is_some() {
        return Err(ApiError::TokenUsed);
    } else if mailed.is_expired(now) {
        return Err(ApiError::TokenExpired);
    } else {
        let check = match check {
            Some(check) if check.is_overdue(now) || check.status == CheckStatus::Expired => {
                return Err(ApiError::TokenExpired);
            }
            Some(check) if check.status.is_going_on() => Some(check),
            Some(check) if check.front_door == 0 => return Err(ApiError::TokenUsed),
            _ if user.status == UserStatus::Verified => None,
            _ => Some(checks::from_front_door(&mut tx, &user.id, (now, front_door_ms(app))).await?),
        };
        let opening = Opening {
            user: &mailed.user_id,
            check: check.as_ref(),
            before: before.as_ref(),
            presented: presented.as_ref(),
            end_reason: None,
            handoff: None,
            secret: secret.hash(),
        };
        let session = open_session::open(app, &mut tx, opening, now).await?;
        tokens::opened(&mut tx, token, &session, app.limits.token_single_redeem.then_some(now)).await?;
        user.status = check.and_then(|check| check.of_person()).unwrap_or(user.status);
    }
    tx.commit().await?;
    Ok((user, secret))
}

/// The check that a link leads to: the one it was mailed for, or the one that it began at the register page.
async fn check_behind(db: &mut Connection, mailed: &MailedToken) -> sqlx::Result<Option<Check>> {
    match (&mailed.check_id, &mailed.session_id) {
        (Some(check), _) => stored::get(db, check).await,
        (None, Some(session)) => stored::of_session(db, session).await,
        (None, None) => Ok(None),
    }
}

/// How long a check of the register page can be finished: longer than any session of its link.
fn front_door_ms(app: &AppState) -> i64 {
    DAY_MS.max(app.limits.token_ttl_ms + session::MOST_TIMES * app.limits.session_ttl_ms) + DAY_MS
}
