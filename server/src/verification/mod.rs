//! The story of one attempt: its evidence arrives (`upload.rs`), its challenge is claimed (`claiming.rs`), it is decided
//! (`judging.rs`), its captures are kept, its outcome is written down (`counting.rs`) and answered.
//!
//! A rejection is an outcome. A fault of ours (database, disk, engine) is not: it gives the claim back, counts no attempt
//! and verifies nobody.

mod claiming;
mod counting;
mod cues;
mod judging;
mod outcome;
mod pictures;
mod upload;

use engine::{Decision, Issued, Reason, Verdict};

use claiming::{Claimed, can_wait, claim, has_time, release};
pub use cues::next;
use outcome::status_of;
pub use outcome::{Answer, GiveUp, Lengths, Upload, VerificationError};
use pictures::Pictures;
pub use upload::{append, discard_stale, received, sweep};

use crate::app::App;
use crate::captures::CaptureRefs;
use crate::clock;
use crate::db::challenges::{self, Challenge};
use crate::db::events::{self, Event};
use crate::db::sessions::Session;
use crate::db::{Hold, uploads};
use crate::domain::{AttemptStatus, ChallengeId, EventId, LeaseId};
use crate::metrics;
use crate::scoring::Place;
use crate::sealing::SealingKey;
use crate::trail;

/// Said to who is verified.
const VERIFIED_MESSAGE: &str = "You are verified.";

/// One outcome with all that is to be written down about it.
struct Ruling {
    challenge: Box<Challenge>,
    lease: LeaseId,
    reason: Option<Reason>,
    event: EventId,
    /// Whether captures were scored, kept or not.
    was_scored: bool,
    captures: Option<CaptureRefs>,
    /// The pictures, if they were scored and are new.
    pictures: Pictures,
    /// Why somebody should look at it, JSON.
    review: Option<String>,
    details: String,
    /// The signed text and what it was judged by, if there was one.
    evidence: Option<(String, String)>,
}

/// Decides a submission, once. The request named by `key` gets the same answer however often it comes. `seal` is what its chunks
/// were sealed with.
///
/// # Errors
/// [`VerificationError`]: nothing was decided by this call, and nothing counted.
pub async fn submit(
    app: &App,
    session: &Session,
    (key, seal): (&str, &SealingKey),
    challenge: &ChallengeId,
    lengths: Lengths,
) -> Result<Answer, VerificationError> {
    if app.scoring.room() == 0 && can_wait(app, session, challenge).await? {
        return Err(VerificationError::Busy { again_after: app.scoring.turn_away() });
    }
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    let (challenge, lease) = match claim(&mut tx, session, challenge, Some(key)).await? {
        Claimed::Mine(challenge, lease) => (challenge, lease),
        Claimed::Answered(answer) => return Ok(answer),
    };
    // Only who has the claim takes a place: others would keep it from them. The transaction is dropped, and with it the claim.
    let place = app.scoring.place();
    if place.is_none() && has_time(&challenge) {
        return Err(VerificationError::Busy { again_after: app.scoring.turn_away() });
    }
    // Without all its bytes there is no claim: the transaction is dropped.
    let chunks = uploads::read(&mut tx, &challenge.id, key).await?;
    let Some(bytes) = upload::opened(&challenge.id, key, seal, &chunks) else {
        drop(tx);
        return begin_anew(app, session, &challenge.id).await;
    };
    let upload = Upload::split(bytes, lengths).ok_or(VerificationError::Incomplete)?;
    tx.commit().await?;
    let (app, session) = (app.clone(), session.clone());
    // A task of its own: what was claimed is carried to its end even if the browser goes away meanwhile.
    let deciding = tokio::spawn(async move { decide_claimed(&app, &session, place, (challenge, lease), upload).await });
    deciding.await.map_err(|error| VerificationError::Unavailable(format!("deciding broke off: {error}")))?
}

/// Ends a challenge without a submission.
///
/// # Errors
/// As [`submit`].
pub async fn give_up(
    app: &App,
    session: &Session,
    challenge: &ChallengeId,
    why: GiveUp,
) -> Result<Answer, VerificationError> {
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    let (challenge, lease) = match claim(&mut tx, session, challenge, None).await? {
        Claimed::Mine(challenge, lease) => (challenge, lease),
        Claimed::Answered(answer) => return Ok(answer),
    };
    tx.commit().await?;
    let reason = match why {
        GiveUp::Timeout => Reason::Timeout,
        GiveUp::PromptMissed => Reason::PromptMissed,
        GiveUp::Cancelled => Reason::Cancelled,
    };
    let event = EventId::new(clock::now_ms());
    let ruling = Ruling {
        challenge,
        lease,
        reason: Some(reason),
        event,
        was_scored: false,
        captures: None,
        pictures: Pictures::default(),
        review: None,
        details: "{}".to_owned(),
        evidence: None,
    };
    let recorded = record(app, session, &ruling).await;
    if recorded.is_err() {
        release(app, &ruling.challenge.id, &ruling.lease).await;
    }
    recorded
}

/// The session got another secret while its upload was under way, as by opening the link again: what came before cannot be
/// opened any more. The page sees that it is gone and sends it again.
async fn begin_anew(app: &App, session: &Session, challenge: &ChallengeId) -> Result<Answer, VerificationError> {
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    uploads::discard(&mut tx, challenge).await?;
    tx.commit().await?;
    Err(VerificationError::Incomplete)
}

/// Scores, stores and records. Gives the claim back if any of it fails.
async fn decide_claimed(
    app: &App,
    session: &Session,
    place: Option<Place>,
    (challenge, lease): (Box<Challenge>, LeaseId),
    upload: Upload,
) -> Result<Answer, VerificationError> {
    let id = challenge.id.clone();
    let decided = async {
        let issued = judging::issued(app, &challenge).await?;
        let decision = judging::score(app, place, &issued, &upload).await?;
        judging::refuse_false_times(app, challenge.issued_at, &decision)?;
        let decision = judging::refuse_replays(app, &upload, decision).await?;
        keep_and_record(app, session, challenge, lease.clone(), (issued, upload), decision).await
    };
    let decided = decided.await;
    if decided.is_err() {
        release(app, &id, &lease).await;
    }
    decided
}

/// Writes the captures, then the rows that name them.
async fn keep_and_record(
    app: &App,
    session: &Session,
    challenge: Box<Challenge>,
    lease: LeaseId,
    (issued, upload): (Issued, Upload),
    decision: Decision,
) -> Result<Answer, VerificationError> {
    let now = clock::now_ms();
    let event = EventId::new(now);
    let reason = match decision.verdict {
        Verdict::Accepted => None,
        Verdict::Rejected(reason) => Some(reason),
    };
    let was_scored = judging::were_scored(&decision.record);
    let captures = (was_scored && app.retention.keeps(status_of(reason))).then(|| CaptureRefs::new(&event, now));
    let is_new = was_scored && reason != Some(Reason::CaptureReplayed);
    let mut pictures = if is_new { Pictures::of(&upload, &decision.record) } else { Pictures::default() };
    let review = pictures.review(app, &session.user_id).await?.map(|review| to_json(&review)).transpose()?;
    if captures.is_none() {
        pictures.forget_fingerprints();
    }
    let details = to_json(&decision.record)?;
    // Only what was signed by the right key: anything else is nobody's text.
    let evidence = match decision.record.key {
        Some(_) => Some((String::from_utf8_lossy(&upload.transcript).into_owned(), to_json(&issued)?)),
        None => None,
    };
    if let Some(refs) = &captures {
        let pictures = [upload.open.as_slice(), &upload.closed, &upload.strip];
        let stored = app.captures.store(&challenge.user_id, refs, pictures).await;
        stored.map_err(|error| VerificationError::Unavailable(format!("captures: {error}")))?;
    }
    let ruling = Ruling { challenge, lease, reason, event, was_scored, captures, pictures, review, details, evidence };
    let recorded = record(app, session, &ruling).await;
    if let (Err(VerificationError::InProgress | VerificationError::Unknown), Some(refs)) = (&recorded, &ruling.captures)
    {
        // The lease was lost, or the user erased, so these files are named by nobody. After a fault of the database nobody
        // knows whether they are: then they stay, until the sweep finds that they are not.
        if let Err(error) = app.captures.remove(&refs.each()).await {
            tracing::warn!(%error, "captures that nothing refers to wait for the next sweep");
        }
    }
    recorded
}

/// Writes down the outcome in one transaction: attempt, user, event, challenge with its answer.
async fn record(app: &App, session: &Session, ruling: &Ruling) -> Result<Answer, VerificationError> {
    let now = clock::now_ms();
    let challenge = &ruling.challenge;
    let status = status_of(ruling.reason);
    let mut tx = app.db.write(Hold::User(&session.user_id)).await?;
    let attempts = match counting::count(app, &mut tx, session, &challenge.id, ruling.reason, now).await {
        // The user was erased in the meantime, and the session with them.
        Err(sqlx::Error::RowNotFound) => return Err(VerificationError::Unknown),
        counted => counted?,
    };
    let answer = Answer {
        status,
        reason: ruling.reason,
        message: ruling.reason.map_or(VERIFIED_MESSAGE, Reason::message).to_owned(),
        attempts_left: app.limits.max_attempts.saturating_sub(attempts),
    };
    let text = to_json(&answer)?;
    if !challenges::finish(&mut tx, &challenge.id, &ruling.lease, &text, now).await? {
        // Another claim took over; the transaction rolls back.
        return Err(VerificationError::InProgress);
    }
    counting::settle(&mut tx, session, ruling.reason, now).await?;
    let event = Event {
        id: ruling.event.clone(),
        email: session.email.expose().to_owned(),
        status: status.as_str().to_owned(),
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
    };
    let event = trail::salted(event);
    if !ruling.pictures.note(&mut tx, &ruling.event, &session.user_id, now).await? {
        // Another attempt sent the same pictures at the same moment. When this is sent again, it is seen to be a replay.
        return Err(VerificationError::Unavailable("pictures were sent twice at once".to_owned()));
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

fn to_json(value: &impl serde::Serialize) -> Result<String, VerificationError> {
    serde_json::to_string(value).map_err(|error| VerificationError::Unavailable(format!("JSON: {error}")))
}
