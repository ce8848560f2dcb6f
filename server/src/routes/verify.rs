//! `POST /verify`: a mailed link is redeemed, once, and opens a sitting at the camera. Only this does; `GET` shows a page.

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
use crate::db::sessions::Session;
use crate::db::{sessions, tokens, users};
use crate::domain::{EmailAddress, HashedToken, PlainToken, SessionId, UserStatus};
use crate::rate::Limit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redemption {
    token: String,
}

#[derive(Serialize)]
struct Redeemed {
    email_masked: String,
    status: UserStatus,
}

pub(super) async fn redeem(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    AppJson(redemption): AppJson<Redemption>,
) -> Result<Response, ApiError> {
    app.rate.peek(Limit::BadToken, client.as_str(), Instant::now())?;
    let token = HashedToken::of(redemption.token.trim());
    let presented = session::presented_secret(&app, &headers);
    let redeemed = redeem_token(&app, &token, presented.as_ref()).await;
    if let Err(ApiError::TokenUnknown | ApiError::TokenExpired | ApiError::TokenUsed) = redeemed {
        app.rate.take(Limit::BadToken, client.as_str(), Instant::now())?;
    }
    let (email, status, new_secret) = redeemed?;
    let mut response = Json(Redeemed { email_masked: email.masked(), status }).into_response();
    if let Some(secret) = new_secret {
        response.headers_mut().insert(header::SET_COOKIE, session::cookie(&app, &secret));
    }
    Ok(response)
}

type Opened = (EmailAddress, UserStatus, Option<PlainToken>);

/// Opens a sitting under a new secret, or finds that the presented one was opened by this very link.
async fn redeem_token(
    app: &AppState,
    token: &HashedToken,
    presented: Option<&HashedToken>,
) -> Result<Opened, ApiError> {
    let now = clock::now_ms();
    let mut tx = app.db.write().await?;
    let mailed = tokens::find(&mut tx, token).await?.ok_or(ApiError::TokenUnknown)?;
    let old: Option<Session> = match presented {
        Some(secret) => sessions::find(&mut tx, secret).await?.filter(|session| session.is_live(now)),
        None => None,
    };
    if mailed.used_at.is_some() {
        // A reload of the page must not lock its own person out.
        let own = old.filter(|session| mailed.session_id.as_ref() == Some(&session.id));
        let own = own.ok_or(ApiError::TokenUsed)?;
        return Ok((own.email, own.status, None));
    }
    let secret = PlainToken::generate();
    let session = SessionId::new(now);
    let expires_at = now + app.limits.session_ttl_ms;
    sessions::insert(&mut tx, &session, &mailed.user_id, &secret.hash(), now, expires_at).await?;
    if !tokens::redeem(&mut tx, token, &session, now).await? {
        return Err(ApiError::TokenExpired);
    }
    if let Some(old) = old {
        sessions::end(&mut tx, &old.id, now).await?;
    }
    let user = users::get(&mut tx, &mailed.user_id).await?;
    tx.commit().await?;
    Ok((user.email, user.status, Some(secret)))
}
