//! `POST /api/give-up`: the time ran out, prompts were missed, or the person cancelled.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::body::AppJson;
use super::error::ApiError;
use super::session::CurrentSession;
use crate::app::App;
use crate::domain::ChallengeId;
use crate::rate::Limit;
use crate::verification::{AttemptAnswer, GiveUp};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivingUp {
    challenge_id: String,
    reason: GiveUp,
}

pub(super) async fn give_up(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    AppJson(giving_up): AppJson<GivingUp>,
) -> Result<Json<AttemptAnswer>, ApiError> {
    app.rate.take(Limit::GiveUp, session.id.as_str(), Instant::now())?;
    let challenge = ChallengeId::from_client(&giving_up.challenge_id);
    Ok(Json(app.verifier().give_up(&session, &challenge, giving_up.reason).await?))
}
