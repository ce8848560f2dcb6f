//! What is written down about operators' doings and about what was removed: words and figures, no address.

use serde_json::Value;

use crate::db::Connection;
use crate::db::audit::{self, Entry};
use crate::domain::AuditId;
use crate::trail;

/// What happened. Words are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A user was erased.
    UserErased,
    /// Captures were removed because their time was over.
    CapturesExpired,
    /// Captures that no event names were removed.
    OrphansRemoved,
    /// Somebody looked at a capture.
    CaptureViewed,
    /// Somebody took what a decision rests on.
    BundleTaken,
    /// Somebody made an address count as verified, or as failed.
    EventReviewed,
    /// A key was made.
    KeyAdded,
    /// A key was revoked.
    KeyRevoked,
    /// The captures' master key was replaced.
    MasterKeyRotated,
}

/// Who the sweep is, where it says who did something.
pub const SWEEP: &str = "the server";

impl Action {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::UserErased => "user_erased",
            Action::CapturesExpired => "captures_expired",
            Action::OrphansRemoved => "orphans_removed",
            Action::CaptureViewed => "capture_viewed",
            Action::BundleTaken => "bundle_taken",
            Action::EventReviewed => "event_reviewed",
            Action::KeyAdded => "key_added",
            Action::KeyRevoked => "key_revoked",
            Action::MasterKeyRotated => "master_key_rotated",
        }
    }
}

/// Writes it down, with whoever did it. The last thing before the commit ([`trail::add_event`]).
///
/// # Errors
/// What the database says.
pub async fn note(db: &mut Connection, action: Action, actor: &str, figures: &Value, now_ms: i64) -> sqlx::Result<()> {
    let entry = Entry {
        id: AuditId::new(now_ms),
        created_at: now_ms,
        action: action.as_str().to_owned(),
        actor: actor.to_owned(),
        details: figures.to_string(),
    };
    audit::insert(db, &entry).await?;
    trail::add_audit(db, &entry).await
}
