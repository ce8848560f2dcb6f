//! Records the outcome of an attempt in one transaction: attempt, user, event, and the challenge with its answer.

use engine::Reason;

use super::claiming::HeldClaim;
use super::counting;
use super::outcome::{AttemptAnswer, VerificationError, status_of};
use super::pictures::Pictures;
use crate::captures::CaptureRefs;
use crate::clock;
use crate::config::CoolDown;
use crate::db::events::{self, Event};
use crate::db::sessions::Session;
use crate::db::{Db, LockScope, challenges, uploads};
use crate::domain::EventId;
use crate::metrics;
use crate::trail;

/// The message of an attempt that verified; a rejected one has its reason's.
const VERIFIED_MESSAGE: &str = "You are verified.";

/// One outcome with everything that is recorded about it.
pub(super) struct Ruling {
    pub(super) claim: HeldClaim,
    pub(super) reason: Option<Reason>,
    pub(super) event: EventId,
    /// Whether captures were scored, kept or not.
    pub(super) was_scored: bool,
    pub(super) captures: Option<CaptureRefs>,
    /// The pictures, if they were scored and are new.
    pub(super) pictures: Pictures,
    /// Why an operator should review it, as JSON.
    pub(super) review: Option<String>,
    pub(super) details: String,
    /// The signed transcript and the terms it was judged by, if there was a valid one.
    pub(super) evidence: Option<(String, String)>,
}

/// What recording needs.
pub(super) struct Recorder<'a> {
    pub(super) db: &'a Db,
    pub(super) cool_down: CoolDown,
    pub(super) max_attempts: u32,
}

impl Recorder<'_> {
    pub(super) async fn record(&self, session: &Session, ruling: &Ruling) -> Result<AttemptAnswer, VerificationError> {
        let now = clock::now_ms();
        let challenge = &ruling.claim.challenge;
        let status = status_of(ruling.reason);
        let mut tx = self.db.write(LockScope::User(&session.user_id)).await?;
        let attempts = match counting::count(self.cool_down, &mut tx, session, &challenge.id, ruling.reason, now).await
        {
            // The user was erased in the meantime, and the session with them.
            Err(sqlx::Error::RowNotFound) => return Err(VerificationError::Unknown),
            counted => counted?,
        };
        let answer = AttemptAnswer {
            status,
            reason: ruling.reason,
            message: ruling.reason.map_or(VERIFIED_MESSAGE, Reason::message).to_owned(),
            attempts_left: self.max_attempts.saturating_sub(attempts),
        };
        let text = to_json(&answer)?;
        if !challenges::finish(&mut tx, &challenge.id, &ruling.claim.lease, &text, now).await? {
            // Another claim took over; the transaction rolls back.
            return Err(VerificationError::InProgress);
        }
        counting::settle(&mut tx, session, ruling.reason, now).await?;
        let event = trail::salted(event(session, ruling, now));
        if !ruling.pictures.note(&mut tx, &ruling.event, &session.user_id, now).await? {
            // Another attempt sent the same pictures at the same moment. When this one is retried, it is found to be a
            // replay.
            return Err(VerificationError::Unavailable("the same pictures were submitted twice at once".to_owned()));
        }
        events::insert(&mut tx, &event).await?;
        uploads::discard(&mut tx, &challenge.id).await?;
        trail::add_event(&mut tx, &event).await?;
        tx.commit().await?;
        let reason = ruling.reason.map_or("none", Reason::code);
        metrics::decided(status.as_str(), reason, now - challenge.issued_at);
        tracing::info!(challenge = %challenge.id, ?status, reason, "attempt decided");
        Ok(answer)
    }
}

fn event(session: &Session, ruling: &Ruling, now: i64) -> Event {
    let challenge = &ruling.claim.challenge;
    Event {
        id: ruling.event.clone(),
        email: session.email.expose().to_owned(),
        status: status_of(ruling.reason).as_str().to_owned(),
        reason: ruling.reason.map(|reason| reason.code().to_owned()),
        open_captured: i64::from(ruling.was_scored),
        captures_removed_at: None,
        open_capture_ref: ruling.captures.as_ref().map(|refs| refs.open.clone()),
        closed_capture_ref: ruling.captures.as_ref().map(|refs| refs.closed.clone()),
        created_at: now,
        strip_ref: ruling.captures.as_ref().map(|refs| refs.strip.clone()),
        transcript: ruling.evidence.as_ref().map(|(transcript, _)| transcript.clone()),
        issued: ruling.evidence.as_ref().map(|(_, issued)| issued.clone()),
        challenge_id: challenge.id.clone(),
        policy: challenge.policy.clone(),
        attempt: challenge.attempt,
        thresholds: challenge.thresholds.clone(),
        engine: engine::VERSION.to_owned(),
        details: ruling.details.clone(),
        review: ruling.review.clone(),
        trail_salt: None,
        trail_personal: None,
    }
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, VerificationError> {
    serde_json::to_string(value).map_err(|error| VerificationError::Unavailable(format!("JSON: {error}")))
}
