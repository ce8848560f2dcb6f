//! Records the outcome of an attempt in one transaction: attempt, user, event, and the challenge with its answer.

use engine::Reason;
use serde_json::json;

use super::claiming::HeldClaim;
use super::counting::{self, Circumstances, Cost};
use super::outcome::{AttemptAnswer, VerificationError, status_of};
use super::pictures::Pictures;
use crate::captures::CaptureRefs;
use crate::checks::AttemptEnd;
use crate::clock;
use crate::config::CoolDown;
use crate::cool_down::{self, Standing};
use crate::db::challenges::Challenge;
use crate::db::events::{self, Event};
use crate::db::sessions::Session;
use crate::db::{Db, LockScope, attempts, claims, uploads};
use crate::domain::{EmailAddress, EventId};
use crate::metrics;
use crate::trail;

/// The message of an attempt that verified; a rejected one has its reason's.
const VERIFIED_MESSAGE: &str = "You are verified.";

/// One outcome with everything that is recorded about it.
pub(super) struct Ruling {
    pub(super) claim: HeldClaim,
    pub(super) reason: Option<Reason>,
    /// Whether a fault of ours may have kept the person from finishing.
    pub(super) our_fault: bool,
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
    /// Digest of the whole evidence, if there is any.
    pub(super) evidence_sha256: Option<String>,
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
        let mailbox = session.email.folded_key();
        let mut tx = self.db.write(LockScope::Attempts { user: &session.user_id, mailbox: &mailbox }).await?;
        let circumstances = Circumstances {
            has_begun: attempts::has_begun(&mut tx, &challenge.id).await?,
            our_fault: ruling.our_fault,
            may_leave: cool_down::standing(&mut tx, self.cool_down, &session.email, now).await?.may_leave,
        };
        let cost = Cost::of(ruling.reason, circumstances);
        let counted = match counting::count(&mut tx, challenge, &session.email, cost, now).await {
            // The user was erased in the meantime, and the session with them.
            Err(sqlx::Error::RowNotFound) => return Err(VerificationError::Unknown),
            counted => counted?,
        };
        let standing = cool_down::standing(&mut tx, self.cool_down, &session.email, now).await?;
        let answer = AttemptAnswer {
            status,
            reason: ruling.reason,
            message: ruling.reason.map_or(VERIFIED_MESSAGE, Reason::message).to_owned(),
            attempts_left: attempts_left(self.max_attempts, counted, &standing),
            cool_down_s: if cost == Cost::Verified { 0 } else { standing.rest_s() },
        };
        let text = to_json(&answer)?;
        if !claims::finish(&mut tx, &challenge.id, &ruling.claim.lease, &text, now).await? {
            // Another claim took over; the transaction rolls back.
            return Err(VerificationError::InProgress);
        }
        let end = AttemptEnd {
            reason: ruling.reason,
            is_counted: cost == Cost::Counted,
            attempts_left: self.max_attempts.saturating_sub(counted),
            is_marked: ruling.review.is_some(),
            evidence_sha256: ruling.evidence_sha256.as_deref(),
            event: Some(&ruling.event),
        };
        let concerns_user = counting::settle(&mut tx, challenge, cost, end, now).await?;
        let event = trail::salted(event(session, ruling, (cost, concerns_user), now));
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

fn event(session: &Session, ruling: &Ruling, (cost, concerns_user): (Cost, bool), now: i64) -> Event {
    let challenge = &ruling.claim.challenge;
    let details = annotated(&ruling.details, challenge, cost, concerns_user);
    Event {
        id: ruling.event.clone(),
        open_captured: i64::from(ruling.was_scored),
        open_capture_ref: ruling.captures.as_ref().map(|refs| refs.open.clone()),
        closed_capture_ref: ruling.captures.as_ref().map(|refs| refs.closed.clone()),
        strip_ref: ruling.captures.as_ref().map(|refs| refs.strip.clone()),
        transcript: ruling.evidence.as_ref().map(|(transcript, _)| transcript.clone()),
        issued: ruling.evidence.as_ref().map(|(_, issued)| issued.clone()),
        review: ruling.review.clone(),
        ..event_of(challenge, &session.email, ruling.reason, details, now)
    }
}

/// The event of an attempt without pictures and evidence.
pub(super) fn event_of(
    challenge: &Challenge,
    email: &EmailAddress,
    reason: Option<Reason>,
    details: String,
    now: i64,
) -> Event {
    Event {
        id: EventId::new(now),
        email: email.expose().to_owned(),
        status: status_of(reason).as_str().to_owned(),
        reason: reason.map(|reason| reason.code().to_owned()),
        open_captured: 0,
        captures_removed_at: None,
        open_capture_ref: None,
        closed_capture_ref: None,
        created_at: now,
        strip_ref: None,
        transcript: None,
        issued: None,
        challenge_id: challenge.id.clone(),
        policy: challenge.policy.clone(),
        attempt: challenge.attempt,
        thresholds: challenge.thresholds.clone(),
        engine: engine::VERSION.to_owned(),
        details,
        review: None,
        record_removed_at: None,
        trail_salt: None,
        trail_personal: None,
    }
}

/// An event's record, a JSON object, with what is known about the attempt besides: whether it counted, whether it says
/// nothing about the user, whether tones were asked for without need, how much time there was, and how the check came to the
/// device. The text of the record stays as it is, so that no figure is rounded again.
pub(super) fn annotated(record: &str, challenge: &Challenge, cost: Cost, concerns_user: bool) -> String {
    let mut notes = Vec::new();
    if cost != Cost::Verified {
        notes.push(("counted", json!(cost == Cost::Counted)));
    }
    notes.extend(cost.uncounted().map(|why| ("uncounted", json!(why))));
    if cost == Cost::Verified && !concerns_user {
        notes.push(("concerns_user", json!(false)));
    }
    if challenge.tone_guided_asked != 0 {
        notes.push(("tone_guided_asked", json!(true)));
    }
    notes.push(("timeout_s", json!(challenge.timeout_ms / 1000)));
    if !challenge.handoff.is_empty() {
        notes.push(("handoff", json!(challenge.handoff)));
    }
    let mut text = record.strip_suffix('}').unwrap_or("{").to_owned();
    for (name, value) in notes {
        let comma = if text == "{" { "" } else { "," };
        text.push_str(&format!("{comma}\"{name}\":{value}"));
    }
    text + "}"
}

/// How many more attempts there are: before the mailbox must wait, and in the session of which `counted` were counted.
pub(super) fn attempts_left(max_attempts: u32, counted: u32, standing: &Standing) -> u32 {
    max_attempts.saturating_sub(counted).min(standing.attempts_left)
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, VerificationError> {
    serde_json::to_string(value).map_err(|error| VerificationError::Unavailable(format!("JSON: {error}")))
}
