//! What an ending costs: the attempts of session and mailbox, the user's status, the link.

use engine::Reason;

use super::outcome::VerificationError;
use crate::checks::{self, AttemptEnd, Bearing};
use crate::config::CoolDown;
use crate::cool_down;
use crate::db::attempts::{self, Ending};
use crate::db::challenges::Challenge;
use crate::db::sessions::{self, Session};
use crate::db::{Connection, tokens, users};
use crate::domain::{ChallengeId, EmailAddress};

/// What an ending costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// Nothing: the person is verified.
    Verified,
    /// One attempt.
    Counted,
    /// Nothing: one of the few that the person may leave.
    Free,
    /// Nothing: a fault of ours ended it.
    OurFault,
    /// Nothing: no cue was told, so nothing was learned.
    NoCue,
}

/// What is known about an attempt that ends, besides the reason.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// Whether it told a cue.
    pub(super) has_begun: bool,
    /// Whether a fault of ours may have kept the person from finishing.
    pub(super) our_fault: bool,
    /// Whether the mailbox may leave another attempt for free.
    pub(super) may_leave: bool,
}

impl Cost {
    /// `reason`: why it failed, if it did.
    pub(super) fn of(reason: Option<Reason>, Circumstances { has_begun, our_fault, may_leave }: Circumstances) -> Self {
        match reason {
            None => Cost::Verified,
            // Nothing was judged. A page older than the server gets its free attempts too: only reloading helps it.
            Some(Reason::Cancelled | Reason::Abandoned | Reason::EngineVersion) => match (has_begun, our_fault) {
                (false, _) => Cost::NoCue,
                (true, true) => Cost::OurFault,
                (true, false) if may_leave => Cost::Free,
                (true, false) => Cost::Counted,
            },
            Some(Reason::Timeout | Reason::PromptMissed) if our_fault => Cost::OurFault,
            Some(_) => Cost::Counted,
        }
    }

    /// Why a failed attempt was not counted, as events say it. Words are never renamed.
    pub(super) fn uncounted(self) -> Option<&'static str> {
        match self {
            Cost::Verified | Cost::Counted => None,
            Cost::Free => Some("free"),
            Cost::OurFault => Some("server_fault"),
            Cost::NoCue => Some("no_cue"),
        }
    }
}

/// Begins an attempt, as its first cue is told.
pub(super) async fn begin(
    db: &mut Connection,
    cool_down: CoolDown,
    session: &Session,
    challenge: &ChallengeId,
    now: i64,
) -> Result<(), VerificationError> {
    let standing = cool_down::standing(db, cool_down, &session.email, now).await?;
    if standing.rest_ms > 0 {
        // Another session of the mailbox used the last attempt after this challenge was issued.
        return Err(VerificationError::CoolingDown { retry_after_s: standing.rest_s() });
    }
    Ok(attempts::begin(db, challenge, &session.email.folded_key(), now).await?)
}

/// Records what an ending costs. Returns how many attempts of the session have counted so far.
pub(super) async fn count(
    db: &mut Connection,
    challenge: &Challenge,
    email: &EmailAddress,
    cost: Cost,
    ended_at: i64,
) -> sqlx::Result<u32> {
    let ending = match cost {
        Cost::Verified => Ending::Verified,
        Cost::Counted => Ending::Counted,
        Cost::Free => Ending::Free,
        Cost::OurFault | Cost::NoCue => {
            attempts::forget(db, &challenge.id).await?;
            return sessions::attempts(db, &challenge.session_id).await;
        }
    };
    attempts::end(db, &challenge.id, &email.folded_key(), ending, ended_at).await?;
    match cost {
        Cost::Counted => sessions::count_attempt(db, &challenge.session_id).await,
        _ => sessions::attempts(db, &challenge.session_id).await,
    }
}

/// Moves the check on and updates the user's status. A verified person no longer needs the link, so it is used up and
/// nobody else can open it. This is the only place where an attempt verifies a user. Returns whether it concerns the
/// user, and not only a check that another site vouches for or has ended.
pub(super) async fn settle(
    db: &mut Connection,
    challenge: &Challenge,
    cost: Cost,
    end: AttemptEnd<'_>,
    now: i64,
) -> sqlx::Result<bool> {
    let user = &challenge.user_id;
    let Bearing { concerns_user, check } = checks::attempt_ended(db, challenge, end, now).await?;
    if cost == Cost::Verified {
        tokens::use_up(db, user, check.as_ref().map(|check| &check.id), now).await?;
    }
    match cost {
        Cost::Verified if concerns_user => users::set_verified(db, user, now).await?,
        Cost::Counted if concerns_user => users::set_failed(db, user, now).await?,
        Cost::Verified | Cost::Counted | Cost::Free | Cost::OurFault | Cost::NoCue => {}
    }
    Ok(concerns_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_told_a_cue_counts_unless_it_is_free_or_a_fault_of_ours() {
        let left = [Reason::Cancelled, Reason::Abandoned, Reason::EngineVersion];
        for reason in Reason::ALL.into_iter().map(Some).chain([None]) {
            for [has_begun, our_fault, may_leave] in (0..8).map(|n| [n & 1 == 1, n & 2 == 2, n & 4 == 4]) {
                let cost = Cost::of(reason, Circumstances { has_begun, our_fault, may_leave });
                let expected = match reason {
                    None => Cost::Verified,
                    Some(reason) if left.contains(&reason) && !has_begun => Cost::NoCue,
                    Some(reason) if left.contains(&reason) && our_fault => Cost::OurFault,
                    Some(reason) if left.contains(&reason) && may_leave => Cost::Free,
                    Some(Reason::Timeout | Reason::PromptMissed) if our_fault => Cost::OurFault,
                    Some(_) => Cost::Counted,
                };
                assert_eq!(cost, expected, "{reason:?} {has_begun} {our_fault} {may_leave}");
            }
        }
    }
}
