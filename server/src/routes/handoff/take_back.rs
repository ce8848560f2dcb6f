//! `POST /api/handoff/take-back`: the first screen withdraws its codes, and goes on itself if a phone had taken over.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::goes_on;
use crate::app::{App, AppState};
use crate::clock;
use crate::db::sessions::{self, Session};
use crate::db::{LockScope, WriteTransaction, checks, handoffs, tokens};
use crate::domain::{EndReason, HandoffOutcome, PlainToken};
use crate::rate::Limit;
use crate::routes::body::AppJson;
use crate::routes::error::ApiError;
use crate::routes::keep::Keep;
use crate::routes::open_session::{self, Opening};
use crate::routes::session::FirstScreen;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct TakingBack {
    /// Whether a phone that has the check keeps it, and only codes end.
    #[serde(default)]
    codes_only: bool,
    /// Where the browser keeps the new session's secret.
    #[serde(default)]
    keep: Keep,
}

#[derive(Serialize)]
struct TakenBackView {
    /// The new session's secret, if it is to be a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

pub(in crate::routes) async fn take_back(
    State(app): State<App>,
    FirstScreen(first): FirstScreen,
    AppJson(TakingBack { codes_only, keep }): AppJson<TakingBack>,
) -> Result<Response, ApiError> {
    app.rate.take(Limit::Handoff, first.id.as_str(), Instant::now())?;
    let mut tx = app.db.write(LockScope::User(&first.user_id)).await?;
    let now = clock::now_ms();
    handoffs::end_others(&mut tx, &first.id, None, HandoffOutcome::TakenBack, now).await?;
    // Read again under the lock: a phone may have taken over just now.
    let first = sessions::get(&mut tx, &first.id).await?.ok_or(ApiError::SessionMissing)?;
    let is_here = codes_only || first.is_live(now);
    let secret = if is_here { None } else { Some(from_phone(&app, &mut tx, &first, now).await?) };
    tx.commit().await?;
    let (cookie, session) = secret.map(|secret| keep.send(&app, &secret)).unzip();
    Ok((cookie.flatten(), Json(TakenBackView { session: session.flatten() })).into_response())
}

/// Ends the phone's session and opens one for the first screen.
async fn from_phone(
    app: &AppState,
    tx: &mut WriteTransaction,
    first: &Session,
    now: i64,
) -> Result<PlainToken, ApiError> {
    if first.expires_at <= now {
        return Err(ApiError::SessionExpired);
    }
    let handed_over = handoffs::handed_over(tx, &first.id).await?;
    let phone = match handed_over.and_then(|handoff| handoff.phone_session_id) {
        Some(phone) => sessions::get(tx, &phone).await?,
        None => None,
    };
    // Whoever opened the mailed link meanwhile keeps the check.
    let phone = phone.filter(|phone| phone.ended_at.is_none()).ok_or(ApiError::SessionReplaced)?;
    let check = checks::of_session(tx, &phone.id).await?;
    goes_on(check.as_ref(), phone.status, now)?;
    let secret = PlainToken::generate();
    let opening = Opening {
        user: &phone.user_id,
        check: check.as_ref(),
        before: Some(&phone.id),
        presented: None,
        end_reason: Some(EndReason::TakenBack),
        handoff: None,
        secret: secret.hash(),
    };
    let session = open_session::open(app, tx, opening, now).await?;
    tokens::follow(tx, &phone.id, &session).await?;
    Ok(secret)
}
