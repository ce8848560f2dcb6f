//! The decision itself: what the engine is given, and what it cannot know, namely which pictures were sent before.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::prompt::Policy;
use engine::{Decision, Issued, Reason, Record, Terms, Verdict};

use super::{Upload, VerificationError, cues};
use crate::app::App;
use crate::clock;
use crate::db::challenges::Challenge;
use crate::db::{self, pictures};
use crate::metrics;
use crate::scoring::{Job, Place, ScoringError};

/// Scoring that takes longer has failed.
const SCORING_TIMEOUT: Duration = Duration::from_secs(30);

/// What was laid down for a challenge, and what we saw of it up to now.
pub(super) async fn issued(app: &App, challenge: &Challenge) -> Result<Issued, VerificationError> {
    let damaged = |what: &str| VerificationError::Unavailable(format!("stored {what} is damaged"));
    let terms = Terms {
        audience: challenge.audience.clone(),
        challenge_id: challenge.id.to_string(),
        nonce: challenge.nonce.clone(),
        attempt: challenge.attempt,
        timeout_ms: challenge.timeout_ms,
        thresholds: challenge.thresholds.clone(),
        policy: Policy::from_name(&challenge.policy).ok_or_else(|| damaged("policy"))?,
        rate: challenge.rate,
        consent: challenge.consent.clone(),
    };
    let public_key = URL_SAFE_NO_PAD.decode(&challenge.public_key).ok().and_then(|key| key.try_into().ok());
    let public_key = public_key.ok_or_else(|| damaged("key"))?;
    let rounds = db::cues::list(&mut app.db.read().await?, &challenge.id).await?;
    let rounds = cues::served(rounds, challenge.issued_at);
    let elapsed_ms = clock::now_ms().saturating_sub(challenge.issued_at).max(0).unsigned_abs();
    Ok(Issued { terms, public_key, rounds, elapsed_ms })
}

/// Has the submission judged by the engine. Whoever was not given a place may wait in a crowd, where there is room for that.
pub(super) async fn score(
    app: &App,
    place: Option<Place>,
    issued: &Issued,
    upload: &Upload,
) -> Result<Decision, VerificationError> {
    let Some(place) = place.or_else(|| app.scoring.place_in_need()) else {
        return Err(VerificationError::Busy { again_after: app.scoring.turn_away() });
    };
    let job = Job { issued: issued.clone(), upload: upload.clone() };
    let begun = Instant::now();
    match tokio::time::timeout(SCORING_TIMEOUT, app.scoring.decide(&job, place)).await {
        Ok(Ok(decision)) => {
            metrics::rescored(begun.elapsed());
            Ok(decision)
        }
        Ok(Err(ScoringError(why))) => Err(VerificationError::Unavailable(format!("scoring: {why}"))),
        Err(_) => Err(VerificationError::Unavailable("scoring took too long".to_owned())),
    }
}

/// Whoever's times do not agree with ours, while ours went wrong, is not to pay for that: their challenge is over.
pub(super) fn refuse_false_times(app: &App, issued_at: i64, decision: &Decision) -> Result<(), VerificationError> {
    let times = [Reason::TranscriptTimes, Reason::PromptTimes].map(Verdict::Rejected);
    if times.contains(&decision.verdict) && app.clock_steps.since(issued_at) {
        return Err(VerificationError::Expired);
    }
    Ok(())
}

/// Pictures that were scored before, in whoever's attempt, are refused whatever they show.
pub(super) async fn refuse_replays(
    app: &App,
    upload: &Upload,
    decision: Decision,
) -> Result<Decision, VerificationError> {
    if !were_scored(&decision.record)
        || !pictures::any_seen(&mut app.db.read().await?, &picture_hashes(upload, &decision.record)).await?
    {
        return Ok(decision);
    }
    Ok(Decision { verdict: Verdict::Rejected(Reason::CaptureReplayed), ..decision })
}

/// What tells these pictures from all others, as files and as pixels: a file may change where no pixel does. In order, each
/// once.
pub(super) fn picture_hashes(upload: &Upload, record: &Record) -> Vec<String> {
    let mut hashes = upload.picture_hashes();
    hashes.extend(record.pixels.iter().cloned());
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Whether the captures were read as pictures of a face. Other bytes are nothing an auditor could look at.
pub(super) fn were_scored(record: &Record) -> bool {
    record.open.is_some() && record.closed.is_some()
}
