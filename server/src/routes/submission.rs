//! `/api/submission/{challenge}`: a submission arrives in chunks (`PATCH`), reports its progress (`GET`), and is
//! decided once it is complete (`POST`). An interrupted upload resumes where it stopped; each request may be repeated
//! any number of times.

use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::body::{AppBytes, AppJson};
use super::error::ApiError;
use super::session::{CurrentSession, UploadSeal};
use crate::app::App;
use crate::domain::ChallengeId;
use crate::rate::Limit;
use crate::submission::Lengths;
use crate::verification::{AttemptAnswer, VerificationError};

/// Longest idempotency key.
const MAX_KEY_LENGTH: usize = 64;

#[derive(Serialize)]
pub(super) struct Received {
    /// Bytes that have arrived.
    received: u64,
}

/// The sizes of the parts, whose bytes were sent one after another in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    transcript: usize,
    open: usize,
    closed: usize,
    strip: usize,
}

pub(super) async fn received(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    challenge: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<Received>, ApiError> {
    app.rate.take(Limit::Chunk, session.id.as_str(), Instant::now())?;
    let (challenge, key) = (named(challenge)?, idempotency_key(&headers)?);
    Ok(Json(Received { received: app.uploads().received(&session, &challenge, &key).await? }))
}

pub(super) async fn append(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    UploadSeal(seal): UploadSeal,
    challenge: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    AppBytes(chunk): AppBytes,
) -> Result<Json<Received>, ApiError> {
    app.rate.take(Limit::Chunk, session.id.as_str(), Instant::now())?;
    let (challenge, key, start) = (named(challenge)?, idempotency_key(&headers)?, upload_offset(&headers)?);
    if chunk.is_empty() {
        return Err(ApiError::SubmissionMalformed("The request body is empty."));
    }
    let received = app.uploads().append(&session, &challenge, (&key, &seal), start, &chunk).await?;
    Ok(Json(Received { received }))
}

pub(super) async fn submit(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    UploadSeal(seal): UploadSeal,
    challenge: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    AppJson(Parts { transcript, open, closed, strip }): AppJson<Parts>,
) -> Result<Json<AttemptAnswer>, ApiError> {
    app.rate.take(Limit::Submission, session.id.as_str(), Instant::now())?;
    let (challenge, key) = (named(challenge)?, idempotency_key(&headers)?);
    let lengths = Lengths::new(transcript, open, closed, strip).ok_or(ApiError::TooLarge)?;
    let answer = app.verifier().submit(&session, (&key, &seal), &challenge, lengths).await;
    if matches!(answer, Err(VerificationError::Busy { .. })) {
        app.rate.refund(Limit::Submission, session.id.as_str(), Instant::now());
    }
    Ok(Json(answer?))
}

pub(super) fn named(challenge: Result<Path<String>, PathRejection>) -> Result<ChallengeId, ApiError> {
    challenge.map(|Path(id)| ChallengeId::from_client(&id)).map_err(|_| ApiError::ChallengeUnknown)
}

/// The key that identifies this submission in all its requests.
fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let refused = ApiError::SubmissionMalformed(
        "The header Idempotency-Key must hold 1 to 64 letters, digits, hyphens or underscores.",
    );
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).ok_or(refused.clone())?;
    let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain && (1..=MAX_KEY_LENGTH).contains(&key.len()) { Ok(key.to_owned()) } else { Err(refused) }
}

/// How many bytes come before this chunk.
fn upload_offset(headers: &HeaderMap) -> Result<u64, ApiError> {
    let text = headers.get("upload-offset").and_then(|offset| offset.to_str().ok()).unwrap_or_default();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let offset = text.parse().ok().filter(|_| digits);
    offset.ok_or(ApiError::SubmissionMalformed("The header Upload-Offset must hold the number of bytes sent before."))
}
