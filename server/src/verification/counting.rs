//! What an outcome changes beyond its attempt: the counts of session and mailbox, the user's status, the link.

use engine::Reason;

use crate::config::CoolDown;
use crate::cool_down;
use crate::db::sessions::{self, Session};
use crate::db::{Connection, tokens, users};
use crate::domain::ChallengeId;

/// Whether a rejected attempt counts. It does not if the person cancelled, nor if the page was older than the server,
/// since only reloading helps then.
fn counts(reason: Reason) -> bool {
    !matches!(reason, Reason::Cancelled | Reason::EngineVersion)
}

/// Counts the attempt if it failed and that counts. Returns how many attempts of the session have counted so far.
pub(super) async fn count(
    cool_down: CoolDown,
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
    reason: Option<Reason>,
    now: i64,
) -> sqlx::Result<u32> {
    if !reason.is_some_and(counts) {
        return sessions::attempts(db, &session.id).await;
    }
    cool_down::note_failure(db, cool_down, &session.email, challenge, now).await?;
    sessions::count_attempt(db, &session.id).await
}

/// Updates the user's status. A verified user no longer needs the link, so it is used up and nobody else can open it.
pub(super) async fn settle(
    db: &mut Connection,
    session: &Session,
    reason: Option<Reason>,
    now: i64,
) -> sqlx::Result<()> {
    match reason {
        None => {
            users::set_verified(db, &session.user_id, now).await?;
            tokens::use_up(db, &session.user_id, now).await
        }
        Some(reason) if counts(reason) => users::set_failed(db, &session.user_id, now).await,
        Some(_) => Ok(()),
    }
}
