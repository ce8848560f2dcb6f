//! Every error that a client can get, with its row in one table (`table.rs`). Faults of ours stay opaque to the client and are
//! logged once, with their cause.

mod causes;
mod problem;
mod table;

pub(super) use causes::CEILING_RETRY_S;
pub(super) use problem::{from_panic, render};

use std::borrow::Cow;

use axum::http::StatusCode;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, strum::EnumIter)]
#[allow(missing_docs, reason = "the sentence in the table documents each variant")]
pub enum ApiError {
    AddressErased,
    AdminCodeRequired,
    AdminCodeWrong,
    AdminKeyInQuery,
    AdminKeyMissing,
    AdminKeyWrong,
    AdminScopeMissing,
    AdminSessionOver,
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
    CheckExpired,
    CheckFinal,
    CheckUnknown,
    ClientTokenExpired,
    ClientTokenMissing,
    ClientTokenUnknown,
    CodeExpired,
    CodeWrong,
    ConsentUnknown,
    ContentEncoding,
    ContentType,
    CoolingDown { retry_after_s: u32 },
    EmailInvalid,
    EventUnknown,
    EvidenceMissing,
    FilterInvalid { parameter: String },
    HandoffExpired,
    HandoffTakenBack,
    HandoffUnknown,
    HandoffUsed,
    HandoffWrongNumber,
    IdempotencyInFlight,
    IdempotencyMismatch,
    Internal(String),
    KeyInvalid,
    KeyMissing,
    KeyWrong,
    LinkNeeded,
    MethodNotAllowed,
    NotFinal,
    NotFound,
    NotMailed,
    NoteInvalid,
    OriginRefused,
    RequestInvalid { parameter: String },
    ReturnUrlNotListed,
    ScopeMissing,
    SecondFactorMissing,
    SessionExpired,
    SessionHandedOver,
    SessionMissing,
    SessionReplaced,
    SessionTakenBack,
    SubmissionInProgress,
    SubmissionMalformed(&'static str),
    TestAddress,
    TokenExpired,
    TokenUnknown,
    TokenUsed,
    ToneGuidedRefused,
    TooLarge,
    TooManyRequests { retry_after_s: u32 },
    TooManyWebhooks,
    TurnRequired,
    Unavailable(String),
    UploadIncomplete,
    UploadOffset,
    UserUnknown,
    WebhookUnknown,
}

impl ApiError {
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
            ApiError::FilterInvalid { parameter } | ApiError::RequestInvalid { parameter } => Some(parameter),
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
            ApiError::SubmissionInProgress | ApiError::IdempotencyInFlight => Some(1),
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
