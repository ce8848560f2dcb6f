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
use crate::db::{Hold, outbox, users};
use crate::domain::EmailAddress;
use crate::rate::Limit;

/// Mails to one mailbox within an hour. More are asked for only by somebody who wants to annoy its owner.
const MAILS_PER_HOUR: i64 = 3;
/// Least time between two mails to one mailbox. The page offers to send again after as long.
const BETWEEN_MAILS_MS: i64 = MINUTE_MS;
/// What mails are counted over.
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// When to come again if this server sends no more mails to anybody for now.
const CEILING_RETRY_S: u32 = 300;

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
    let key = email.folded_key();
    let mut tx = app.db.write(Hold::Registrations).await?;
    // Only now: what was written before has an earlier time.
    let now = clock::now_ms();
    outbox::discard_held_back(&mut tx, now - HOUR_MS).await?;
    if outbox::to_anybody(&mut tx, now - HOUR_MS, now).await?.count >= i64::from(app.limits.mails_per_hour) {
        tracing::warn!(mails = app.limits.mails_per_hour, "no more mails are taken for now (MAILS_PER_HOUR)");
        return Err(ApiError::TooManyRequests { retry_after_s: CEILING_RETRY_S });
    }
    // An existing user is left as it is: registering again takes nobody's verification away.
    let user = users::find_or_insert(&mut tx, &email, now).await?;
    // From here on nothing depends on who it is: the same statements, the same rows.
    let asked = outbox::to_mailbox(&mut tx, &key, now - HOUR_MS, now).await?;
    let is_too_soon = asked.newest.is_some_and(|newest| now - newest < BETWEEN_MAILS_MS);
    outbox::insert(&mut tx, &user.id, &key, now, asked.count >= MAILS_PER_HOUR || is_too_soon).await?;
    tx.commit().await?;
    app.mail_wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Sent { status: "sent" })))
}
