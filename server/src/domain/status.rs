//! What is known of a user.

use serde::{Deserialize, Serialize};

/// A user's standing. `Verified` is never taken back, but by an operator who declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "UPPERCASE")]
#[sqlx(type_name = "text", rename_all = "UPPERCASE")]
pub enum UserStatus {
    /// Registered, nothing decided yet.
    Pending,
    /// A live person controlled the mailbox.
    Verified,
    /// The last counted attempt was rejected; more may follow.
    Failed,
}
