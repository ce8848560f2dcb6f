//! Changes of a check's state that no attempt brings about.

use crate::db::check_redaction;
use crate::db::check_states::{self, Finish};
use crate::db::checks::{self, Check};
use crate::db::{Connection, Db, LockScope, sessions};
use crate::domain::{CheckId, CheckStatus, SessionId, SiteEventType};

use super::create::TestResult;

/// Checks that are read at a time.
const BATCH: u32 = 100;

/// Records that the check's person has a session at the camera.
///
/// # Errors
/// The database failed.
pub async fn opened(db: &mut Connection, check: &CheckId, session: &SessionId, now_ms: i64) -> sqlx::Result<()> {
    if check_states::open(db, check, session, now_ms).await? {
        super::tell(db, check, SiteEventType::Opened, now_ms).await?;
    }
    Ok(())
}

/// Ends the check at the site's wish. Returns whether it was going on.
///
/// # Errors
/// The database failed.
pub async fn cancel(db: &mut Connection, check: &Check, now_ms: i64) -> sqlx::Result<bool> {
    end(db, &check.id, CheckStatus::Canceled, SiteEventType::Canceled, now_ms).await
}

/// Cuts the check off from its person, whom others erase, and ends it if it was going on.
///
/// # Errors
/// The database failed.
pub async fn redacted(db: &mut Connection, check: &CheckId, now_ms: i64) -> sqlx::Result<()> {
    end(db, check, CheckStatus::Canceled, SiteEventType::Canceled, now_ms).await?;
    if check_redaction::blank(db, check, now_ms).await? {
        super::tell(db, check, SiteEventType::Redacted, now_ms).await?;
    }
    Ok(())
}

/// Ends the checks that nobody finished in time.
///
/// # Errors
/// The database failed.
pub async fn expire_due(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    loop {
        let overdue = check_states::overdue(&mut db.read().await?, now_ms, BATCH).await?;
        for id in &overdue {
            // With the lock on its user, since an attempt may be decided right now.
            let user = checks::get(&mut db.read().await?, id).await?.and_then(|check| check.user_id);
            let mut tx = db.write(user.as_ref().map_or(LockScope::Nothing, LockScope::User)).await?;
            end(&mut tx, id, CheckStatus::Expired, SiteEventType::Expired, now_ms).await?;
            tx.commit().await?;
        }
        if overdue.len() < BATCH as usize {
            return Ok(());
        }
    }
}

/// Decides the slow checks of test mode whose time has come.
///
/// # Errors
/// The database failed.
pub async fn decide_due(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    let due = check_states::to_decide(&mut db.read().await?, now_ms, BATCH).await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = db.write(LockScope::Nothing).await?;
    for check in &due {
        TestResult::Pass.apply(&mut tx, check, now_ms).await?;
    }
    tx.commit().await
}

async fn end(
    db: &mut Connection,
    check: &CheckId,
    status: CheckStatus,
    told: SiteEventType,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let session = checks::get(db, check).await?.and_then(|check| check.session_id);
    let ended = check_states::end(db, check, status, &Finish::default(), now_ms).await?;
    if ended {
        if let Some(session) = session {
            sessions::end(db, &session, None, now_ms).await?;
        }
        super::tell(db, check, told, now_ms).await?;
    }
    Ok(ended)
}
