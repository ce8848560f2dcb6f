//! Takes one attempt from its claim to its answer.

use std::sync::Arc;

use engine::{Decision, Issued, Reason, Verdict};

use super::claiming::{Claimed, HeldClaim, claim, has_time, put_off, release};
use super::outcome::{AttemptAnswer, GiveUp, VerificationError, status_of};
use super::pictures::Pictures;
use super::recording::{Recorder, Ruling, attempts_left, to_json};
use super::review_hint::{ReviewHint, marks};
use super::{judging, upload};
use crate::captures::{CaptureRefs, CaptureStore};
use crate::clock::{self, ClockSteps};
use crate::config::{CoolDown, Retention};
use crate::cool_down::Standing;
use crate::db::challenges::Challenge;
use crate::db::sessions::Session;
use crate::db::{Db, LockScope, check_states, uploads};
use crate::domain::{ChallengeId, EventId, SealingKey};
use crate::scoring::{Permit, ScoringPool};
use crate::submission::{Lengths, Upload};

/// Decides attempts. Cheap to clone.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the types say it")]
pub struct Verifier {
    pub db: Db,
    pub scoring: ScoringPool,
    pub captures: Arc<CaptureStore>,
    pub retention: Retention,
    pub clock_steps: Arc<ClockSteps>,
    pub cool_down: CoolDown,
    /// Failed attempts that a session may have.
    pub max_attempts: u32,
    /// Whether perceptual hashes of pictures are kept without the pictures.
    pub keeps_hashes: bool,
    /// Whether signals that decide nothing mark an event for review.
    pub review_signals: bool,
    /// When this server started.
    pub started_at: i64,
}

impl Verifier {
    /// Decides a submission, once: repeated requests with the same `key` get the same answer. `seal` is the key that
    /// the chunks were sealed with.
    ///
    /// # Errors
    /// [`VerificationError`]: this call decided nothing, and nothing was counted.
    pub async fn submit(
        &self,
        session: &Session,
        (key, seal): (&str, &SealingKey),
        challenge: &ChallengeId,
        lengths: Lengths,
    ) -> Result<AttemptAnswer, VerificationError> {
        if self.scoring.free_permits() == 0 && put_off(&self.db, session, challenge).await? {
            return Err(self.busy());
        }
        let mut tx = self.db.write(LockScope::User(&session.user_id)).await?;
        let claim = match claim(&mut tx, session, challenge, Some(key)).await? {
            Claimed::Mine(claim) => claim,
            Claimed::Answered(answer) => return Ok(answer),
        };
        // Only the holder of the claim takes a permit, so that other requests cannot keep one from it. On an early
        // return the transaction is dropped, and the claim with it.
        let permit = self.scoring.try_admit();
        if permit.is_none() && has_time(&claim.challenge) {
            drop(tx);
            put_off(&self.db, session, challenge).await?;
            return Err(self.busy());
        }
        let chunks = uploads::read(&mut tx, &claim.challenge.id, key).await?;
        let Some(bytes) = upload::opened(&claim.challenge.id, key, seal, &chunks) else {
            drop(tx);
            return self.restart_upload(session, &claim.challenge.id).await;
        };
        let upload = Upload::split(bytes, lengths).ok_or(VerificationError::Incomplete)?;
        check_states::set_checking(&mut tx, &session.id, true).await?;
        tx.commit().await?;
        let (verifier, session) = (self.clone(), session.clone());
        // A task of its own: a claimed attempt is finished even if the browser goes away.
        let deciding = tokio::spawn(async move { verifier.decide_claimed(&session, permit, claim, upload).await });
        deciding.await.map_err(|error| VerificationError::Unavailable(format!("deciding was interrupted: {error}")))?
    }

    /// Ends a challenge without a submission.
    ///
    /// # Errors
    /// As [`Verifier::submit`].
    pub async fn give_up(
        &self,
        session: &Session,
        challenge: &ChallengeId,
        why: GiveUp,
    ) -> Result<AttemptAnswer, VerificationError> {
        let mut tx = self.db.write(LockScope::User(&session.user_id)).await?;
        let claim = match claim(&mut tx, session, challenge, None).await? {
            Claimed::Mine(claim) => claim,
            Claimed::Answered(answer) => return Ok(answer),
        };
        tx.commit().await?;
        let reason = match why {
            GiveUp::Timeout => Reason::Timeout,
            GiveUp::PromptMissed => Reason::PromptMissed,
            GiveUp::Cancelled => Reason::Cancelled,
        };
        let our_fault = self.may_be_our_fault(&claim.challenge, clock::now_ms());
        let ruling = Ruling {
            claim,
            reason: Some(reason),
            our_fault,
            event: EventId::new(clock::now_ms()),
            was_scored: false,
            captures: None,
            pictures: Pictures::default(),
            review: None,
            details: "{}".to_owned(),
            evidence: None,
            evidence_sha256: None,
        };
        let recorded = self.recorder().record(session, &ruling).await;
        if recorded.is_err() {
            release(&self.db, &ruling.claim).await;
        }
        recorded
    }

    fn busy(&self) -> VerificationError {
        VerificationError::Busy { retry_after: self.scoring.reject() }
    }

    /// Whether a fault of ours may be why the person does not finish: scoring failed or was put off, this server
    /// started meanwhile, or the clock was set.
    pub(super) fn may_be_our_fault(&self, challenge: &Challenge, now_ms: i64) -> bool {
        let Challenge { issued_at, fault_at, .. } = *challenge;
        let is_clock = issued_at > now_ms || self.clock_steps.since(issued_at);
        fault_at.is_some() || issued_at < self.started_at || is_clock
    }

    /// How many more attempts a session has of which `counted` were counted.
    pub fn attempts_left(&self, counted: u32, standing: &Standing) -> u32 {
        attempts_left(self.max_attempts, counted, standing)
    }

    fn recorder(&self) -> Recorder<'_> {
        Recorder { db: &self.db, cool_down: self.cool_down, max_attempts: self.max_attempts }
    }

    /// Discards an upload that the session's current secret cannot open, because the secret was replaced meanwhile (the
    /// link was opened again). The page notices and uploads again.
    async fn restart_upload(
        &self,
        session: &Session,
        challenge: &ChallengeId,
    ) -> Result<AttemptAnswer, VerificationError> {
        let mut tx = self.db.write(LockScope::User(&session.user_id)).await?;
        uploads::discard(&mut tx, challenge).await?;
        tx.commit().await?;
        Err(VerificationError::Incomplete)
    }

    /// Scores, stores and records. Releases the claim if any of it fails.
    async fn decide_claimed(
        &self,
        session: &Session,
        permit: Option<Permit>,
        claim: HeldClaim,
        upload: Upload,
    ) -> Result<AttemptAnswer, VerificationError> {
        let decided = async {
            let issued = judging::issued(&self.db, &claim.challenge).await?;
            let decision = judging::score(&self.scoring, permit, &issued, &upload).await?;
            judging::reject_false_times(&self.clock_steps, claim.challenge.issued_at, &decision)?;
            let decision = judging::reject_replays(&self.db, &upload, decision).await?;
            self.keep_and_record(session, claim.clone(), (issued, upload), decision).await
        };
        let decided = decided.await;
        if decided.is_err() {
            release(&self.db, &claim).await;
        }
        decided
    }

    /// Stores the captures, then the rows that name them.
    async fn keep_and_record(
        &self,
        session: &Session,
        claim: HeldClaim,
        (issued, upload): (Issued, Upload),
        decision: Decision,
    ) -> Result<AttemptAnswer, VerificationError> {
        let now = clock::now_ms();
        let event = EventId::new(now);
        let reason = match decision.verdict {
            Verdict::Accepted => None,
            Verdict::Rejected(reason) => Some(reason),
        };
        let was_scored = judging::were_scored(&decision.record);
        let is_kept = was_scored && self.retention.keeps(status_of(reason));
        let captures = is_kept.then(|| CaptureRefs::new(&event, now));
        let is_new = was_scored && reason != Some(Reason::CaptureReplayed);
        let mut pictures = if is_new { Pictures::of(&upload, &decision) } else { Pictures::default() };
        let near_copies = pictures.near_copies(&self.db, &session.user_id).await?;
        let signals = if self.review_signals { marks(&decision) } else { Vec::new() };
        let review = ReviewHint::of(near_copies, signals).map(|review| to_json(&review)).transpose()?;
        if captures.is_none() && !self.keeps_hashes {
            pictures.forget_perceptual_hashes();
        }
        let details = to_json(&decision.record)?;
        // Only a transcript with a valid signature is kept: nobody answers for any other text.
        let evidence = match decision.record.key {
            Some(_) => Some((String::from_utf8_lossy(&upload.transcript).into_owned(), to_json(&issued)?)),
            None => None,
        };
        let evidence_sha256 = evidence.as_ref().map(|(transcript, issued)| upload.evidence_digest(issued, transcript));
        if let Some(refs) = &captures {
            let files = [upload.open.as_slice(), &upload.closed, &upload.strip];
            let stored = self.captures.store(&claim.challenge.user_id, refs, files).await;
            stored.map_err(|error| VerificationError::Unavailable(format!("captures: {error}")))?;
        }
        // What was judged is not a fault of ours, except for a page that is older than this server.
        let our_fault = claim.challenge.issued_at < self.started_at;
        let ruling = Ruling {
            claim,
            reason,
            our_fault,
            event,
            was_scored,
            captures,
            pictures,
            review,
            details,
            evidence,
            evidence_sha256,
        };
        let recorded = self.recorder().record(session, &ruling).await;
        if let (Err(VerificationError::InProgress | VerificationError::Unknown), Some(refs)) =
            (&recorded, &ruling.captures)
        {
            // The lease was lost or the user was erased, so no row names these files. After a database fault it is
            // unknown whether a row does: then they stay until the sweep finds that none does.
            if let Err(error) = self.captures.remove(&refs.each()).await {
                tracing::warn!(%error, "unreferenced captures could not be removed; the next sweep will remove them");
            }
        }
        recorded
    }
}
