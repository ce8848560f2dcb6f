//! The audit: records what operators did and what was removed. Words and figures, no addresses.

use serde_json::Value;

use crate::db::Connection;
use crate::db::audit::{self, AuditEntry};
pub use crate::domain::Action;
use crate::domain::AuditId;
use crate::trail;

/// The actor of what the server does by itself.
pub const SERVER: &str = "the server";
/// The actor of requests with keys that are not valid.
pub const STRANGER: &str = "somebody without a valid key";

/// Records an action and its actor. Must be the last statement before the commit (see [`trail::add_event`]).
pub async fn note(db: &mut Connection, action: Action, actor: &str, figures: &Value, now_ms: i64) -> sqlx::Result<()> {
    let entry = AuditEntry {
        id: AuditId::new(now_ms),
        created_at: now_ms,
        action: action.as_str().to_owned(),
        actor: actor.to_owned(),
        details: figures.to_string(),
    };
    audit::insert(db, &entry).await?;
    trail::add_audit(db, &entry).await
}
