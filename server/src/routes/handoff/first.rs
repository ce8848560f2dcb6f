//! What the first screen asks: `POST /api/handoff` makes a code, `GET` says what became of it.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

use super::goes_on;
use crate::app::App;
use crate::clock;
use crate::db::handoffs::{self, Handoff, NewHandoff};
use crate::db::sessions::Session;
use crate::db::{LockScope, checks};
use crate::domain::{HandoffId, HandoffOutcome, PlainToken};
use crate::handoff::{CODE_MS, REMEMBERED_MS, Screen, picture};
use crate::rate::Limit;
use crate::routes::body::AppJson;
use crate::routes::error::ApiError;
use crate::routes::session::{CurrentSession, FirstScreen};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Making {
    /// Whether a phone that is choosing right now has to start again.
    #[serde(default)]
    anew: bool,
}

/// Where the offer stands.
#[derive(Default, Serialize)]
pub(in crate::routes) struct HandoffView {
    state: &'static str,
    /// What the phone opens; only in the answer that makes it.
    link: Option<String>,
    /// The same for a camera, as SVG.
    picture: Option<String>,
    expires_in_s: Option<i64>,
    /// What the person chooses on the phone, once one has opened the code.
    number: Option<String>,
    /// Whether the link can be mailed instead; only in the answer that makes a code.
    mailable: Option<bool>,
}

pub(in crate::routes) async fn make(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    headers: HeaderMap,
    AppJson(Making { anew }): AppJson<Making>,
) -> Result<Json<HandoffView>, ApiError> {
    app.rate.take(Limit::Handoff, session.id.as_str(), Instant::now())?;
    let mut tx = app.db.write(LockScope::User(&session.user_id)).await?;
    let now = clock::now_ms();
    let check = checks::of_session(&mut tx, &session.id).await?;
    goes_on(check.as_ref(), session.status, now)?;
    let latest = handoffs::latest(&mut tx, &session.id).await?;
    if let Some(handoff) = latest.filter(|handoff| handoff.is_being_answered(now) && !anew) {
        return Ok(Json(HandoffView::of(Some(&handoff), now)));
    }
    if anew {
        handoffs::end_others(&mut tx, &session.id, None, HandoffOutcome::TakenBack, now).await?;
    }
    handoffs::forget_unused(&mut tx, &session.id, now - REMEMBERED_MS).await?;
    let token = PlainToken::generate();
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Screen { browser, system } = Screen::of(agent);
    let new = NewHandoff {
        id: HandoffId::new(now),
        user_id: &session.user_id,
        session_id: &session.id,
        token: token.hash(),
        screen: (browser, system),
        made_at: now,
        expires_at: now + CODE_MS,
    };
    handoffs::insert(&mut tx, &new).await?;
    tx.commit().await?;
    // Behind the #, so that it reaches no server's log. The page says how it came by it.
    let link = format!("{}/p#{}", app.base_url.as_str(), token.expose());
    let picture = picture(&format!("{link}.qr")).map_err(|error| ApiError::Internal(format!("QR code: {error}")))?;
    Ok(Json(HandoffView {
        state: "waiting",
        link: Some(link),
        picture: Some(picture),
        expires_in_s: Some(CODE_MS / 1000),
        number: None,
        mailable: Some(check.is_some_and(|check| check.gate.proves_mailbox())),
    }))
}

pub(in crate::routes) async fn show(
    State(app): State<App>,
    FirstScreen(session): FirstScreen,
) -> Result<Json<HandoffView>, ApiError> {
    app.rate.take(Limit::Session, session.id.as_str(), Instant::now())?;
    let latest = latest(&app, &session).await?;
    Ok(Json(HandoffView::of(latest.as_ref(), clock::now_ms())))
}

async fn latest(app: &App, session: &Session) -> Result<Option<Handoff>, ApiError> {
    let mut db = app.db.read().await?;
    Ok(match session.ended_at {
        Some(_) => handoffs::handed_over(&mut db, &session.id).await?,
        None => handoffs::latest(&mut db, &session.id).await?,
    })
}

impl HandoffView {
    fn of(handoff: Option<&Handoff>, now: i64) -> Self {
        let Some(handoff) = handoff else { return Self { state: "none", ..Self::default() } };
        let number = handoff.number.filter(|_| handoff.is_being_answered(now)).map(|number| number.to_string());
        let state = match handoff.outcome {
            Some(HandoffOutcome::HandedOver) => "handed_over",
            Some(HandoffOutcome::WrongNumber) => "wrong_number",
            Some(HandoffOutcome::Declined) => "declined",
            Some(HandoffOutcome::TakenBack | HandoffOutcome::Replaced) => "none",
            None if number.is_some() => "opened",
            None if handoff.opened_at.is_some() => "lapsed",
            None if handoff.expires_at <= now => "expired",
            None => "waiting",
        };
        Self { state, number, ..Self::default() }
    }
}
