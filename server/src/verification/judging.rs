//! The decision itself: the engine's input, and the checks that the engine cannot make: whether our clock was set, and
//! whether the pictures were submitted before.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::prompt::Policy;
use engine::{Decision, Issued, Reason, Record, Terms, Verdict};

use super::outcome::VerificationError;
use super::served::served;
use crate::clock::{self, ClockSteps};
use crate::db::challenges::Challenge;
use crate::db::{Db, cues, pictures};
use crate::metrics;
use crate::scoring::{Permit, ScoringError, ScoringPool};
use crate::submission::Upload;

/// Longest scoring, including the wait for a worker.
const SCORING_TIMEOUT: Duration = Duration::from_secs(30);

/// The terms of a challenge and what the server has seen of it so far.
pub(super) async fn issued(db: &Db, challenge: &Challenge) -> Result<Issued, VerificationError> {
    let damaged = |what: &str| VerificationError::Unavailable(format!("stored {what} is damaged"));
    let terms = Terms {
        audience: challenge.audience.clone(),
        challenge_id: challenge.id.to_string(),
        nonce: challenge.nonce.clone(),
        attempt: challenge.attempt,
        timeout_ms: challenge.timeout_ms,
        thresholds: challenge.thresholds.clone(),
        policy: Policy::from_name(&challenge.policy).ok_or_else(|| damaged("policy"))?,
        turn: challenge.turn != 0,
        rate: challenge.rate,
        consent: challenge.consent.clone(),
    };
    let public_key = URL_SAFE_NO_PAD.decode(&challenge.public_key).ok().and_then(|key| key.try_into().ok());
    let public_key = public_key.ok_or_else(|| damaged("key"))?;
    let rounds = cues::list(&mut db.read().await?, &challenge.id).await?;
    let rounds = served(rounds, challenge.issued_at);
    let elapsed_ms = clock::now_ms().saturating_sub(challenge.issued_at).max(0).unsigned_abs();
    Ok(Issued { terms, public_key, rounds, elapsed_ms })
}

/// Has the engine judge the submission. Without a permit it asks for an urgent one: there is no time to retry.
pub(super) async fn score(
    scoring: &ScoringPool,
    permit: Option<Permit>,
    issued: &Issued,
    upload: &Upload,
) -> Result<Decision, VerificationError> {
    let Some(permit) = permit.or_else(|| scoring.try_admit_urgent()) else {
        return Err(VerificationError::Busy { retry_after: scoring.reject() });
    };
    let begun = Instant::now();
    match tokio::time::timeout(SCORING_TIMEOUT, scoring.decide(issued, upload, permit)).await {
        Ok(Ok(decision)) => {
            metrics::rescored(begun.elapsed());
            Ok(decision)
        }
        Ok(Err(ScoringError(why))) => Err(VerificationError::Unavailable(format!("scoring: {why}"))),
        Err(_) => Err(VerificationError::Unavailable("scoring took too long".to_owned())),
    }
}

/// Lets the challenge expire if its times disagree with ours and our clock was set meanwhile: the person must not pay
/// for that.
pub(super) fn reject_false_times(
    clock_steps: &ClockSteps,
    issued_at: i64,
    decision: &Decision,
) -> Result<(), VerificationError> {
    let times = [Reason::TranscriptTimes, Reason::PromptTimes].map(Verdict::Rejected);
    if times.contains(&decision.verdict) && clock_steps.since(issued_at) {
        return Err(VerificationError::Expired);
    }
    Ok(())
}

/// Rejects pictures that were scored before, in anybody's attempt, whatever they show.
pub(super) async fn reject_replays(
    db: &Db,
    upload: &Upload,
    decision: Decision,
) -> Result<Decision, VerificationError> {
    if !were_scored(&decision.record)
        || !pictures::any_seen(&mut db.read().await?, &picture_hashes(upload, &decision.record)).await?
    {
        return Ok(decision);
    }
    Ok(Decision { verdict: Verdict::Rejected(Reason::CaptureReplayed), ..decision })
}

/// Hashes that identify these pictures, both as files and as pixels: a file can change while its pixels do not. Sorted
/// and unique.
pub(super) fn picture_hashes(upload: &Upload, record: &Record) -> Vec<String> {
    let mut hashes = upload.picture_hashes();
    hashes.extend(record.pixels.iter().cloned());
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Whether both captures were read as pictures of a face. An auditor could not use any other bytes.
pub(super) fn were_scored(record: &Record) -> bool {
    record.open.is_some() && record.closed.is_some()
}
