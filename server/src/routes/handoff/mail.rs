//! `POST /api/handoff/mail`: sends the usual link once more, for a device whose camera cannot read the code.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::goes_on;
use crate::app::App;
use crate::checks::{self, CreateError};
use crate::clock;
use crate::db::checks as stored;
use crate::rate::Limit;
use crate::routes::error::ApiError;
use crate::routes::session::CurrentSession;

#[derive(Serialize)]
pub(in crate::routes) struct Mailed {
    status: &'static str,
}

pub(in crate::routes) async fn mail(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Mailed>), ApiError> {
    app.rate.take(Limit::Handoff, session.id.as_str(), Instant::now())?;
    let now = clock::now_ms();
    let check = stored::of_session(&mut app.db.read().await?, &session.id).await?;
    goes_on(check.as_ref(), session.status, now)?;
    let check = check.ok_or(ApiError::NotMailed)?;
    let accept = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = app.mail.language(accept);
    let mailed = checks::mail_again(&app.db, &app.registrations, &check, language, now).await;
    mailed.map_err(|error| match error {
        CreateError::WrongMode => ApiError::NotMailed,
        error => error.into(),
    })?;
    app.mail_wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Mailed { status: "sent" })))
}
