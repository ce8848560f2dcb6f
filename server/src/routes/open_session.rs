//! Opening a session at the camera, for a link or for a check.

use super::error::ApiError;
use crate::app::AppState;
use crate::checks;
use crate::db::checks::Check;
use crate::db::sessions::{NewSession, Session};
use crate::db::{Connection, claims, sessions};
use crate::domain::{EndReason, HashedToken, SessionId, UserId, Way};

/// Whose session is opened, and which ones it replaces.
pub(super) struct Opening<'a> {
    pub(super) user: &'a UserId,
    pub(super) check: Option<&'a Check>,
    /// The last session of the link or the check.
    pub(super) before: Option<&'a SessionId>,
    /// The browser's own session, if it is live.
    pub(super) presented: Option<&'a Session>,
    /// Why the sessions before end, if the check moves to another device.
    pub(super) end_reason: Option<EndReason>,
    /// How the check comes to this device, if another one hands it over.
    pub(super) handoff: Option<Way>,
    /// The hash of the new session's secret.
    pub(super) secret: HashedToken,
}

/// Opens it, within a transaction that holds the user's lock. Opening again brings no new attempts.
pub(super) async fn open(
    app: &AppState,
    db: &mut Connection,
    opening: Opening<'_>,
    now: i64,
) -> Result<SessionId, ApiError> {
    let Opening { user, check, before, presented, end_reason, handoff, secret } = opening;
    let attempts = match before {
        // An attempt that is being decided may still count.
        Some(before) if claims::is_scoring(db, before, now).await? => return Err(ApiError::SubmissionInProgress),
        Some(before) => match check.filter(|check| check.front_door == 0) {
            Some(check) => check.attempts,
            None => sessions::attempts(db, before).await?,
        },
        None => check.map_or(0, |check| check.attempts),
    };
    let mut ended: Vec<_> = before.into_iter().chain(presented.map(|session| &session.id)).collect();
    // The presented one may be another user's. Ended in order of id, to avoid deadlocks.
    ended.sort_unstable_by_key(|id| id.as_str());
    for session in ended {
        let reason = end_reason.filter(|_| before == Some(session));
        sessions::end(db, session, reason, now).await?;
    }
    let new = NewSession {
        id: SessionId::new(now),
        user_id: user.clone(),
        secret,
        check_id: check.map(|check| check.id.clone()),
        attempts,
        handoff,
        created_at: now,
        expires_at: now + app.limits.session_ttl_ms,
    };
    sessions::insert(db, &new).await?;
    if let Some(check) = check {
        checks::opened(db, &check.id, &new.id, now).await?;
    }
    Ok(new.id)
}
