//! The events of checks. They name nobody: whoever wants more asks with the site's key.

use serde_json::{Value, json};

use crate::db::Connection;
use crate::db::checks::{self, Check};
use crate::db::deliveries;
use crate::db::site_events::{self, SiteEvent};
use crate::domain::{CheckId, SiteEventId, SiteEventType};

/// Adds an event about the check as it is now.
///
/// # Errors
/// The database failed.
pub async fn tell(db: &mut Connection, check: &CheckId, what: SiteEventType, now_ms: i64) -> sqlx::Result<()> {
    let Some(check) = checks::get(db, check).await? else { return Ok(()) };
    tell_about(db, &check, what, json!({}), now_ms).await
}

/// Adds a new check's first event.
pub(super) async fn tell_created(db: &mut Connection, check: &Check, now_ms: i64) -> sqlx::Result<()> {
    add(db, check, (SiteEventType::Created, json!({})), SiteEventId::new(now_ms), now_ms).await
}

/// As [`tell`], with more about it.
pub(super) async fn tell_about(
    db: &mut Connection,
    check: &Check,
    what: SiteEventType,
    more: Value,
    now_ms: i64,
) -> sqlx::Result<()> {
    // Events of one check follow each other, however fast, so that they are listed in the order in which they happened.
    let last = site_events::last_of(db, &check.id).await?.and_then(|last| last.made_at());
    let id = SiteEventId::new(last.map_or(now_ms, |last| now_ms.max(last + 1)));
    add(db, check, (what, more), id, now_ms).await
}

async fn add(
    db: &mut Connection,
    check: &Check,
    (what, more): (SiteEventType, Value),
    id: SiteEventId,
    now_ms: i64,
) -> sqlx::Result<()> {
    let mut data = json!({
        "check": format!("chk_{}", check.id),
        "site": check.site_id,
        "reference": check.reference,
        "nonce": check.nonce,
        "status": check.status,
        "mailbox": check.gate.mailbox(),
        "method": check.method,
        "test": check.test != 0,
    });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    let event = SiteEvent {
        id,
        site_id: check.site_id.clone(),
        check_id: Some(check.id.clone()),
        kind: what,
        data: data.to_string(),
        test: check.test,
        created_at: now_ms,
    };
    site_events::insert(db, &event).await?;
    deliveries::fan_out(db, &event).await
}
