//! Uploads: a submission arrives in chunks, each starting where the one before ended, until it is complete.
//!
//! Chunks are stored in the database, so any process can continue with the next one, also after a restart. They belong
//! to one challenge of one session and are removed when that challenge is decided, replaced or expired.
//!
//! They are stored sealed. Each request derives the key from the session's cookie, which only the browser keeps. So no
//! byte of a picture is written in clear, not even into a write-ahead log or a backup of it, and what is left over
//! cannot be opened without the browser.

use super::claiming::put_off;
use super::outcome::VerificationError;
use crate::clock;
use crate::db::challenges::{self, Challenge, ChallengeState};
use crate::db::sessions::Session;
use crate::db::{Connection, Db, LockScope, uploads};
use crate::domain::{ChallengeId, SealingKey};
use crate::scoring::ScoringPool;

/// How long after its lease a claim can still be taken over by a repeated request.
pub(super) const TAKE_OVER_MS: i64 = 600_000;

/// Where uploads go, and what limits them.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the types say it")]
pub struct Uploads<'a> {
    pub db: &'a Db,
    pub scoring: &'a ScoringPool,
    /// Most bytes of one upload.
    pub max_bytes: u64,
}

impl Uploads<'_> {
    /// How many bytes of the upload named by `key` have arrived.
    ///
    /// # Errors
    /// [`VerificationError`]: the challenge takes no bytes, or not now.
    pub async fn received(
        self,
        session: &Session,
        challenge: &ChallengeId,
        key: &str,
    ) -> Result<u64, VerificationError> {
        let mut db = self.db.read().await?;
        require_open(&mut db, session, challenge).await?;
        Ok(uploads::received(&mut db, challenge, key).await?)
    }

    /// Seals and stores the chunk that follows the first `start` bytes of the upload named by `key`. Returns how many
    /// bytes have arrived now.
    ///
    /// Under overload, new uploads that can wait are rejected early, so that nobody uploads for nothing, and no CPU
    /// time is taken from admitted submissions.
    ///
    /// # Errors
    /// [`VerificationError::Offset`] if not exactly `start` bytes have arrived, [`VerificationError::TooLarge`] if there
    /// would be too many, [`VerificationError::Busy`] if the upload should start later, and as [`Uploads::received`].
    pub async fn append(
        self,
        session: &Session,
        challenge: &ChallengeId,
        (key, seal): (&str, &SealingKey),
        start: u64,
        bytes: &[u8],
    ) -> Result<u64, VerificationError> {
        let Uploads { db, scoring, max_bytes } = self;
        let end = start.saturating_add(bytes.len() as u64);
        if end > max_bytes {
            return Err(VerificationError::TooLarge);
        }
        let is_full = || scoring.is_overloaded() && scoring.free_permits() == 0;
        if start == 0 && is_full() && put_off(db, session, challenge).await? {
            return Err(VerificationError::Busy { retry_after: scoring.reject() });
        }
        let mut tx = db.write(LockScope::User(&session.user_id)).await?;
        require_open(&mut tx, session, challenge).await?;
        if uploads::received(&mut tx, challenge, key).await? != start {
            return Err(VerificationError::Offset);
        }
        let sealed = seal.seal(&context(challenge, key, start.cast_signed()), bytes);
        uploads::append(&mut tx, challenge, key, start, &sealed).await?;
        tx.commit().await?;
        Ok(end)
    }
}

/// The bytes of an upload. `None` if they were sealed with another key.
pub(super) fn opened(
    challenge: &ChallengeId,
    key: &str,
    seal: &SealingKey,
    chunks: &[(i64, Vec<u8>)],
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (start, sealed) in chunks {
        bytes.extend(seal.open(&context(challenge, key, *start), sealed).ok()?);
    }
    Some(bytes)
}

/// The associated data that ties a sealed chunk to its position.
fn context(challenge: &ChallengeId, key: &str, start: i64) -> Vec<u8> {
    format!("{challenge} {key} {start}").into_bytes()
}

/// Removes uploads that can no longer be completed.
///
/// # Errors
/// The database failed.
pub async fn discard_stale(db: &Db) -> sqlx::Result<()> {
    let now = clock::now_ms();
    let mut tx = db.write(LockScope::Nothing).await?;
    uploads::discard_stale(&mut tx, now, now - TAKE_OVER_MS).await?;
    tx.commit().await
}

/// Finds the challenge if it takes bytes: if it could be claimed now.
pub(super) async fn require_open(
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
) -> Result<Challenge, VerificationError> {
    let found = challenges::find(db, challenge, &session.id).await?.ok_or(VerificationError::Unknown)?;
    let now = clock::now_ms();
    match found.state {
        ChallengeState::Issued if found.expires_at > now => Ok(found),
        ChallengeState::Scoring if found.lease_until.is_some_and(|until| until <= now) => Ok(found),
        ChallengeState::Issued | ChallengeState::Superseded => Err(VerificationError::Expired),
        ChallengeState::Scoring => Err(VerificationError::InProgress),
        ChallengeState::Decided => Err(VerificationError::Used),
    }
}
