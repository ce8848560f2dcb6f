//! `POST /admin/session`: a key with a second factor, and a code, for a session. `DELETE /admin/session`: ends it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::access::Operator;
use crate::app::App;
use crate::clock;
use crate::db::{LockScope, admin_sessions};
use crate::routes::body::AppJson;
use crate::routes::error::ApiError;
use crate::second_factor::{self, SignIn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct SignInRequest {
    code: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Opened {
    token: String,
    expires_at: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Closed {
    ended: bool,
}

pub(in crate::routes) async fn sign_in(
    State(app): State<App>,
    operator: Operator,
    AppJson(SignInRequest { code }): AppJson<SignInRequest>,
) -> Result<Json<Opened>, ApiError> {
    // A session opens no further one: each takes a code.
    let Operator { actor, key: Some(key), session: None, .. } = operator else {
        return Err(ApiError::SecondFactorMissing);
    };
    match second_factor::sign_in(&app.db, &app.factors, (&key, &actor), &code, clock::now_ms()).await? {
        SignIn::Done(session) => {
            Ok(Json(Opened { token: session.token, expires_at: clock::rfc3339(session.expires_at) }))
        }
        SignIn::NotNeeded => Err(ApiError::SecondFactorMissing),
        SignIn::WrongCode => Err(ApiError::AdminCodeWrong),
        SignIn::TooMany { wait_ms } => {
            let seconds = u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX);
            Err(ApiError::TooManyRequests { retry_after_s: seconds })
        }
        SignIn::Unreadable => Err(ApiError::Internal(format!(
            "the second factor of the key {} was sealed with another SITES_KEY: remove it and add a new one",
            key.id
        ))),
    }
}

pub(in crate::routes) async fn sign_out(State(app): State<App>, operator: Operator) -> Result<Json<Closed>, ApiError> {
    if let Some(session) = &operator.session {
        let mut tx = app.db.write(LockScope::Nothing).await?;
        admin_sessions::end(&mut tx, session).await?;
        tx.commit().await?;
    }
    Ok(Json(Closed { ended: operator.session.is_some() }))
}
