//! How an attempt ends: its answer, or why there is none.

use std::time::Duration;

use engine::Reason;
use serde::{Deserialize, Serialize};

use crate::domain::AttemptStatus;

/// The answer to an attempt, the same each time the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptAnswer {
    /// How this attempt ended.
    pub status: AttemptStatus,
    /// Why it failed, if it did.
    pub reason: Option<Reason>,
    /// One sentence for the person.
    pub message: String,
    /// How many more attempts there are before the mailbox must wait or the session has none left.
    pub attempts_left: u32,
    /// Seconds that the mailbox must wait from now on; 0 if it need not.
    #[serde(default)]
    pub cool_down_s: u32,
}

/// `reason`: why the attempt was rejected, if it was.
pub(super) fn status_of(reason: Option<Reason>) -> AttemptStatus {
    if reason.is_none() { AttemptStatus::Verified } else { AttemptStatus::Failed }
}

/// Why an attempt ends without a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveUp {
    /// The time ran out. Counts as an attempt.
    Timeout,
    /// A prompt was missed too often. Counts as an attempt.
    PromptMissed,
    /// The person cancelled. Counts once a cue was told, but two an hour are free.
    Cancelled,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The session has no such challenge.
    #[error("no such challenge")]
    Unknown,
    /// The challenge was decided by another request.
    #[error("challenge already decided")]
    Used,
    /// Another request is being scored.
    #[error("challenge is being scored")]
    InProgress,
    /// The challenge has expired or was replaced.
    #[error("challenge expired")]
    Expired,
    /// The mailbox must wait before it may begin another attempt.
    #[error("mailbox must wait")]
    CoolingDown {
        /// For how many seconds.
        retry_after_s: u32,
    },
    /// Not all of the submission has arrived.
    #[error("upload incomplete")]
    Incomplete,
    /// The commitment does not end the current round.
    #[error("no such round")]
    Round,
    /// The chunk does not start where the upload ends.
    #[error("chunk out of place")]
    Offset,
    /// More bytes than a submission may have.
    #[error("upload too large")]
    TooLarge,
    /// More submissions than can be scored; the claim was released.
    #[error("no capacity to score")]
    Busy {
        /// The delay after which to retry.
        retry_after: Duration,
    },
    /// A fault of ours; the claim was released.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for VerificationError {
    fn from(error: sqlx::Error) -> Self {
        VerificationError::Unavailable(format!("database: {error}"))
    }
}
