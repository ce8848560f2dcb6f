//! `POST /api/cue/{challenge}`: what the browser recorded is committed to, the next cue of a prompted challenge comes back.

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
    /// `None` for the first cue.
    commitment: Option<Commitment>,
}

/// What comes next.
#[derive(Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub(super) enum Answer {
    Cue { cue: Cue },
    Complete,
    Exhausted,
}

pub(super) async fn next(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    challenge: Result<Path<String>, PathRejection>,
    AppJson(RoundEnd { commitment }): AppJson<RoundEnd>,
) -> Result<Json<Answer>, ApiError> {
    app.rate.take(Limit::Cue, session.id.as_str(), Instant::now())?;
    let next = verification::next(&app, &session, &named(challenge)?, commitment).await?;
    Ok(Json(match next {
        Next::Cue(cue) => Answer::Cue { cue },
        Next::Complete => Answer::Complete,
        Next::Exhausted => Answer::Exhausted,
    }))
}
