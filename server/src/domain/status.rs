//! How an attempt ended, and the user's status after all attempts.

use serde::{Deserialize, Serialize};

/// A user's standing. Once `Verified`, it changes only when an operator declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum UserStatus {
    /// Registered, nothing decided yet.
    Pending,
    /// A live person controlled the mailbox.
    Verified,
    /// The last counted attempt was rejected; more may follow.
    Failed,
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AttemptStatus {
    /// A live person was seen.
    Verified,
    /// No live person was seen.
    Failed,
}

impl AttemptStatus {
    /// As it is stored and listed.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptStatus::Verified => "VERIFIED",
            AttemptStatus::Failed => "FAILED",
        }
    }
}
