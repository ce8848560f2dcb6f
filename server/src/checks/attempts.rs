//! What the end of an attempt means for its check, and for the user behind it.

use engine::Reason;
use serde_json::json;

use super::events::tell_about;
use crate::db::Connection;
use crate::db::challenges::Challenge;
use crate::db::check_states::{self, Finish};
use crate::db::checks::{self, Check};
use crate::domain::{CheckStatus, EventId, SiteEventType};

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub struct AttemptEnd<'a> {
    /// Why it failed, if it did.
    pub reason: Option<Reason>,
    /// Whether it counts as a failed attempt.
    pub is_counted: bool,
    /// How many more there are in the session.
    pub attempts_left: u32,
    /// Whether an operator should look at it before anybody relies on it.
    pub is_marked: bool,
    /// Digest of its evidence.
    pub evidence_sha256: Option<&'a str>,
    /// Its event.
    pub event: Option<&'a EventId>,
}

/// What the end of an attempt means for the user behind it.
#[derive(Clone, Debug)]
pub struct Bearing {
    /// Whether the attempt says something about the user: that a person who controls the mailbox was seen, or was not.
    /// It does not if only a site vouched for the mailbox, or if the check had ended meanwhile.
    pub concerns_user: bool,
    /// The check, unless it began at the register page.
    pub check: Option<Check>,
}

/// Moves the attempt's check on, if it has one.
///
/// # Errors
/// The database failed.
pub async fn attempt_ended(
    db: &mut Connection,
    challenge: &Challenge,
    end: AttemptEnd<'_>,
    now_ms: i64,
) -> sqlx::Result<Bearing> {
    let Some(check) = checks::of_session(db, &challenge.session_id).await? else {
        return Ok(Bearing { concerns_user: true, check: None });
    };
    check_states::add_attempt(db, &check.id, &challenge.id, now_ms).await?;
    let moved = match end.reason {
        None => accepted(db, &check, challenge, end, now_ms).await?,
        Some(reason) if end.is_counted => rejected(db, &check, reason, end.attempts_left, now_ms).await?,
        Some(_) => {
            check_states::set_checking(db, &challenge.session_id, false).await?;
            false
        }
    };
    let concerns_user = moved && check.gate.proves_mailbox();
    Ok(Bearing { concerns_user, check: Some(check).filter(|check| check.front_door == 0) })
}

async fn accepted(
    db: &mut Connection,
    check: &Check,
    challenge: &Challenge,
    end: AttemptEnd<'_>,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let (status, told) = if end.is_marked {
        (CheckStatus::Review, SiteEventType::Review)
    } else {
        (CheckStatus::Verified, SiteEventType::Verified)
    };
    let finish = Finish {
        method: Some(&challenge.policy),
        thresholds: Some(&challenge.thresholds),
        evidence_sha256: end.evidence_sha256,
        handoff: Some(challenge.handoff.as_str()).filter(|way| !way.is_empty()),
        event: end.event,
    };
    let moved = check_states::end(db, &check.id, status, &finish, now_ms).await?;
    if moved {
        super::tell(db, &check.id, told, now_ms).await?;
    }
    Ok(moved)
}

async fn rejected(
    db: &mut Connection,
    check: &Check,
    reason: Reason,
    attempts_left: u32,
    now_ms: i64,
) -> sqlx::Result<bool> {
    if !check_states::count_failure(db, &check.id, reason.code()).await? {
        return Ok(false);
    }
    if attempts_left == 0 {
        check_states::end(db, &check.id, CheckStatus::Failed, &Finish::default(), now_ms).await?;
    }
    let Some(now) = checks::get(db, &check.id).await? else { return Ok(true) };
    let told = if attempts_left == 0 { SiteEventType::Failed } else { SiteEventType::AttemptFailed };
    let more = json!({ "code": reason.code(), "attempts_left": attempts_left });
    tell_about(db, &now, told, more, now_ms).await?;
    Ok(true)
}
