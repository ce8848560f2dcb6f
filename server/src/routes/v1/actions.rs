//! `/v1/checks/{id}/…`: reads a check, mails again, ends it, redacts it.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::access::Caller;
use super::idempotent::answered;
use super::view::{CheckView, parse_id};
use crate::app::App;
use crate::checks::{self, CreateError};
use crate::clock;
use crate::db::LockScope;
use crate::db::checks::{self as stored, Check};
use crate::domain::CheckStatus;
use crate::erasure;
use crate::routes::error::ApiError;

/// The id in the path.
type CheckPath = Result<Path<String>, PathRejection>;

pub(in crate::routes) async fn read(
    State(app): State<App>,
    caller: Caller,
    path: CheckPath,
) -> Result<Response, ApiError> {
    let check = find(&app, &caller, path).await?;
    Ok(answered(CheckView::of(&app, check, None)))
}

/// `POST …/mail`: sends the mail again.
pub(in crate::routes) async fn mail(
    State(app): State<App>,
    caller: Caller,
    path: CheckPath,
) -> Result<Response, ApiError> {
    let check = going_on(find(&app, &caller, path).await?)?;
    let language = check.locale.as_deref().and_then(|locale| app.mail.language(locale));
    let mailed = checks::mail_again(&app.db, &app.registrations, &check, language, clock::now_ms()).await;
    mailed.map_err(|error| match error {
        CreateError::WrongMode => ApiError::NotMailed,
        error => error.into(),
    })?;
    app.mail_wake.notify_one();
    Ok(answered(CheckView::of(&app, check, None)))
}

/// `POST …/token`: a new client token; the one before stops working.
pub(in crate::routes) async fn token(
    State(app): State<App>,
    caller: Caller,
    path: CheckPath,
) -> Result<Response, ApiError> {
    let check = going_on(find(&app, &caller, path).await?)?;
    let token = checks::new_client_token(&app.db, &check, clock::now_ms()).await?;
    let check = stored::get(&mut app.db.read().await?, &check.id).await?.ok_or(ApiError::CheckUnknown)?;
    Ok(answered(CheckView::of(&app, check, Some(&token))))
}

/// `POST …/cancel`: ends the check. Once canceled, it may be canceled again.
pub(in crate::routes) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    path: CheckPath,
) -> Result<Response, ApiError> {
    let check = find(&app, &caller, path).await?;
    let scope = check.user_id.as_ref().map_or(LockScope::Nothing, LockScope::User);
    let mut tx = app.db.write(scope).await?;
    let was_going_on = checks::cancel(&mut tx, &check, clock::now_ms()).await?;
    let check = stored::get(&mut tx, &check.id).await?.ok_or(ApiError::CheckUnknown)?;
    tx.commit().await?;
    if was_going_on || check.status == CheckStatus::Canceled {
        Ok(answered(CheckView::of(&app, check, None)))
    } else {
        Err(ApiError::CheckFinal)
    }
}

/// `POST …/redact`: erases address and pictures.
pub(in crate::routes) async fn redact(
    State(app): State<App>,
    caller: Caller,
    path: CheckPath,
) -> Result<Response, ApiError> {
    let check = find(&app, &caller, path).await?;
    if check.status == CheckStatus::Checking && check.test == 0 {
        return Err(ApiError::SubmissionInProgress);
    }
    if check.redacted_at.is_none() {
        erasure::redact(&app.eraser(), &check, &caller.actor, clock::now_ms()).await?;
    }
    let check = stored::get(&mut app.db.read().await?, &check.id).await?.ok_or(ApiError::CheckUnknown)?;
    Ok(answered(CheckView::of(&app, check, None)))
}

/// The check of the path, if it is the caller's, as it is now.
pub(super) async fn find(app: &App, caller: &Caller, path: CheckPath) -> Result<Check, ApiError> {
    let Path(text) = path.map_err(|_| ApiError::CheckUnknown)?;
    let id = parse_id(&text).ok_or(ApiError::CheckUnknown)?;
    let check = stored::find(&mut app.db.read().await?, &id, &caller.site, caller.test).await?;
    settle_due(app, check.ok_or(ApiError::CheckUnknown)?).await
}

/// The check after what time alone has brought about.
pub(in crate::routes) async fn settle_due(app: &App, check: Check) -> Result<Check, ApiError> {
    let now = clock::now_ms();
    let is_due = check.decide_at.is_some_and(|at| at <= now);
    if !is_due && !check.is_overdue(now) {
        return Ok(check);
    }
    checks::decide_due(&app.db, now).await?;
    checks::expire_due(&app.db, now).await?;
    stored::get(&mut app.db.read().await?, &check.id).await?.ok_or(ApiError::CheckUnknown)
}

fn going_on(check: Check) -> Result<Check, ApiError> {
    if check.status.is_going_on() { Ok(check) } else { Err(ApiError::CheckFinal) }
}
