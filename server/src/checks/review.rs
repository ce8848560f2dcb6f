//! What an operator's decision about an attempt means for its check.

use crate::db::Connection;
use crate::db::check_states::{self, Finish};
use crate::db::checks;
use crate::domain::{CheckStatus, Decision, EventId, SiteEventType};

/// How a check says that a person, and not the engine, decided.
const REVIEWED: &str = "reviewed";

/// Moves the check on that the event belongs to. Returns whether the decision also concerns the user: it does not if
/// only a site vouched for the mailbox.
///
/// # Errors
/// The database failed.
pub async fn reviewed(db: &mut Connection, event: &EventId, decision: Decision, now_ms: i64) -> sqlx::Result<bool> {
    let Some(id) = checks::by_event(db, event).await? else { return Ok(true) };
    let Some(check) = checks::get(db, &id).await? else { return Ok(true) };
    let concerns_user = check.gate.proves_mailbox();
    let told = match (decision, check.status) {
        (Decision::Approve, CheckStatus::Review) => {
            check_states::end_review(db, &id, CheckStatus::Verified, now_ms).await?.then_some(SiteEventType::Verified)
        }
        (Decision::Approve, status) if status.is_going_on() => {
            let finish = Finish { method: Some(REVIEWED), event: Some(event), ..Finish::default() };
            let ended = check_states::end(db, &id, CheckStatus::Verified, &finish, now_ms).await?;
            ended.then_some(SiteEventType::Verified)
        }
        (Decision::Decline, CheckStatus::Review) => {
            check_states::end_review(db, &id, CheckStatus::Failed, now_ms).await?.then_some(SiteEventType::Failed)
        }
        (Decision::Decline, CheckStatus::Verified) => {
            check_states::revoke(db, &id, now_ms).await?.then_some(SiteEventType::Revoked)
        }
        // The results of the others are final, or there is nothing to take back.
        (Decision::Approve | Decision::Decline, _) => None,
    };
    if let Some(told) = told {
        super::tell(db, &id, told, now_ms).await?;
    }
    Ok(concerns_user)
}
