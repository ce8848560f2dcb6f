//! `POST /register`: an address in, a mail with a link into the outbox. The answer is the same for every valid address.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::AppJson;
use super::client::Client;
use super::error::ApiError;
use crate::app::App;
use crate::clock::{self, MINUTE_MS};
use crate::db::{outbox, users};
use crate::domain::EmailAddress;
use crate::rate::Limit;

/// Mails to one mailbox within an hour. More are asked for only by somebody who wants to annoy its owner.
const MAILS_PER_HOUR: i64 = 3;

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
    AppJson(registration): AppJson<Registration>,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    let email = EmailAddress::parse(&registration.email).map_err(|_| ApiError::EmailInvalid)?;
    app.rate.take(Limit::Register, client.as_str(), Instant::now())?;
    let now = clock::now_ms();
    let key = email.folded_key();
    let mut tx = app.db.write().await?;
    // An existing user is left as it is: registering again takes nobody's verification away.
    let user = users::find_or_insert(&mut tx, &email, now).await?;
    if outbox::count_since(&mut tx, &key, now - 60 * MINUTE_MS).await? < MAILS_PER_HOUR {
        outbox::insert(&mut tx, &user.id, &key, now).await?;
    }
    tx.commit().await?;
    app.mail_wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Sent { status: "sent" })))
}
