//! What the errors of the layers below come to for a client.

use super::ApiError;
use crate::captures::StoreError;
use crate::rate::Exceeded;
use crate::registration;
use crate::retention::SweepError;
use crate::verification::VerificationError;

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        ApiError::Unavailable(format!("database: {error}"))
    }
}

impl From<registration::Failed> for ApiError {
    fn from(failed: registration::Failed) -> Self {
        ApiError::Unavailable(failed.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = format!("captures: {error}");
        if error.is_passing() { ApiError::Unavailable(cause) } else { ApiError::Internal(cause) }
    }
}

impl From<SweepError> for ApiError {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Database(error) => error.into(),
            SweepError::Store(error) => error.into(),
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
            VerificationError::Incomplete => ApiError::UploadIncomplete,
            VerificationError::Round => ApiError::ChallengeRound,
            VerificationError::Offset => ApiError::UploadOffset,
            VerificationError::TooLarge => ApiError::TooLarge,
            VerificationError::Busy { again_after } => {
                ApiError::Busy { retry_after_s: u32::try_from(again_after.as_secs()).unwrap_or(u32::MAX) }
            }
            VerificationError::Unavailable(cause) => ApiError::Unavailable(cause),
        }
    }
}
