//! The story of an upload: a submission arrives in chunks, each where the one before ended, until it is whole.
//!
//! What has arrived lies in the database, so that whichever process gets the next chunk can go on, also after a restart. It
//! belongs to one challenge of one session and goes with it: when that is decided, replaced or over.
//!
//! It lies there sealed, with a key that is made anew from the session's cookie in each request: the browser has it, and no
//! disk of ours. So no byte of a picture is written in clear, not even into a write-ahead log or a backup of it, and without
//! the browser nobody can open what is left.

use std::time::Duration;

use super::VerificationError;
use super::claiming::can_wait;
use crate::app::App;
use crate::clock;
use crate::db::challenges::{self, Challenge, State};
use crate::db::sessions::Session;
use crate::db::{Connection, Hold, uploads};
use crate::domain::ChallengeId;
use crate::sealing::SealingKey;

/// How often uploads are looked for that nobody will finish.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How long after its lease a claim may still be taken over by who sends the request again.
const TAKE_OVER_MS: i64 = 600_000;

/// How many bytes of the upload named by `key` have arrived.
///
/// # Errors
/// [`VerificationError`]: nothing more is taken for this challenge, or not now.
pub async fn received(
    app: &App,
    session: &Session,
    challenge: &ChallengeId,
    key: &str,
) -> Result<u64, VerificationError> {
    let mut db = app.db.read().await?;
    require_open(&mut db, session, challenge).await?;
    Ok(uploads::received(&mut db, challenge, key).await?)
}

/// Takes the chunk that follows `start` bytes of the upload named by `key`, and seals it; returns how many bytes have arrived
/// now.
///
/// Where many wait already, nobody begins who can as well begin later: an upload in vain costs the person's network, and our
/// processors time that those need who were taken.
///
/// # Errors
/// [`VerificationError::Offset`] if not exactly `start` bytes have arrived, [`VerificationError::TooLarge`] if there would
/// be too many, [`VerificationError::Busy`] if it is to begin later, and as [`received`].
pub async fn append(
    app: &App,
    session: &Session,
    challenge: &ChallengeId,
    (key, seal): (&str, &SealingKey),
    start: u64,
    bytes: &[u8],
) -> Result<u64, VerificationError> {
    let end = start.saturating_add(bytes.len() as u64);
    if end > app.limits.max_content_length {
        return Err(VerificationError::TooLarge);
    }
    if start == 0 && app.scoring.has_crowd() && app.scoring.room() == 0 && can_wait(app, session, challenge).await? {
        return Err(VerificationError::Busy { again_after: app.scoring.turn_away() });
    }
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    require_open(&mut tx, session, challenge).await?;
    if uploads::received(&mut tx, challenge, key).await? != start {
        return Err(VerificationError::Offset);
    }
    let sealed = seal.seal(&context(challenge, key, start.cast_signed()), bytes);
    uploads::append(&mut tx, challenge, key, start, &sealed).await?;
    tx.commit().await?;
    Ok(end)
}

/// All bytes of an upload. `None` if they were sealed with another key.
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

/// Where a chunk belongs.
fn context(challenge: &ChallengeId, key: &str, start: i64) -> Vec<u8> {
    format!("{challenge} {key} {start}").into_bytes()
}

/// Removes uploads that nobody can finish any more, again and again.
pub async fn sweep(app: App) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = discard_stale(&app).await {
            tracing::warn!(%error, "uploads that nobody will finish could not be removed");
        }
    }
}

/// Removes uploads that nobody can finish any more.
///
/// # Errors
/// What the database says.
pub async fn discard_stale(app: &App) -> sqlx::Result<()> {
    let now = clock::now_ms();
    let mut tx = app.db.write(Hold::Nothing).await?;
    uploads::discard_stale(&mut tx, now, now - TAKE_OVER_MS).await?;
    tx.commit().await
}

/// Only a challenge that could be claimed takes bytes.
pub(super) async fn require_open(
    db: &mut Connection,
    session: &Session,
    challenge: &ChallengeId,
) -> Result<Challenge, VerificationError> {
    let found = challenges::find(db, challenge, &session.id).await?.ok_or(VerificationError::Unknown)?;
    let now = clock::now_ms();
    match found.state {
        State::Issued if found.expires_at > now => Ok(found),
        State::Scoring if found.lease_until.is_some_and(|until| until <= now) => Ok(found),
        State::Issued | State::Superseded => Err(VerificationError::Expired),
        State::Scoring => Err(VerificationError::InProgress),
        State::Decided => Err(VerificationError::Used),
    }
}
