//! `POST /admin/erase`: erases a person, or reports what that would remove.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::access::Operator;
use crate::app::App;
use crate::clock;
use crate::domain::EmailAddress;
use crate::erasure::{self, ErasureReport};
use crate::routes::body::AppJson;
use crate::routes::error::ApiError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct EraseRequest {
    email: String,
    /// Required, because a caller who omits it may mean either.
    dry_run: bool,
}

#[derive(Serialize)]
pub(in crate::routes) struct EraseResponse {
    users: Vec<ErasureReport>,
}

pub(in crate::routes) async fn erase(
    State(app): State<App>,
    operator: Operator,
    AppJson(EraseRequest { email, dry_run }): AppJson<EraseRequest>,
) -> Result<Json<EraseResponse>, ApiError> {
    let email = EmailAddress::parse(&email).map_err(|_| ApiError::EmailInvalid)?;
    let users = erasure::at_address(&app.eraser(), &email, &operator.actor, !dry_run, clock::now_ms()).await?;
    if users.is_empty() { Err(ApiError::UserUnknown) } else { Ok(Json(EraseResponse { users })) }
}
