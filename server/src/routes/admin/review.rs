//! `POST /admin/events/{id}/review`: an operator approves or declines, with a reason.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::access::Operator;
use super::event::UserView;
use crate::app::App;
use crate::clock;
use crate::domain::{Decision, EventId, Note};
use crate::review::{self, Reviewed};
use crate::routes::body::AppJson;
use crate::routes::error::ApiError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct ReviewRequest {
    decision: Decision,
    note: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct ReviewResponse {
    user: UserView,
}

pub(in crate::routes) async fn review(
    State(app): State<App>,
    operator: Operator,
    id: Result<Path<String>, PathRejection>,
    AppJson(ReviewRequest { decision, note }): AppJson<ReviewRequest>,
) -> Result<Json<ReviewResponse>, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NotFound)?;
    let note = Note::parse(&note).ok_or(ApiError::NoteInvalid)?;
    let event = EventId::from_client(&id);
    match review::decide(&app.db, &event, decision, &note, &operator.actor, clock::now_ms()).await? {
        Reviewed::Done(status) => Ok(Json(ReviewResponse { user: UserView { status } })),
        Reviewed::Unknown => Err(ApiError::NotFound),
        Reviewed::Erased => Err(ApiError::AddressErased),
    }
}
