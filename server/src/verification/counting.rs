//! What an outcome means beyond its attempt: whether it counts, for the session and for the mailbox, and what becomes of the
//! user and the link.

use engine::Reason;

use crate::app::App;
use crate::db::sessions::{self, Session};
use crate::db::{Connection, tokens, users};
use crate::domain::ChallengeId;

/// Whether a rejected attempt counts. Not if the person stopped it, and not if the page was older than the server: loading
/// it again is all that helps.
fn counts(reason: Reason) -> bool {
    !matches!(reason, Reason::Cancelled | Reason::EngineVersion)
}

/// Counts an attempt that failed, and returns how many of the session have counted now.
pub(super) async fn count(
    app: &App,
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
    reason: Option<Reason>,
    now: i64,
) -> sqlx::Result<u32> {
    if !reason.is_some_and(counts) {
        return sessions::attempts(db, &session.id).await;
    }
    app.limits.cool_down.note_failure(db, &session.email, challenge, now).await?;
    sessions::count_attempt(db, &session.id).await
}

/// Writes down where the user stands. Who is verified needs the link no more, so nobody else can use it either.
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
