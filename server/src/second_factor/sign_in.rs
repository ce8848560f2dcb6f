//! Signs operators in: a key and a code in, a session out. Each code works once, and wrong ones cost time.

use serde_json::json;

use super::factor::FactorKey;
use crate::audit::{self, Action};
use crate::clock::{MAY_BE_AHEAD_MS, MINUTE_MS};
use crate::db::admin_keys::AdminKey;
use crate::db::second_factors::{self, SecondFactor};
use crate::db::{Db, LockScope, admin_sessions};
use crate::domain::{HashedToken, random_base64url};
use crate::sealing::DecryptFailed;

/// What every session's token starts with.
pub const SESSION_PREFIX: &str = "bs_";
/// How long a session lasts: a long working day.
const SESSION_MS: i64 = 12 * 60 * MINUTE_MS;
/// Wrong codes in a row that cost nothing.
const FREE_CODES: i64 = 5;
/// The first pause is a minute, each further one twice as long, up to an hour. Three codes count at a time, so that
/// guessing all day succeeds once in 14,000 days.
const LONGEST_PAUSE_MS: i64 = 60 * MINUTE_MS;

/// A new session. Its token exists only until it is sent.
pub struct Session {
    /// What opens it.
    pub token: String,
    /// When it ends.
    pub expires_at: i64,
}

/// What came of a sign-in.
pub enum SignIn {
    /// The operator is signed in.
    Done(Session),
    /// The key has no second factor, so it needs no session.
    NotNeeded,
    /// The code is wrong, or was used before.
    WrongCode,
    /// Too many wrong codes; how long to wait.
    TooMany {
        /// Milliseconds.
        wait_ms: i64,
    },
    /// The secret cannot be opened: it was sealed with another `SITES_KEY`.
    Unreadable,
}

/// Signs the holder of a key in. `actor`: their name in the trail.
///
/// # Errors
/// The database failed.
pub async fn sign_in(
    db: &Db,
    factors: &FactorKey,
    (key, actor): (&AdminKey, &str),
    code: &str,
    now_ms: i64,
) -> sqlx::Result<SignIn> {
    let mut tx = db.write(LockScope::Nothing).await?;
    let Some(factor) = second_factors::lock(&mut tx, &key.id).await? else { return Ok(SignIn::NotNeeded) };
    let wait_ms = wait_ms(&factor, now_ms);
    if wait_ms > 0 {
        return Ok(SignIn::TooMany { wait_ms });
    }
    let Ok(step) = step_of(factors, &factor, code, now_ms) else { return Ok(SignIn::Unreadable) };
    let figures = json!({ "key": key.id, "name": key.name });
    let Some(step) = step.filter(|&step| step > factor.last_step) else {
        second_factors::note_wrong_code(&mut tx, &key.id, now_ms).await?;
        audit::note(&mut tx, Action::CodeWrong, actor, &figures, now_ms).await?;
        tx.commit().await?;
        return Ok(SignIn::WrongCode);
    };
    let session = Session { token: format!("{SESSION_PREFIX}{}", random_base64url()), expires_at: now_ms + SESSION_MS };
    second_factors::note_code(&mut tx, &key.id, step).await?;
    admin_sessions::forget_expired(&mut tx, now_ms).await?;
    admin_sessions::insert(&mut tx, &HashedToken::of(&session.token), &key.id, now_ms, session.expires_at).await?;
    audit::note(&mut tx, Action::SignedIn, actor, &figures, now_ms).await?;
    tx.commit().await?;
    Ok(SignIn::Done(session))
}

fn step_of(factors: &FactorKey, factor: &SecondFactor, code: &str, now_ms: i64) -> Result<Option<i64>, DecryptFailed> {
    let opened = factors.open(&factor.key_id, &factor.sealed_secret)?;
    // Apps show codes in two groups.
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    Ok(opened.step_of(&code, now_ms))
}

/// How long until another code may be tried.
fn wait_ms(factor: &SecondFactor, now_ms: i64) -> i64 {
    // A time in the future was written by a clock that was set back since.
    let Some(at) = factor.wrong_at.filter(|&at| at <= now_ms + MAY_BE_AHEAD_MS) else { return 0 };
    match factor.wrong_codes - FREE_CODES {
        ..0 => 0,
        beyond => (at + (MINUTE_MS << beyond.min(6)).min(LONGEST_PAUSE_MS) - now_ms).max(0),
    }
}
