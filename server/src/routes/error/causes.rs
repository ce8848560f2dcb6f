//! Maps the errors of the layers below to API errors.

use super::ApiError;
use crate::captures::StoreError;
use crate::checks::CreateError;
use crate::erasure::RemovalError;
use crate::rate::Exceeded;
use crate::registration::RegistrationError;
use crate::verification::VerificationError;

/// The retry delay when this server sends no more mails to anybody for now.
pub(in crate::routes) const CEILING_RETRY_S: u32 = 300;

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        ApiError::Unavailable(format!("database: {error}"))
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Database(error) => error.into(),
            CreateError::CeilingReached => ApiError::TooManyRequests { retry_after_s: CEILING_RETRY_S },
            CreateError::WrongMode => ApiError::TestAddress,
        }
    }
}

impl From<RegistrationError> for ApiError {
    fn from(error: RegistrationError) -> Self {
        ApiError::Unavailable(error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = format!("captures: {error}");
        if error.is_passing() { ApiError::Unavailable(cause) } else { ApiError::Internal(cause) }
    }
}

impl From<RemovalError> for ApiError {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::Database(error) => error.into(),
            RemovalError::Store(error) => error.into(),
        }
    }
}

impl From<Exceeded> for ApiError {
    fn from(Exceeded { retry_after_s }: Exceeded) -> Self {
        ApiError::TooManyRequests { retry_after_s }
    }
}

impl From<VerificationError> for ApiError {
    fn from(error: VerificationError) -> Self {
        match error {
            VerificationError::Unknown => ApiError::ChallengeUnknown,
            VerificationError::Used => ApiError::ChallengeUsed,
            VerificationError::InProgress => ApiError::SubmissionInProgress,
            VerificationError::Expired => ApiError::ChallengeExpired,
            VerificationError::CoolingDown { retry_after_s } => ApiError::CoolingDown { retry_after_s },
            VerificationError::Incomplete => ApiError::UploadIncomplete,
            VerificationError::Round => ApiError::ChallengeRound,
            VerificationError::Offset => ApiError::UploadOffset,
            VerificationError::TooLarge => ApiError::TooLarge,
            VerificationError::Busy { retry_after } => {
                ApiError::Busy { retry_after_s: u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX) }
            }
            VerificationError::Unavailable(cause) => ApiError::Unavailable(cause),
        }
    }
}
