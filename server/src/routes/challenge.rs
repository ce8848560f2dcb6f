//! `POST /api/challenge`: takes the browser's public key, returns a challenge bound to it.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::prompt::Policy;
use engine::{Terms, Thresholds};
use serde::{Deserialize, Serialize};

use super::body::AppJson;
use super::client::Client;
use super::error::ApiError;
use super::session::CurrentSession;
use super::whole::Whole;
use crate::app::App;
use crate::clock;
use crate::consent;
use crate::cool_down;
use crate::db::challenges::{self, IssueResult, NewChallenge};
use crate::db::checks::{self, Check};
use crate::db::{LockScope, sessions, uploads};
use crate::domain::{ChallengeId, UserStatus, random_base64url};
use crate::rate::Limit;
use crate::verification;

/// Frame rate times ten below which short blinks fall between frames, so the check is guided by tones.
const SLOW_RATE: u32 = 80;
/// Frame rate times ten that no camera exceeds.
const MAX_RATE: u32 = 10_000;
/// Time beyond the timeout: for starting, and for uploading up to 120 kB over a slow, unreliable network.
const UPLOAD_MS: i64 = 90_000;
/// The longest challenge, whatever is set and asked for: ten minutes.
const LONGEST_MS: u32 = 600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRegistration {
    public_key: String,
    /// SHA-256 of the text that the person was shown, base64url.
    consent: String,
    /// Analysed frames a second, times ten.
    #[serde(default = "usual_rate")]
    rate: Whole<u32>,
    /// The person asks to be guided by tones.
    #[serde(default)]
    tone_guided: bool,
    /// The person cannot turn their head.
    #[serde(default)]
    no_turn: bool,
    /// How many times the usual time the person asks for.
    #[serde(default)]
    more_time: MoreTime,
}

/// How much longer than usual a challenge lasts.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "Whole<u32>")]
struct MoreTime(u32);

impl MoreTime {
    fn of(self, usual_ms: u32) -> u32 {
        usual_ms.saturating_mul(self.0.max(1)).min(LONGEST_MS)
    }
}

impl TryFrom<Whole<u32>> for MoreTime {
    type Error = &'static str;

    fn try_from(Whole(times): Whole<u32>) -> Result<MoreTime, Self::Error> {
        if [1, 2, 10].contains(&times) { Ok(MoreTime(times)) } else { Err("more_time must be 1, 2 or 10") }
    }
}

/// The frame rate of most cameras, times ten.
fn usual_rate() -> Whole<u32> {
    Whole(300)
}

#[derive(Serialize)]
pub(super) struct IssuedChallenge {
    #[serde(flatten)]
    terms: Terms,
    expires_in_s: i64,
}

pub(super) async fn issue(
    State(app): State<App>,
    client: Client,
    CurrentSession(session): CurrentSession,
    AppJson(registration): AppJson<KeyRegistration>,
) -> Result<(StatusCode, Json<IssuedChallenge>), ApiError> {
    app.rate.take(Limit::Challenge, session.id.as_str(), Instant::now())?;
    app.rate.take_around(Limit::ChallengeClient, client.address(), Instant::now())?;
    let check = checks::of_session(&mut app.db.read().await?, &session.id).await?;
    if check.as_ref().is_some_and(|check| check.is_overdue(clock::now_ms())) {
        return Err(ApiError::SessionExpired);
    }
    // A site may ask again about somebody who is verified.
    if check.as_ref().and_then(Check::of_person).unwrap_or(session.status) == UserStatus::Verified {
        return Err(ApiError::AlreadyVerified);
    }
    let rate = registration.rate.0.min(MAX_RATE);
    let asked = check.and_then(|check| check.policy).and_then(|name| Policy::from_name(&name));
    let policy = policy(&app, asked.unwrap_or(app.limits.policy), rate, registration.tone_guided)?;
    if policy.is_prompted() && registration.no_turn && !app.limits.allow_no_turn {
        return Err(ApiError::TurnRequired);
    }
    let public_key = parse_key(&registration.public_key).ok_or(ApiError::KeyInvalid)?;
    if !consent::is_known(&registration.consent) {
        return Err(ApiError::ConsentUnknown);
    }
    let verifier = app.verifier();
    verifier.end_lapsed_of(&session.email).await?;
    let mailbox = session.email.folded_key();
    let mut tx = app.db.write(LockScope::Attempts { user: &session.user_id, mailbox: &mailbox }).await?;
    let now = clock::now_ms();
    let left = verifier.supersede(&mut tx, &session, now).await?;
    let standing = cool_down::standing(&mut tx, app.limits.cool_down, &session.email, now).await?;
    if standing.rest_ms > 0 {
        return Err(ApiError::CoolingDown { retry_after_s: standing.rest_s() });
    }
    let attempts = sessions::attempts(&mut tx, &session.id).await?;
    if attempts >= app.limits.max_attempts {
        let rest_s = (session.expires_at - now) / 1000;
        return Err(ApiError::AttemptsExhausted { retry_after_s: u32::try_from(rest_s).unwrap_or(0).max(1) });
    }
    let timeout_ms = registration.more_time.of(app.limits.timeout_ms);
    let new = NewChallenge {
        id: ChallengeId::new(now),
        session_id: session.id,
        user_id: session.user_id,
        public_key,
        nonce: random_base64url(),
        audience: app.base_url.as_str().to_owned(),
        policy,
        turn: policy.is_prompted() && !registration.no_turn,
        rate,
        consent: registration.consent,
        attempt: attempts + 1,
        timeout_ms,
        thresholds: Thresholds::V8.name.to_owned(),
        issued_at: now,
        expires_at: now + i64::from(timeout_ms) + UPLOAD_MS,
        tone_guided_asked: registration.tone_guided && rate >= SLOW_RATE && policy == Policy::ToneGuided,
        handoff: session.handoff,
    };
    match challenges::issue(&mut tx, &new).await? {
        IssueResult::Issued => {
            // Uploads for the previous challenge are useless now.
            uploads::discard_superseded(&mut tx, &new.session_id).await?;
            verification::note(&mut tx, left.as_ref()).await?;
            tx.commit().await?;
        }
        IssueResult::Busy => return Err(ApiError::SubmissionInProgress),
        IssueResult::KeyUsed => return Err(ApiError::KeyInvalid),
    }
    Ok((StatusCode::CREATED, Json(IssuedChallenge::from(new))))
}

impl From<NewChallenge> for IssuedChallenge {
    fn from(new: NewChallenge) -> Self {
        Self {
            expires_in_s: (new.expires_at - new.issued_at) / 1000,
            terms: Terms {
                audience: new.audience,
                challenge_id: new.id.to_string(),
                nonce: new.nonce,
                attempt: new.attempt,
                timeout_ms: new.timeout_ms,
                thresholds: new.thresholds,
                policy: new.policy,
                turn: new.turn,
                rate: new.rate,
                consent: new.consent,
            },
        }
    }
}

/// The kind of challenge for this person.
fn policy(app: &App, usual: Policy, rate: u32, tone_guided: bool) -> Result<Policy, ApiError> {
    match usual {
        Policy::Natural => Ok(Policy::Natural),
        _ if tone_guided && !app.limits.allow_tone_guided => Err(ApiError::ToneGuidedRefused),
        _ if app.limits.allow_tone_guided && (tone_guided || rate < SLOW_RATE) => Ok(Policy::ToneGuided),
        policy => Ok(policy),
    }
}

/// The key in its stored form, if the engine would accept its signatures.
fn parse_key(text: &str) -> Option<String> {
    let key: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    engine::public_key_is_acceptable(&key).then(|| URL_SAFE_NO_PAD.encode(key))
}
