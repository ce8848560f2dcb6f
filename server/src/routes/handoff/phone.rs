//! What the phone asks: `POST /api/handoff/open` with the token of a code says whose check that is, once;
//! `POST /api/handoff/answer` takes the number that the person chose, once.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::goes_on;
use crate::app::{App, AppState};
use crate::clock;
use crate::db::handoffs::{self, Handoff, Opened};
use crate::db::sessions::{self, Session};
use crate::db::{Connection, LockScope, checks, sites, tokens};
use crate::domain::{EndReason, HandoffOutcome, HashedToken, PlainToken, SiteId, Way};
use crate::handoff::{ANSWER_MS, Numbers};
use crate::rate::Limit;
use crate::routes::body::AppJson;
use crate::routes::client::Client;
use crate::routes::error::ApiError;
use crate::routes::open_session::{self, Opening};
use crate::routes::session;
use crate::routes::whole::Whole;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Opener {
    token: String,
    /// How the phone came by it.
    way: Way,
}

/// What the person looks at before they choose.
#[derive(Serialize)]
pub(in crate::routes) struct OpenedView {
    /// What the answer is sent with.
    ticket: String,
    site: String,
    email_masked: String,
    /// Of the first screen; `None` if unknown.
    browser: Option<String>,
    system: Option<String>,
    /// How long ago the check was opened there.
    opened_s_ago: i64,
    numbers: Vec<String>,
    answer_in_s: i64,
}

pub(in crate::routes) async fn open(
    State(app): State<App>,
    client: Client,
    AppJson(Opener { token, way }): AppJson<Opener>,
) -> Result<Json<OpenedView>, ApiError> {
    let token = HashedToken::of(token.trim());
    app.rate.take(Limit::Redeem, token.as_str(), Instant::now())?;
    count_bad(&app, &client, open_token(&app, &token, way).await).map(Json)
}

async fn open_token(app: &AppState, token: &HashedToken, way: Way) -> Result<OpenedView, ApiError> {
    let owner = handoffs::by_token(&mut app.db.read().await?, token).await?.ok_or(ApiError::HandoffUnknown)?.user_id;
    let mut tx = app.db.write(LockScope::User(&owner)).await?;
    let now = clock::now_ms();
    // Read again under the lock: another phone may have opened it meanwhile.
    let handoff = handoffs::by_token(&mut tx, token).await?.ok_or(ApiError::HandoffUnknown)?;
    refuse_ended(&handoff)?;
    if handoff.opened_at.is_some() {
        return Err(ApiError::HandoffUsed);
    }
    let first = first_screen(&mut tx, &handoff, now).await?;
    let (ticket, Numbers { right, choices }) = (PlainToken::generate(), Numbers::draw());
    let opened = Opened { way, ticket: ticket.hash(), number: right, answer_until: now + ANSWER_MS };
    if !handoffs::open(&mut tx, &handoff.id, &opened, now).await? {
        return Err(ApiError::HandoffExpired);
    }
    handoffs::end_others(&mut tx, &first.id, Some(&handoff.id), HandoffOutcome::Replaced, now).await?;
    let check = checks::of_session(&mut tx, &first.id).await?;
    let site = check.map_or_else(SiteId::of_front_door, |check| check.site_id);
    let site = sites::find(&mut tx, &site).await?.map_or_else(|| site.to_string(), |site| site.name);
    tx.commit().await?;
    Ok(OpenedView {
        ticket: ticket.expose().to_owned(),
        site,
        email_masked: first.email.masked(),
        browser: Some(handoff.browser).filter(|name| !name.is_empty()),
        system: Some(handoff.system).filter(|name| !name.is_empty()),
        opened_s_ago: (now - first.created_at).max(0) / 1000,
        numbers: choices.iter().map(u8::to_string).collect(),
        answer_in_s: ANSWER_MS / 1000,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Answering {
    ticket: String,
    /// `None`: it is not theirs.
    number: Option<Whole<u8>>,
}

#[derive(Serialize)]
struct AnsweredView {
    outcome: &'static str,
}

pub(in crate::routes) async fn answer(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    AppJson(Answering { ticket, number }): AppJson<Answering>,
) -> Result<Response, ApiError> {
    let ticket = HashedToken::of(ticket.trim());
    app.rate.take(Limit::Redeem, ticket.as_str(), Instant::now())?;
    let presented = session::secret_of_cookie(&app, &headers);
    let secret = count_bad(
        &app,
        &client,
        try_answer(&app, &ticket, number.map(|Whole(number)| number), presented.as_ref()).await,
    )?;
    Ok(match secret {
        Some(secret) => {
            let cookie = [(header::SET_COOKIE, session::cookie(&app, &secret))];
            (cookie, Json(AnsweredView { outcome: HandoffOutcome::HandedOver.into() })).into_response()
        }
        None => Json(AnsweredView { outcome: HandoffOutcome::Declined.into() }).into_response(),
    })
}

/// The secret of the phone's session if the number is right; `None` if the person declined. A wrong number ends the
/// offer: there is one try.
async fn try_answer(
    app: &AppState,
    ticket: &HashedToken,
    number: Option<u8>,
    presented: Option<&HashedToken>,
) -> Result<Option<PlainToken>, ApiError> {
    let owner = handoffs::by_ticket(&mut app.db.read().await?, ticket).await?.ok_or(ApiError::HandoffUnknown)?.user_id;
    let mut tx = app.db.write(LockScope::User(&owner)).await?;
    let now = clock::now_ms();
    let handoff = handoffs::by_ticket(&mut tx, ticket).await?.ok_or(ApiError::HandoffUnknown)?;
    refuse_ended(&handoff)?;
    if !handoff.is_being_answered(now) {
        return Err(ApiError::HandoffExpired);
    }
    let first = first_screen(&mut tx, &handoff, now).await?;
    let refused = match (number, handoff.number) {
        (None, _) => Some(HandoffOutcome::Declined),
        (Some(chosen), Some(shown)) if Numbers::are_same(shown, chosen) => None,
        _ => Some(HandoffOutcome::WrongNumber),
    };
    if let Some(outcome) = refused {
        handoffs::end(&mut tx, &handoff.id, (outcome, None), now).await?;
        tx.commit().await?;
        return if outcome == HandoffOutcome::Declined { Ok(None) } else { Err(ApiError::HandoffWrongNumber) };
    }
    let secret = hand_over(app, &mut tx, &handoff, &first, presented, now).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// Ends the first screen's session and opens one for the phone.
async fn hand_over(
    app: &AppState,
    db: &mut Connection,
    handoff: &Handoff,
    first: &Session,
    presented: Option<&HashedToken>,
    now: i64,
) -> Result<PlainToken, ApiError> {
    let check = checks::of_session(db, &first.id).await?;
    goes_on(check.as_ref(), first.status, now)?;
    let presented = match presented {
        Some(secret) => sessions::find(db, secret).await?.filter(|session| session.is_live(now)),
        None => None,
    };
    let secret = PlainToken::generate();
    let opening = Opening {
        user: &first.user_id,
        check: check.as_ref(),
        before: Some(&first.id),
        presented: presented.as_ref(),
        end_reason: Some(EndReason::HandedOver),
        handoff: handoff.way,
        secret: secret.hash(),
    };
    let phone = open_session::open(app, db, opening, now).await?;
    tokens::follow(db, &first.id, &phone).await?;
    handoffs::end(db, &handoff.id, (HandoffOutcome::HandedOver, Some(&phone)), now).await?;
    Ok(secret)
}

fn refuse_ended(handoff: &Handoff) -> Result<(), ApiError> {
    match handoff.outcome {
        None => Ok(()),
        Some(HandoffOutcome::TakenBack) => Err(ApiError::HandoffTakenBack),
        Some(_) => Err(ApiError::HandoffUsed),
    }
}

/// The first screen's session, which has to be live.
async fn first_screen(db: &mut Connection, handoff: &Handoff, now: i64) -> Result<Session, ApiError> {
    let first = sessions::get(db, &handoff.session_id).await?;
    first.filter(|session| session.is_live(now)).ok_or(ApiError::HandoffExpired)
}

/// Counts tokens and tickets that lead nowhere, as for mailed links.
fn count_bad<T>(app: &AppState, client: &Client, answer: Result<T, ApiError>) -> Result<T, ApiError> {
    let is_bad = matches!(
        answer,
        Err(ApiError::HandoffUnknown | ApiError::HandoffExpired | ApiError::HandoffUsed | ApiError::HandoffTakenBack)
    );
    if is_bad {
        app.rate.take_around(Limit::BadToken, client.address(), Instant::now())?;
    }
    answer
}
