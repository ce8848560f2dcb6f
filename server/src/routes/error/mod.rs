//! Every error that a client can get, in one table: stable code, status, one plain sentence. Faults of ours stay opaque
//! to the client and are logged once, with their cause.

mod causes;

use std::any::Any;
use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, strum::EnumIter)]
#[allow(missing_docs, reason = "the sentence in the table documents each variant")]
pub enum ApiError {
    AddressErased,
    AdminKeyInQuery,
    AdminKeyMissing,
    AdminKeyWrong,
    AdminScopeMissing,
    AlreadyVerified,
    AttemptsExhausted { retry_after_s: u32 },
    BodyMalformed,
    BodyTooSlow,
    Busy { retry_after_s: u32 },
    CaptureGone,
    ChallengeExpired,
    ChallengeRound,
    ChallengeUnknown,
    ChallengeUsed,
    ConsentUnknown,
    ContentEncoding,
    ContentType,
    CoolingDown { retry_after_s: u32 },
    EmailInvalid,
    EvidenceMissing,
    FilterInvalid { parameter: String },
    Internal(String),
    KeyInvalid,
    MethodNotAllowed,
    NotFound,
    NoteInvalid,
    OriginRefused,
    SessionExpired,
    SessionMissing,
    SessionReplaced,
    SubmissionInProgress,
    SubmissionMalformed(&'static str),
    TokenExpired,
    TokenUnknown,
    TokenUsed,
    ToneGuidedRefused,
    TooLarge,
    TooManyRequests { retry_after_s: u32 },
    TurnRequired,
    Unavailable(String),
    UploadIncomplete,
    UploadOffset,
    UserUnknown,
}

impl ApiError {
    /// The code, the HTTP status, and one sentence that tells the person what to do. Codes are never renamed or reused.
    #[rustfmt::skip] // Two lines for each, the code in the first.
    fn entry(&self) -> (&'static str, StatusCode, &'static str) {
        use ApiError::*;
        match self {
            AddressErased => ("address_erased", StatusCode::CONFLICT,
                "The person of this attempt was erased, so there is nothing left to decide."),
            AdminKeyInQuery => ("admin_key_in_query", StatusCode::BAD_REQUEST,
                "Keys in URLs end up in logs. Send the key as X-Admin-Key, and replace this one."),
            AdminKeyMissing => ("admin_key_missing", StatusCode::UNAUTHORIZED,
                "Send the admin key in the header X-Admin-Key or as Authorization: Bearer."),
            AdminKeyWrong => ("admin_key_wrong", StatusCode::FORBIDDEN,
                "This admin key is wrong, revoked or expired."),
            AdminScopeMissing => ("admin_scope_missing", StatusCode::FORBIDDEN,
                "This key lacks the scope. Make a key that has it: blinkgate keys add --scope."),
            AlreadyVerified => ("already_verified", StatusCode::CONFLICT,
                "This address is already verified. There is nothing more to do."),
            AttemptsExhausted { .. } => ("attempts_exhausted", StatusCode::TOO_MANY_REQUESTS,
                "There are no attempts left. Register again to get a new link."),
            BodyMalformed => ("body_malformed", StatusCode::BAD_REQUEST,
                "The request could not be read. Reload the page and try again."),
            BodyTooSlow => ("body_too_slow", StatusCode::REQUEST_TIMEOUT,
                "The request arrived too slowly. Check your connection and try again."),
            Busy { .. } => ("busy", StatusCode::SERVICE_UNAVAILABLE,
                "Many people are being checked right now. Your attempt is not lost; it continues in a moment."),
            CaptureGone => ("capture_gone", StatusCode::GONE,
                "This picture was removed: its retention period is over, or its owner was erased."),
            ChallengeExpired => ("challenge_expired", StatusCode::GONE,
                "Too much time has passed. Start the check again."),
            ChallengeRound => ("challenge_round", StatusCode::CONFLICT,
                "This check was continued elsewhere. Start the check again."),
            ChallengeUnknown => ("challenge_unknown", StatusCode::NOT_FOUND,
                "This check is unknown. Start the check again."),
            ChallengeUsed => ("challenge_used", StatusCode::CONFLICT,
                "This check has already ended. Start the check again."),
            ConsentUnknown => ("consent_unknown", StatusCode::UNPROCESSABLE_ENTITY,
                "This page is out of date: what it says about the pictures has changed. Reload it."),
            ContentEncoding => ("content_encoding", StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The request must not be compressed."),
            ContentType => ("content_type", StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The request must be JSON, or plain bytes when it sends pictures."),
            CoolingDown { .. } => ("cooling_down", StatusCode::TOO_MANY_REQUESTS,
                "Too many checks for this address failed. Wait a while before you try again."),
            EmailInvalid => ("email_invalid", StatusCode::UNPROCESSABLE_ENTITY,
                "That does not look like an e-mail address. Check it and try again."),
            EvidenceMissing => ("evidence_missing", StatusCode::NOT_FOUND,
                "This attempt has no signed record with pictures: none was scored, or RETENTION keeps none."),
            FilterInvalid { .. } => ("filter_invalid", StatusCode::BAD_REQUEST,
                "Correct or remove the parameter {parameter}: it is unknown, repeated or invalid."),
            Internal(_) => ("internal", StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side. Try again in a moment."),
            KeyInvalid => ("key_invalid", StatusCode::UNPROCESSABLE_ENTITY,
                "The browser's key cannot be used. Reload the page and try again."),
            MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED,
                "This address does not accept this method."),
            NotFound => ("not_found", StatusCode::NOT_FOUND,
                "There is nothing at this address."),
            NoteInvalid => ("note_invalid", StatusCode::UNPROCESSABLE_ENTITY,
                "Give the reason in the note, in 1 to 1000 characters."),
            OriginRefused => ("origin_refused", StatusCode::FORBIDDEN,
                "The request did not come from this site's own page. Open the page and try again."),
            SessionExpired => ("session_expired", StatusCode::UNAUTHORIZED,
                "Your session has expired. Register again to get a new link."),
            SessionMissing => ("session_missing", StatusCode::UNAUTHORIZED,
                "Open the link from your mail first."),
            SessionReplaced => ("session_replaced", StatusCode::UNAUTHORIZED,
                "Your link was opened again elsewhere. Open it again to continue here."),
            SubmissionInProgress => ("submission_in_progress", StatusCode::CONFLICT,
                "Your pictures are being checked. Wait a moment."),
            SubmissionMalformed(detail) => ("submission_malformed", StatusCode::UNPROCESSABLE_ENTITY,
                detail),
            TokenExpired => ("token_expired", StatusCode::GONE,
                "This link has expired. Register again to get a new one."),
            TokenUnknown => ("token_unknown", StatusCode::NOT_FOUND,
                "This link is unknown. Copy all of it from the mail, or register again."),
            TokenUsed => ("token_used", StatusCode::GONE,
                "This link has already been used. Register again to get a new one."),
            ToneGuidedRefused => ("tone_guided_refused", StatusCode::UNPROCESSABLE_ENTITY,
                "This site does not offer the check guided by tones. Use the usual one."),
            TooLarge => ("too_large", StatusCode::PAYLOAD_TOO_LARGE,
                "The request is too large. Reload the page and try again."),
            TooManyRequests { .. } => ("too_many_requests", StatusCode::TOO_MANY_REQUESTS,
                "Too many requests. Wait a while and try again."),
            TurnRequired => ("turn_required", StatusCode::UNPROCESSABLE_ENTITY,
                "This site asks everybody to turn their head. Ask the people who run it for another way."),
            Unavailable(_) => ("unavailable", StatusCode::SERVICE_UNAVAILABLE,
                "Something went wrong on our side, and nothing was counted. Try again in a moment."),
            UploadIncomplete => ("upload_incomplete", StatusCode::CONFLICT,
                "Not everything has arrived yet. Ask how much has, and send the rest."),
            UploadOffset => ("upload_offset", StatusCode::CONFLICT,
                "The bytes do not continue the upload. Ask how many have arrived, and continue from there."),
            UserUnknown => ("user_unknown", StatusCode::NOT_FOUND,
                "There is no person with this address."),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.entry().0
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.entry().1
    }

    /// One sentence that tells the person what to do.
    pub fn detail(&self) -> Cow<'static, str> {
        let (_, _, sentence) = self.entry();
        match self.parameter() {
            Some(parameter) => sentence.replace("{parameter}", parameter).into(),
            None => sentence.into(),
        }
    }

    /// The offending parameter of the request.
    fn parameter(&self) -> Option<&str> {
        match self {
            ApiError::FilterInvalid { parameter } => Some(parameter),
            _ => None,
        }
    }

    /// Seconds after which a retry makes sense.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            ApiError::AttemptsExhausted { retry_after_s }
            | ApiError::Busy { retry_after_s }
            | ApiError::CoolingDown { retry_after_s }
            | ApiError::TooManyRequests { retry_after_s } => Some(*retry_after_s),
            ApiError::SubmissionInProgress => Some(1),
            ApiError::Unavailable(_) => Some(5),
            _ => None,
        }
    }

    /// The cause, for the log only.
    fn cause(&self) -> Option<&str> {
        match self {
            ApiError::Internal(cause) | ApiError::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    /// Only the status, with the error as an extension; the outermost middleware knows the request's id and writes the
    /// body.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The error body, as in RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'static str,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    request_id: &'a str,
}

/// Writes the error's body and headers. Logs it if it is a fault of ours.
pub(super) fn render(error: &ApiError, request_id: &str) -> Response {
    let status = error.status();
    if let Some(cause) = error.cause() {
        tracing::error!(code = error.code(), cause, "request failed");
    }
    let title = status.canonical_reason().unwrap_or("Error");
    let (code, detail, parameter) = (error.code(), error.detail(), error.parameter());
    let status_code = status.as_u16();
    let problem = Problem { r#type: "about:blank", title, status: status_code, code, detail, parameter, request_id };
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = error.retry_after_s() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The response for a handler that panicked. The panic itself was already logged.
pub(super) fn from_panic(_: Box<dyn Any + Send>) -> Response {
    ApiError::Internal("a handler panicked".to_owned()).into_response()
}
