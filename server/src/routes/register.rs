//! `POST /register`: puts a mail with a link into the outbox. The response is the same for every valid address.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::body::AppJson;
use super::client::Client;
use super::error::{ApiError, CEILING_RETRY_S};
use crate::app::App;
use crate::db::outbox::Addressee;
use crate::domain::EmailAddress;
use crate::rate::Limit;
use crate::registration::Registered;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    email: String,
}

#[derive(Serialize)]
pub(super) struct Sent {
    status: &'static str,
}

pub(super) async fn register(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    AppJson(registration): AppJson<Registration>,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    let email = EmailAddress::parse(&registration.email).map_err(|_| ApiError::EmailInvalid)?;
    app.rate.take_around(Limit::Register, client.address(), Instant::now())?;
    let accept = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = app.mail.language(accept);
    // A proxy that does not say for whom it asks stands for everybody.
    let address = Some(client.address()).filter(|address| !app.trusted_proxies.contains(*address));
    match app.registrations.register(Addressee { email, language, check: None }, address).await? {
        Registered::Accepted => Ok((StatusCode::ACCEPTED, Json(Sent { status: "sent" }))),
        Registered::CeilingReached => Err(ApiError::TooManyRequests { retry_after_s: CEILING_RETRY_S }),
    }
}
