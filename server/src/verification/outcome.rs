//! What goes into an attempt and what comes out of it: the upload, the answer, and why there may be none.

use std::time::Duration;

use engine::Reason;
use engine::budget::{CAPTURE_MAX_BYTES, STRIP_MAX_BYTES, TRANSCRIPT_MAX_BYTES};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::AttemptStatus;

/// The sizes of an upload's parts, each within its limit.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    transcript: usize,
    open: usize,
    closed: usize,
    strip: usize,
}

impl Lengths {
    /// `None` if a part is larger than it may be.
    pub fn new(transcript: usize, open: usize, closed: usize, strip: usize) -> Option<Lengths> {
        let fits =
            transcript <= TRANSCRIPT_MAX_BYTES && open.max(closed) <= CAPTURE_MAX_BYTES && strip <= STRIP_MAX_BYTES;
        fits.then_some(Lengths { transcript, open, closed, strip })
    }
}

/// What the browser sent.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The compact JWS.
    pub transcript: Vec<u8>,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
    /// JPEG of the evidence strip.
    pub strip: Vec<u8>,
}

impl Upload {
    /// Takes the parts, which follow each other in `bytes`. `None` if they are more or fewer bytes than that.
    pub fn split(mut bytes: Vec<u8>, Lengths { transcript, open, closed, strip }: Lengths) -> Option<Upload> {
        if bytes.len() != transcript + open + closed + strip {
            return None;
        }
        let strip = bytes.split_off(transcript + open + closed);
        let closed = bytes.split_off(transcript + open);
        let open = bytes.split_off(transcript);
        Some(Upload { transcript: bytes, open, closed, strip })
    }

    /// SHA-256 of each picture's file, in hexadecimal.
    pub fn picture_hashes(&self) -> Vec<String> {
        let hash = |bytes: &Vec<u8>| hex::encode(Sha256::digest(bytes));
        [&self.open, &self.closed, &self.strip].map(hash).into()
    }
}

/// What the person is told, now and whenever the same request comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How this attempt ended.
    pub status: AttemptStatus,
    /// Why, if it failed.
    pub reason: Option<Reason>,
    /// One sentence.
    pub message: String,
    /// How many more attempts this session has.
    pub attempts_left: u32,
}

/// How an attempt ends that is rejected for this reason, if for any.
pub(super) fn status_of(reason: Option<Reason>) -> AttemptStatus {
    if reason.is_none() { AttemptStatus::Verified } else { AttemptStatus::Failed }
}

/// Why a person gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveUp {
    /// Not all was done in time. Counts as an attempt.
    Timeout,
    /// What was asked for was not done, too often. Counts as an attempt.
    PromptMissed,
    /// They stopped it. Counts as none.
    Cancelled,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The session has no such challenge.
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
    /// Not all of the submission has arrived.
    #[error("upload incomplete")]
    Incomplete,
    /// A commitment that does not end the round that goes on.
    #[error("no such round")]
    Round,
    /// A chunk does not follow what has arrived.
    #[error("chunk out of place")]
    Offset,
    /// More bytes than a submission may have.
    #[error("upload too large")]
    TooLarge,
    /// More submissions than can be scored; the claim was given back.
    #[error("no capacity to score")]
    Busy {
        /// After so long it makes sense to come again.
        again_after: Duration,
    },
    /// A fault of ours; the claim was given back.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for VerificationError {
    fn from(error: sqlx::Error) -> Self {
        VerificationError::Unavailable(format!("database: {error}"))
    }
}
