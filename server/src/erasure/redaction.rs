//! Redacting a check: the address and the pictures that it brought go. If nothing else needs the mailbox, the user goes
//! too, with the key of its captures. Everything may be repeated after an interruption.

use serde_json::json;

use super::{Eraser, RemovalError, remove};
use crate::audit::{self, Action};
use crate::checks;
use crate::db::checks::Check;
use crate::db::{LockScope, check_redaction, erasure};

/// Redacts the check.
///
/// # Errors
/// The database or the captures' store failed; repeating the call continues.
pub async fn redact(eraser: &Eraser<'_>, check: &Check, actor: &str, now_ms: i64) -> Result<(), RemovalError> {
    let Eraser { db, captures, mail } = eraser;
    let stored = check_redaction::events_of(&mut db.read().await?, &check.id).await?;
    remove(captures, &stored).await?;

    let scope = check.user_id.as_ref().map_or(LockScope::Nothing, LockScope::User);
    let mut tx = db.write(scope).await?;
    // An attempt may have been decided in the meantime.
    let late = check_redaction::events_of(&mut tx, &check.id).await?;
    let pseudonym = format!("erased-{}", check.id);
    for event in &late {
        check_redaction::erase_event(&mut tx, &event.event, &pseudonym, now_ms).await?;
    }
    checks::redacted(&mut tx, &check.id, now_ms).await?;
    let mut gone = None;
    if let Some(id) = &check.user_id
        && !check_redaction::is_needed(&mut tx, id).await?
        && let Some(user) = erasure::find_users(&mut tx, std::slice::from_ref(id)).await?.pop()
    {
        let mails = erasure::mails_of(&mut tx, id).await?;
        erasure::erase(&mut tx, &user, &pseudonym, now_ms).await?;
        gone = Some((id, mails));
    }
    let events: Vec<_> = late.iter().map(|event| &event.event).collect();
    // With these ids, verifying the trail can distinguish erased events from tampered ones.
    let kept = check.user_id.as_ref().filter(|_| gone.is_none());
    let figures = json!({
        "check": check.id,
        "site": check.site_id,
        "user_erased": gone.is_some(),
        "user_kept": kept,
        "events": events,
    });
    audit::note(&mut tx, Action::CheckRedacted, actor, &figures, now_ms).await?;
    tx.commit().await?;

    if late != stored {
        remove(captures, &late).await?;
    }
    if let Some((user, mails)) = gone {
        mail.forget(&mails);
        // If this fails, the sweep does it: the database names the user among those erased.
        captures.erase_key(user).await?;
    }
    db.forget_deleted().await?;
    Ok(())
}
