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
use super::session;
use crate::app::{App, AppState};
use crate::clock;
use crate::db::sessions::{NewSession, Session};
use crate::db::users::User;
use crate::db::{LockScope, claims, sessions, tokens, users};
use crate::domain::{HashedToken, PlainToken, SessionId, UserStatus};
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
    let presented = session::presented_secret(&app, &headers);
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
    let user = users::get(&mut tx, &mailed.user_id).await?;
    if let Some(own) = presented.as_ref().filter(|session| mailed.session_id.as_ref() == Some(&session.id)) {
        sessions::replace_secret(&mut tx, &own.id, &secret.hash()).await?;
    } else if mailed.used_at.is_some() {
        return Err(ApiError::TokenUsed);
    } else if mailed.is_expired(now) {
        return Err(ApiError::TokenExpired);
    } else {
        // Opening the link again brings no new attempts.
        let attempts = match &mailed.session_id {
            // An attempt that is being decided may still count.
            Some(before) if claims::is_scoring(&mut tx, before, now).await? => {
                return Err(ApiError::SubmissionInProgress);
            }
            Some(before) => sessions::attempts(&mut tx, before).await?,
            None => 0,
        };
        let mut ended: Vec<_> = mailed.session_id.iter().chain(presented.as_ref().map(|session| &session.id)).collect();
        // The presented one may be another user's. Ended in order of id, to avoid deadlocks.
        ended.sort_unstable_by_key(|id| id.as_str());
        for session in ended {
            sessions::end(&mut tx, session, now).await?;
        }
        let new = NewSession {
            id: SessionId::new(now),
            user_id: mailed.user_id,
            secret: secret.hash(),
            attempts,
            created_at: now,
            expires_at: now + app.limits.session_ttl_ms,
        };
        sessions::insert(&mut tx, &new).await?;
        tokens::opened(&mut tx, token, &new.id, app.limits.token_single_redeem.then_some(now)).await?;
    }
    tx.commit().await?;
    Ok((user, secret))
}
