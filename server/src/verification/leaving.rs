//! Attempts that nobody finished: a new challenge replaced theirs, or it expired and the page never came back. Each is
//! recorded once, by whoever ends its challenge: the next request of the mailbox, or a sweep of any server.

use engine::Reason;
use serde_json::json;

use super::attempt::Verifier;
use super::counting::{self, Circumstances, Cost};
use super::outcome::{AttemptAnswer, VerificationError};
use super::recording::{annotated, event_of, to_json};
use super::upload::TAKE_OVER_MS;
use crate::checks::AttemptEnd;
use crate::clock;
use crate::cool_down;
use crate::db::attempts::{self, Lapsed};
use crate::db::challenges::{self, Challenge};
use crate::db::events::{self, Event};
use crate::db::sessions::Session;
use crate::db::{Connection, LockScope, uploads, users};
use crate::domain::{AttemptStatus, EmailAddress};
use crate::metrics;
use crate::trail;

/// Attempts that a sweep ends before it looks for more.
const BATCH: u32 = 100;

/// How an attempt was left.
#[derive(Clone, Copy, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Left {
    Superseded,
    Expired,
}

impl Verifier {
    /// Ends the session's open challenge, because a new one replaces it. The caller must pass the event, if there is
    /// one, to [`note`] as the last step of the transaction.
    ///
    /// # Errors
    /// The database failed.
    pub async fn supersede(
        &self,
        db: &mut Connection,
        session: &Session,
        now_ms: i64,
    ) -> Result<Option<Event>, VerificationError> {
        match challenges::supersede(db, &session.id, now_ms).await? {
            Some(challenge) => self.leave(db, &challenge, &session.email, Left::Superseded, now_ms).await,
            None => Ok(None),
        }
    }

    /// Ends the attempts of this mailbox whose challenge has expired.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_lapsed_of(&self, email: &EmailAddress) -> Result<(), VerificationError> {
        let now = clock::now_ms();
        let key = email.folded_key();
        let lapsed = attempts::lapsed_of(&mut self.db.read().await?, &key, now, now - TAKE_OVER_MS).await?;
        for one in lapsed {
            self.end_lapsed_one(&one, now).await?;
        }
        Ok(())
    }

    /// Ends all attempts whose challenge has expired.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_lapsed(&self) -> Result<(), VerificationError> {
        let now = clock::now_ms();
        loop {
            let lapsed = attempts::lapsed(&mut self.db.read().await?, now, now - TAKE_OVER_MS, BATCH).await?;
            for one in &lapsed {
                self.end_lapsed_one(one, now).await?;
            }
            if lapsed.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    async fn end_lapsed_one(&self, lapsed: &Lapsed, now: i64) -> Result<(), VerificationError> {
        let scope = LockScope::Attempts { user: &lapsed.user_id, mailbox: &lapsed.address_key };
        let mut tx = self.db.write(scope).await?;
        let Some(challenge) = challenges::lapse(&mut tx, &lapsed.challenge_id, now, now - TAKE_OVER_MS).await? else {
            return Ok(()); // Somebody else ended it meanwhile.
        };
        let email = users::get(&mut tx, &lapsed.user_id).await?.email;
        let event = self.leave(&mut tx, &challenge, &email, Left::Expired, now).await?;
        uploads::discard(&mut tx, &challenge.id).await?;
        note(&mut tx, event.as_ref()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Counts an attempt whose challenge was left. Returns its event; none if it told no cue.
    async fn leave(
        &self,
        db: &mut Connection,
        challenge: &Challenge,
        email: &EmailAddress,
        left: Left,
        now: i64,
    ) -> Result<Option<Event>, VerificationError> {
        if !attempts::has_begun(db, &challenge.id).await? {
            return Ok(None);
        }
        let standing = cool_down::standing(db, self.cool_down, email, now).await?;
        // Only a claim whose process died is left with a lease.
        let our_fault = challenge.lease_until.is_some() || self.may_be_our_fault(challenge, now);
        let circumstances = Circumstances { has_begun: true, our_fault, may_leave: standing.may_leave };
        let cost = Cost::of(Some(Reason::Abandoned), circumstances);
        let counted = counting::count(db, challenge, email, cost, now.min(challenge.expires_at)).await?;
        let end = AttemptEnd {
            reason: Some(Reason::Abandoned),
            is_counted: cost == Cost::Counted,
            attempts_left: self.max_attempts.saturating_sub(counted),
            is_marked: false,
            evidence_sha256: None,
            event: None,
        };
        let concerns_user = counting::settle(db, challenge, cost, end, now).await?;
        if cost == Cost::Counted {
            let standing = cool_down::standing(db, self.cool_down, email, now).await?;
            let answer = AttemptAnswer {
                status: AttemptStatus::Failed,
                reason: Some(Reason::Abandoned),
                message: Reason::Abandoned.message().to_owned(),
                attempts_left: self.attempts_left(counted, &standing),
                cool_down_s: standing.rest_s(),
            };
            challenges::note_answer(db, &challenge.id, &to_json(&answer)?).await?;
        }
        let notes = json!({ "left": <&str>::from(left) }).to_string();
        let details = annotated(&notes, challenge, cost, concerns_user);
        Ok(Some(event_of(challenge, email, Some(Reason::Abandoned), details, now)))
    }
}

/// Records the event of an attempt that was left. Only the commit may follow.
///
/// # Errors
/// The database failed.
pub async fn note(db: &mut Connection, event: Option<&Event>) -> sqlx::Result<()> {
    let Some(event) = event else { return Ok(()) };
    let event = trail::salted(event.clone());
    events::insert(db, &event).await?;
    trail::add_event(db, &event).await?;
    let lasted = event.created_at - event.challenge_id.made_at().unwrap_or(event.created_at);
    metrics::decided(AttemptStatus::Failed.as_str(), Reason::Abandoned.code(), lasted);
    tracing::info!(challenge = %event.challenge_id, details = event.details, "attempt was left");
    Ok(())
}
