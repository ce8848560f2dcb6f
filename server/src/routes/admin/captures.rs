//! `GET /admin/captures/…` and `GET /admin/events/{id}/bundle`: pictures. Every access is recorded in the audit trail.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::access::Operator;
use crate::app::App;
use crate::audit::{self, Action};
use crate::bundle::{Bundle, BundleError};
use crate::captures::{self, Found};
use crate::clock;
use crate::db::{LockScope, events};
use crate::domain::EventId;
use crate::routes::error::ApiError;

/// One picture, by the reference that its event has, from whichever store.
pub(in crate::routes) async fn capture(
    State(app): State<App>,
    operator: Operator,
    path: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Path(path) = path.map_err(|_| ApiError::NotFound)?;
    let reference = format!("captures/{path}");
    let event = captures::event_of(&reference).ok_or(ApiError::NotFound)?;
    let event = events::find(&mut app.db.read().await?, &event).await?.ok_or(ApiError::NotFound)?;
    if ![&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref].contains(&&Some(reference.clone())) {
        return Err(if event.captures_removed_at.is_some() { ApiError::CaptureGone } else { ApiError::NotFound });
    }
    let Found::Picture(picture) = app.captures.read(&reference).await? else { return Err(ApiError::CaptureGone) };
    note(&app, Action::CaptureViewed, &operator, json!({ "event": event.id, "reference": reference })).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], picture))
}

/// All the evidence of a decision, for `verify-bundle`.
pub(in crate::routes) async fn bundle(
    State(app): State<App>,
    operator: Operator,
    id: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NotFound)?;
    let event = events::find(&mut app.db.read().await?, &EventId::from_client(&id)).await?;
    let event = event.ok_or(ApiError::NotFound)?;
    let name = format!("blinkgate-{}", event.id);
    let bundle = Bundle::of(&event, &app.captures).await?;
    let archive = bundle.tar(&name, event.created_at).map_err(|error| ApiError::Internal(format!("tar: {error}")))?;
    note(&app, Action::BundleTaken, &operator, json!({ "event": event.id })).await?;
    let disposition = format!("attachment; filename=\"{name}.tar\"");
    Ok(([(header::CONTENT_TYPE, "application/x-tar".to_owned()), (header::CONTENT_DISPOSITION, disposition)], archive))
}

async fn note(app: &App, action: Action, operator: &Operator, figures: Value) -> Result<(), ApiError> {
    let mut tx = app.db.write(LockScope::Nothing).await?;
    audit::note(&mut tx, action, &operator.actor, &figures, clock::now_ms()).await?;
    Ok(tx.commit().await?)
}

impl From<BundleError> for ApiError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::NoTranscript | BundleError::NoPictures(_) => ApiError::EvidenceMissing,
            BundleError::Removed(_) | BundleError::Missing(_) | BundleError::Erased(_) => ApiError::CaptureGone,
            BundleError::Store { source, .. } => source.into(),
            error @ BundleError::Record(_) => ApiError::Internal(error.to_string()),
        }
    }
}
