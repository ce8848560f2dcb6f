//! Every error that a client can get, in one table: stable code, status, one plain sentence. Faults of ours stay opaque
//! to the client and are logged once, with their cause.

mod causes;
mod problem;

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
    /// The code, the HTTP status, and one sentence that tells the person what to do. Codes are never renamed or reused.
    #[rustfmt::skip] // Two lines for each, the code in the first.
    fn entry(&self) -> (&'static str, StatusCode, &'static str) {
        use ApiError::*;
        match self {
            AddressErased => ("address_erased", StatusCode::CONFLICT,
                "The person of this attempt was erased, so there is nothing left to decide."),
            AdminCodeRequired => ("admin_code_required", StatusCode::FORBIDDEN,
                "This key has a second factor. Sign in with a code first: POST /admin/session."),
            AdminCodeWrong => ("admin_code_wrong", StatusCode::FORBIDDEN,
                "This code is wrong or was used before. Wait for the next one and try again."),
            AdminKeyInQuery => ("admin_key_in_query", StatusCode::BAD_REQUEST,
                "Keys in URLs end up in logs. Send the key as X-Admin-Key, and replace this one."),
            AdminKeyMissing => ("admin_key_missing", StatusCode::UNAUTHORIZED,
                "Send the admin key in the header X-Admin-Key or as Authorization: Bearer."),
            AdminKeyWrong => ("admin_key_wrong", StatusCode::FORBIDDEN,
                "This admin key is wrong, revoked or expired."),
            AdminScopeMissing => ("admin_scope_missing", StatusCode::FORBIDDEN,
                "This key lacks the scope. Make a key that has it: blinkgate keys add --scope."),
            AdminSessionOver => ("admin_session_over", StatusCode::UNAUTHORIZED,
                "This session has ended. Sign in again with the key and a new code."),
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
            CheckExpired => ("check_expired", StatusCode::GONE,
                "The time for this check is over. Go back to the site that sent you."),
            CheckFinal => ("check_final", StatusCode::CONFLICT,
                "This check has ended, so it cannot be changed any more. Make a new one."),
            CheckUnknown => ("check_unknown", StatusCode::NOT_FOUND,
                "This site has no such check."),
            ClientTokenExpired => ("client_token_expired", StatusCode::GONE,
                "Too much time has passed. Go back to the site that sent you and start from there."),
            ClientTokenMissing => ("client_token_missing", StatusCode::UNAUTHORIZED,
                "This page is opened from the site that sent you. Go back to it and start from there."),
            ClientTokenUnknown => ("client_token_unknown", StatusCode::UNAUTHORIZED,
                "This address is not valid any more. Go back to the site that sent you and start from there."),
            CodeExpired => ("code_expired", StatusCode::GONE,
                "This code does not count any more. Ask for a new mail, or open its link."),
            CodeWrong => ("code_wrong", StatusCode::UNPROCESSABLE_ENTITY,
                "That is not the code. Look at the newest mail and try again."),
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
            EventUnknown => ("event_unknown", StatusCode::NOT_FOUND,
                "This site has no such event."),
            EvidenceMissing => ("evidence_missing", StatusCode::NOT_FOUND,
                "This attempt has no signed record with pictures: none was scored, or RETENTION keeps none."),
            FilterInvalid { .. } => ("filter_invalid", StatusCode::BAD_REQUEST,
                "Correct or remove the parameter {parameter}: it is unknown, repeated or invalid."),
            HandoffExpired => ("handoff_expired", StatusCode::GONE,
                "This code has expired. Look at the first screen: it shows a new one."),
            HandoffTakenBack => ("handoff_taken_back", StatusCode::GONE,
                "The first screen took this code back. Go on there, or open the new code that it shows."),
            HandoffUnknown => ("handoff_unknown", StatusCode::NOT_FOUND,
                "This code is unknown. Open the one that the first screen shows now."),
            HandoffUsed => ("handoff_used", StatusCode::GONE,
                "This code was used before, and each works once. Open the new one on the first screen."),
            HandoffWrongNumber => ("handoff_wrong_number", StatusCode::UNPROCESSABLE_ENTITY,
                "That is not the number on the first screen. If that screen is yours, ask it for a new code."),
            IdempotencyInFlight => ("idempotency_in_flight", StatusCode::CONFLICT,
                "A request with this Idempotency-Key is being answered. Wait a moment and send it again."),
            IdempotencyMismatch => ("idempotency_mismatch", StatusCode::UNPROCESSABLE_ENTITY,
                "Another request had this Idempotency-Key. Use a new key for each request, and the same one to repeat it."),
            Internal(_) => ("internal", StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side. Try again in a moment."),
            KeyInvalid => ("key_invalid", StatusCode::UNPROCESSABLE_ENTITY,
                "The browser's key cannot be used. Reload the page and try again."),
            KeyMissing => ("key_missing", StatusCode::UNAUTHORIZED,
                "Send a key of the site as Authorization: Bearer."),
            KeyWrong => ("key_wrong", StatusCode::FORBIDDEN,
                "This key is wrong, revoked or expired."),
            LinkNeeded => ("link_needed", StatusCode::CONFLICT,
                "This check is opened by the link in your mail."),
            MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED,
                "This address does not accept this method."),
            NotFinal => ("not_final", StatusCode::CONFLICT,
                "This check goes on, so it has no result yet. Wait for it to end."),
            NotFound => ("not_found", StatusCode::NOT_FOUND,
                "There is nothing at this address."),
            NotMailed => ("not_mailed", StatusCode::CONFLICT,
                "No mail belongs to this check: the site vouches for the mailbox, or it is a test."),
            NoteInvalid => ("note_invalid", StatusCode::UNPROCESSABLE_ENTITY,
                "Give the reason in the note, in 1 to 1000 characters."),
            OriginRefused => ("origin_refused", StatusCode::FORBIDDEN,
                "The request did not come from this site's own page. Open the page and try again."),
            RequestInvalid { .. } => ("request_invalid", StatusCode::BAD_REQUEST,
                "Correct or remove the parameter {parameter}: it is missing, unknown, repeated or invalid."),
            ReturnUrlNotListed => ("return_url_not_listed", StatusCode::UNPROCESSABLE_ENTITY,
                "The site does not list this address. List it first: blinkgate sites set --return-url."),
            ScopeMissing => ("scope_missing", StatusCode::FORBIDDEN,
                "This key lacks the scope. Make a key that has it: blinkgate keys add --site --scope."),
            SecondFactorMissing => ("second_factor_missing", StatusCode::CONFLICT,
                "This key has no second factor, so it needs no session. Use the key itself."),
            SessionExpired => ("session_expired", StatusCode::UNAUTHORIZED,
                "Your session has expired. Register again to get a new link."),
            SessionHandedOver => ("session_handed_over", StatusCode::UNAUTHORIZED,
                "A phone has this check now. Finish it there, or take it back here."),
            SessionMissing => ("session_missing", StatusCode::UNAUTHORIZED,
                "Open the link from your mail first."),
            SessionReplaced => ("session_replaced", StatusCode::UNAUTHORIZED,
                "Your link was opened again elsewhere. Open it again to continue here."),
            SessionTakenBack => ("session_taken_back", StatusCode::UNAUTHORIZED,
                "The first screen took this check back. Go on there."),
            SubmissionInProgress => ("submission_in_progress", StatusCode::CONFLICT,
                "Your pictures are being checked. Wait a moment."),
            SubmissionMalformed(detail) => ("submission_malformed", StatusCode::UNPROCESSABLE_ENTITY,
                detail),
            TestAddress => ("test_address", StatusCode::UNPROCESSABLE_ENTITY,
                "Keys for tests take only the addresses pass, fail, review and slow at test.blinkgate, and other keys none of them."),
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
            TooManyWebhooks => ("too_many_webhooks", StatusCode::CONFLICT,
                "This site has as many webhooks as it may have. Remove one first."),
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
            WebhookUnknown => ("webhook_unknown", StatusCode::NOT_FOUND,
                "This site has no such webhook."),
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
