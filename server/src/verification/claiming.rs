//! The claim on a challenge: one submission at a time has it, gives it back where nothing was decided, and is turned away
//! before it asks for it where there is no room.

use super::VerificationError;
use super::outcome::Answer;
use crate::app::App;
use crate::clock;
use crate::db::challenges::{self, Challenge, Claim, State};
use crate::db::sessions::Session;
use crate::db::{Connection, Hold};
use crate::domain::{ChallengeId, LeaseId};

/// How long a claim holds. Longer than scoring and storing can take.
const LEASE_MS: i64 = 60_000;
/// After a fault of ours, so much time is left to send the same submission again.
const RETRY_MS: i64 = 60_000;
/// Who is turned away with more time left than this can come again before it is over: nothing needs to be written down.
const SOON_OVER_MS: i64 = RETRY_MS / 2;

/// What came of asking for a claim.
pub(super) enum Claimed {
    Mine(Box<Challenge>, LeaseId),
    Answered(Answer),
}

/// Claims the challenge for the request named by `key` (`None`: giving up).
pub(super) async fn claim(
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
    key: Option<&str>,
) -> Result<Claimed, VerificationError> {
    let now = clock::now_ms();
    match challenges::claim(db, challenge, &session.id, key, now, now + LEASE_MS).await? {
        // The clock was put back since: how much time passed nobody can tell, and the person is not to pay for that. The caller
        // drops the transaction, and with it the claim.
        Claim::Granted(challenge, _) if challenge.issued_at > now => Err(VerificationError::Expired),
        Claim::Granted(challenge, lease) => Ok(Claimed::Mine(challenge, lease)),
        Claim::Answered(answer) => serde_json::from_str(&answer)
            .map(Claimed::Answered)
            .map_err(|error| VerificationError::Unavailable(format!("stored answer: {error}"))),
        Claim::Unknown => Err(VerificationError::Unknown),
        Claim::Used => Err(VerificationError::Used),
        Claim::InProgress => Err(VerificationError::InProgress),
        Claim::Expired => Err(VerificationError::Expired),
    }
}

/// Whether the challenge waits for a submission, and for longer than until the next try. If not, the long way gives it time.
pub(super) async fn can_wait(app: &App, session: &Session, challenge: &ChallengeId) -> Result<bool, VerificationError> {
    let found = challenges::find(&mut app.db.read().await?, challenge, &session.id).await?;
    Ok(found.is_some_and(|found| found.state == State::Issued && has_time(&found)))
}

/// Whether it lasts longer than until the next try.
pub(super) fn has_time(challenge: &Challenge) -> bool {
    challenge.expires_at > clock::now_ms() + SOON_OVER_MS
}

/// Gives the claim back. If that fails too, the lease ends by itself.
pub(super) async fn release(app: &App, challenge: &ChallengeId, lease: &LeaseId) {
    let released = async {
        let mut tx = app.db.write(Hold::Nothing).await?;
        challenges::release(&mut tx, challenge, lease, clock::now_ms() + RETRY_MS).await?;
        tx.commit().await
    };
    if let Err(error) = released.await {
        tracing::warn!(%challenge, %error, "a claim could not be given back; it ends with its lease");
    }
}
