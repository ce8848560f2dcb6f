//! The claim on a challenge. One request at a time holds it; it is released if nothing was decided. Under overload,
//! requests are rejected before they claim.

use super::outcome::{AttemptAnswer, VerificationError};
use crate::clock;
use crate::db::challenges::{self, Challenge, ChallengeState};
use crate::db::claims::{self, Claim};
use crate::db::sessions::Session;
use crate::db::{Connection, Db, LockScope, check_states};
use crate::domain::{ChallengeId, LeaseId};

/// How long a claim lasts. Longer than scoring and storing can take.
const LEASE_MS: i64 = 60_000;
/// After a fault of ours, the time that is left to send the same submission again.
const RETRY_MS: i64 = 60_000;
/// A request rejected with more time left than this can be retried before the challenge expires, so nothing is
/// recorded.
const EXPIRES_SOON_MS: i64 = RETRY_MS / 2;

/// A challenge that this request has claimed.
#[derive(Clone)]
pub(super) struct HeldClaim {
    pub(super) challenge: Box<Challenge>,
    pub(super) lease: LeaseId,
}

/// The result of claiming.
pub(super) enum Claimed {
    Mine(HeldClaim),
    /// The same request was answered before.
    Answered(AttemptAnswer),
}

/// Claims the challenge for the request named by `key` (`None`: giving up).
pub(super) async fn claim(
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
    key: Option<&str>,
) -> Result<Claimed, VerificationError> {
    let now = clock::now_ms();
    match claims::claim(db, challenge, &session.id, key, now, now + LEASE_MS).await? {
        // The clock was set back, so nobody can tell how much time has passed; the person must not pay for that. The
        // caller drops the transaction, and the claim with it.
        Claim::Granted(challenge, _) if challenge.issued_at > now => Err(VerificationError::Expired),
        Claim::Granted(challenge, lease) => Ok(Claimed::Mine(HeldClaim { challenge, lease })),
        Claim::Answered(answer) => serde_json::from_str(&answer)
            .map(Claimed::Answered)
            .map_err(|error| VerificationError::Unavailable(format!("stored answer: {error}"))),
        Claim::Unknown => Err(VerificationError::Unknown),
        Claim::Used => Err(VerificationError::Used),
        Claim::InProgress => Err(VerificationError::InProgress),
        Claim::Expired => Err(VerificationError::Expired),
    }
}

/// Whether the challenge is open and the request can be retried later. If so, it is refused now, and that is noted: if
/// nobody retries, it was a fault of ours.
pub(super) async fn put_off(db: &Db, session: &Session, challenge: &ChallengeId) -> Result<bool, VerificationError> {
    let found = challenges::find(&mut db.read().await?, challenge, &session.id).await?;
    let Some(found) = found.filter(|found| found.state == ChallengeState::Issued && has_time(found)) else {
        return Ok(false);
    };
    if found.fault_at.is_none() {
        let mut tx = db.write(LockScope::User(&session.user_id)).await?;
        challenges::note_fault(&mut tx, challenge, clock::now_ms()).await?;
        tx.commit().await?;
    }
    Ok(true)
}

/// Whether the challenge will still be open at the next retry.
pub(super) fn has_time(challenge: &Challenge) -> bool {
    challenge.expires_at > clock::now_ms() + EXPIRES_SOON_MS
}

/// Releases the claim. If that fails, the lease expires by itself.
pub(super) async fn release(db: &Db, HeldClaim { challenge, lease }: &HeldClaim) {
    let released = async {
        let mut tx = db.write(LockScope::Nothing).await?;
        let now = clock::now_ms();
        claims::release(&mut tx, &challenge.id, lease, now, now + RETRY_MS).await?;
        check_states::set_checking(&mut tx, &challenge.session_id, false).await?;
        tx.commit().await
    };
    if let Err(error) = released.await {
        tracing::warn!(challenge = %challenge.id, %error, "a claim could not be released; its lease will expire");
    }
}
