//! Every error that a client can be told: status, stable code, one plain sentence. Faults of ours stay opaque outside and
//! are logged once, with their cause.

mod causes;

use std::any::Any;
use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq, Eq, strum::EnumIter)]
#[allow(missing_docs, reason = "each variant's sentence is its documentation")]
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
    ContentEncoding,
    ContentType,
    CoolingDown { retry_after_s: u32 },
    EmailInvalid,
    EvidenceMissing,
    FilterInvalid { parameter: String },
    Internal(String),
    KeyInvalid,
    ConsentUnknown,
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
    ToneGuidedRefused,
    TokenUnknown,
    TokenUsed,
    TooLarge,
    TooManyRequests { retry_after_s: u32 },
    Unavailable(String),
    UploadIncomplete,
    UploadOffset,
    UserUnknown,
}

impl ApiError {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        use ApiError::*;
        match self {
            AdminKeyInQuery | BodyMalformed | FilterInvalid { .. } => StatusCode::BAD_REQUEST,
            AdminKeyMissing | SessionExpired | SessionMissing | SessionReplaced => StatusCode::UNAUTHORIZED,
            AdminKeyWrong | AdminScopeMissing | OriginRefused => StatusCode::FORBIDDEN,
            ChallengeUnknown | EvidenceMissing | NotFound | TokenUnknown | UserUnknown => StatusCode::NOT_FOUND,
            MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            AddressErased | AlreadyVerified | ChallengeRound | ChallengeUsed | SubmissionInProgress
            | UploadIncomplete | UploadOffset => StatusCode::CONFLICT,
            CaptureGone | ChallengeExpired | TokenExpired | TokenUsed => StatusCode::GONE,
            TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ContentEncoding | ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            EmailInvalid | KeyInvalid | ConsentUnknown | NoteInvalid | ToneGuidedRefused | SubmissionMalformed(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            AttemptsExhausted { .. } | CoolingDown { .. } | TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Busy { .. } | Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code. Codes are never renamed or reused.
    pub fn code(&self) -> &'static str {
        use ApiError::*;
        match self {
            AddressErased => "address_erased",
            AdminKeyInQuery => "admin_key_in_query",
            AdminKeyMissing => "admin_key_missing",
            AdminKeyWrong => "admin_key_wrong",
            AdminScopeMissing => "admin_scope_missing",
            AlreadyVerified => "already_verified",
            AttemptsExhausted { .. } => "attempts_exhausted",
            BodyMalformed => "body_malformed",
            BodyTooSlow => "body_too_slow",
            Busy { .. } => "busy",
            CaptureGone => "capture_gone",
            ChallengeExpired => "challenge_expired",
            ChallengeRound => "challenge_round",
            ChallengeUnknown => "challenge_unknown",
            ChallengeUsed => "challenge_used",
            ContentEncoding => "content_encoding",
            ContentType => "content_type",
            CoolingDown { .. } => "cooling_down",
            EmailInvalid => "email_invalid",
            EvidenceMissing => "evidence_missing",
            FilterInvalid { .. } => "filter_invalid",
            Internal(_) => "internal",
            KeyInvalid => "key_invalid",
            ConsentUnknown => "consent_unknown",
            MethodNotAllowed => "method_not_allowed",
            NotFound => "not_found",
            NoteInvalid => "note_invalid",
            OriginRefused => "origin_refused",
            SessionExpired => "session_expired",
            SessionMissing => "session_missing",
            SessionReplaced => "session_replaced",
            SubmissionInProgress => "submission_in_progress",
            SubmissionMalformed(_) => "submission_malformed",
            TokenExpired => "token_expired",
            TokenUnknown => "token_unknown",
            ToneGuidedRefused => "tone_guided_refused",
            TokenUsed => "token_used",
            TooLarge => "too_large",
            TooManyRequests { .. } => "too_many_requests",
            Unavailable(_) => "unavailable",
            UploadIncomplete => "upload_incomplete",
            UploadOffset => "upload_offset",
            UserUnknown => "user_unknown",
        }
    }

    /// One sentence for the person, saying what to do.
    pub fn detail(&self) -> Cow<'static, str> {
        use ApiError::*;
        Cow::Borrowed(match self {
            AddressErased => "The person of this attempt was erased; there is no standing left to decide about.",
            AdminKeyInQuery => {
                "Keys do not belong in addresses, which are logged: send it as X-Admin-Key, and change it."
            }
            AdminKeyMissing => "Send the admin key in the header X-Admin-Key or as Authorization: Bearer.",
            AdminKeyWrong => "This is no admin key, or one that was revoked or has expired.",
            AdminScopeMissing => {
                "This key does not open this part. Make one with its scope: blinkgate keys add --scope."
            }
            AlreadyVerified => "This address is verified already; there is nothing more to do.",
            AttemptsExhausted { .. } => "There are no attempts left. Register again to get a new link.",
            BodyMalformed => "The request could not be read. Reload the page and try again.",
            BodyTooSlow => "The request arrived too slowly. Check your connection and try again.",
            Busy { .. } => "Many people are being checked right now. Your try is not lost; it goes on in a moment.",
            CaptureGone => "This picture was removed: its time was over, or its owner was erased.",
            ChallengeExpired => "Too much time has passed. Start the check again.",
            ChallengeRound => "This check went on elsewhere. Start the check again.",
            ChallengeUnknown => "This check is not known. Start the check again.",
            ToneGuidedRefused => "This site does not offer the check by tones. Use the usual one.",
            ChallengeUsed => "This check has ended already. Start the check again.",
            CoolingDown { .. } => "Too many checks of this address failed. Wait a while before you try again.",
            ContentEncoding => "The request must not be compressed.",
            ContentType => "The request must be JSON, or plain bytes where pictures are sent.",
            EmailInvalid => "That does not look like an e-mail address. Check it and try again.",
            EvidenceMissing => {
                "This attempt keeps no signed record with pictures: none was scored, or RETENTION keeps none."
            }
            FilterInvalid { parameter } => {
                return format!("Correct or remove the parameter {parameter}: it is unknown, repeated or unreadable.")
                    .into();
            }
            Internal(_) => "Something went wrong on our side. Try again in a moment.",
            ConsentUnknown => "This page is out of date: what it says about the pictures has changed. Reload it.",
            KeyInvalid => "The browser's key cannot be used. Reload the page and try again.",
            MethodNotAllowed => "This address does not take requests of that kind.",
            NotFound => "There is nothing at this address.",
            NoteInvalid => "Say in the note why, in 1 to 1000 characters.",
            OriginRefused => "The request did not come from this site's own page. Open the page and try again.",
            SessionExpired => "Your time at the camera is over. Register again to get a new link.",
            SessionMissing => "Open the link from your mail first.",
            SessionReplaced => "Your link was opened once more. Open it again to go on here.",
            SubmissionInProgress => "Your pictures are being looked at. Wait a moment.",
            SubmissionMalformed(detail) => detail,
            TokenExpired => "This link has expired. Register again to get a new one.",
            TokenUnknown => "This link is not known. Copy it whole from the mail, or register again.",
            TokenUsed => "This link was used already. Register again to get a new one.",
            TooLarge => "What was sent is too large. Reload the page and try again.",
            TooManyRequests { .. } => "Too many requests. Wait a while and try again.",
            Unavailable(_) => "Something went wrong on our side, and nothing was counted. Try again in a moment.",
            UploadIncomplete => "Not everything has arrived yet. Ask how much has, and send the rest.",
            UploadOffset => "The bytes do not follow those that have arrived. Ask how many have, and go on from there.",
            UserUnknown => "There is no person with this address.",
        })
    }

    /// What in the request is meant.
    fn parameter(&self) -> Option<&str> {
        match self {
            ApiError::FilterInvalid { parameter } => Some(parameter),
            _ => None,
        }
    }

    /// Seconds after which it makes sense to try again.
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

    /// What is logged beside the code.
    fn cause(&self) -> Option<&str> {
        match self {
            ApiError::Internal(cause) | ApiError::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    /// The bare status with the error beside it; the outermost middleware knows the request's id and writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// RFC 9457.
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

/// Writes the error's body and headers, and logs it if it is a fault of ours.
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

/// What a handler that panicked answers. The panic itself has been reported by the runtime.
pub(super) fn from_panic(_: Box<dyn Any + Send>) -> Response {
    ApiError::Internal("a handler panicked".to_owned()).into_response()
}
