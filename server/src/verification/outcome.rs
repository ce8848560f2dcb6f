//! What goes into an attempt and what comes out of it: the upload, the answer, and why there may be none.

use engine::Reason;
use serde::{Deserialize, Serialize};

use crate::domain::ChallengeId;

/// What the browser sent.
#[derive(Clone)]
pub struct Upload {
    /// The challenge that it answers.
    pub challenge_id: ChallengeId,
    /// The compact JWS.
    pub transcript: Vec<u8>,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
}

/// What the person is told, now and whenever the same request comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How this attempt ended.
    pub status: Outcome,
    /// Why, if it failed.
    pub reason: Option<Reason>,
    /// One sentence.
    pub message: String,
    /// How many more attempts this sitting has.
    pub attempts_left: u32,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// A live person was seen.
    Verified,
    /// None was.
    Failed,
}

/// Why a person gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveUp {
    /// No blink in time. Counts as an attempt.
    Timeout,
    /// They stopped it. Counts as none.
    Cancelled,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The sitting has no such challenge.
    #[error("no such challenge")]
    Unknown,
    /// Decided for another request.
    #[error("challenge already decided")]
    Used,
    /// Being scored.
    #[error("challenge is being scored")]
    InProgress,
    /// Too late.
    #[error("challenge expired")]
    Expired,
    /// More submissions than can be scored; the claim was given back.
    #[error("no capacity to score")]
    Busy,
    /// A fault of ours; the claim was given back.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for VerificationError {
    fn from(error: sqlx::Error) -> Self {
        VerificationError::Unavailable(format!("database: {error}"))
    }
}
