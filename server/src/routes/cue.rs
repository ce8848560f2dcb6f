//! `POST /api/cue/{challenge}`: takes the commitment that ends a round of a prompted challenge, returns the next cue.

use std::time::Instant;

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use engine::prompt::{Commitment, Cue, Next};
use serde::{Deserialize, Serialize};

use super::body::AppJson;
use super::error::ApiError;
use super::session::CurrentSession;
use super::submission::named;
use crate::app::App;
use crate::rate::Limit;
use crate::verification;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundEnd {
    /// `None` asks for the first cue.
    commitment: Option<Commitment>,
}

#[derive(Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub(super) enum NextRound {
    Cue { cue: Cue },
    Complete,
    Exhausted,
}

pub(super) async fn next(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    challenge: Result<Path<String>, PathRejection>,
    AppJson(RoundEnd { commitment }): AppJson<RoundEnd>,
) -> Result<Json<NextRound>, ApiError> {
    app.rate.take(Limit::Cue, session.id.as_str(), Instant::now())?;
    let next = verification::next(&app.db, app.limits.cool_down, &session, &named(challenge)?, commitment).await?;
    Ok(Json(match next {
        Next::Cue(cue) => NextRound::Cue { cue },
        Next::Complete => NextRound::Complete,
        Next::Exhausted => NextRound::Exhausted,
    }))
}
