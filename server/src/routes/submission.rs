//! `POST /api/submission`: two captures and a signed transcript in, the answer out.

use std::time::Instant;

use axum::Json;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use engine::Thresholds;

use super::body::in_time;
use super::error::ApiError;
use super::session::CurrentSession;
use crate::app::App;
use crate::domain::ChallengeId;
use crate::rate::Limit;
use crate::verification::{self, Answer, Upload};

/// Most bytes of the part that names the challenge.
const MAX_ID_BYTES: usize = 64;
/// Longest idempotency key.
const MAX_KEY_LENGTH: usize = 64;

pub(super) async fn submit(
    State(app): State<App>,
    CurrentSession(session): CurrentSession,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Answer>, ApiError> {
    app.rate.take(Limit::Submission, session.id.as_str(), Instant::now())?;
    let key = idempotency_key(&headers)?;
    let form = form.map_err(|_| ApiError::ContentType)?;
    let upload = in_time(app.limits.body_arrival, read_upload(form)).await??;
    Ok(Json(verification::submit(&app, &session, &key, upload).await?))
}

/// The key that names this submission, however often it is sent.
fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let refused = ApiError::SubmissionMalformed(
        "The header Idempotency-Key must hold 1 to 64 letters, digits, hyphens or underscores.",
    );
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).ok_or(refused.clone())?;
    let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain && (1..=MAX_KEY_LENGTH).contains(&key.len()) { Ok(key.to_owned()) } else { Err(refused) }
}

/// The four parts, each exactly once, each within its own limit, and no other.
#[derive(Default)]
struct Parts {
    challenge_id: Option<Vec<u8>>,
    transcript: Option<Vec<u8>>,
    open: Option<Vec<u8>>,
    closed: Option<Vec<u8>>,
}

async fn read_upload(mut form: Multipart) -> Result<Upload, ApiError> {
    let capture_bytes = Thresholds::V2.capture.max_bytes;
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(|error| refused(&error))? {
        let (slot, limit, is_jpeg) = match field.name() {
            Some("challenge_id") => (&mut parts.challenge_id, MAX_ID_BYTES, false),
            Some("transcript") => (&mut parts.transcript, engine::transcript::MAX_BYTES, false),
            Some("open") => (&mut parts.open, capture_bytes, true),
            Some("closed") => (&mut parts.closed, capture_bytes, true),
            _ => return Err(ApiError::SubmissionMalformed("The submission has a part that is not known.")),
        };
        if slot.is_some() {
            return Err(ApiError::SubmissionMalformed("The submission has a part twice."));
        }
        if is_jpeg && field.content_type() != Some("image/jpeg") {
            return Err(ApiError::SubmissionMalformed("The captures must be sent as image/jpeg."));
        }
        *slot = Some(read_part(field, limit).await?);
    }
    parts.into_upload().ok_or(ApiError::SubmissionMalformed("A part of the submission is missing or cannot be read."))
}

async fn read_part(mut field: Field<'_>, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| refused(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl Parts {
    fn into_upload(self) -> Option<Upload> {
        Some(Upload {
            challenge_id: ChallengeId::from_client(std::str::from_utf8(&self.challenge_id?).ok()?),
            transcript: self.transcript?,
            open: self.open?,
            closed: self.closed?,
        })
    }
}

fn refused(error: &MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::SubmissionMalformed("The submission arrived incomplete or cannot be read."),
    }
}
