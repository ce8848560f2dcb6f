//! New checks: asked for by a site, begun at the register page, or decided at once in test mode.

use super::events;
use crate::db::check_states::{self, Finish};
use crate::db::checks::{self, Check};
use crate::db::outbox::Addressee;
use crate::db::{Connection, Db, LockScope, WriteTransaction, users};
use crate::domain::{CheckId, CheckStatus, EmailAddress, Gate, Language, PlainToken, SiteEventType, SiteId, UserId};
use crate::registration::{Registered, Registrations};

/// How long a client token opens its check.
const CLIENT_TOKEN_MS: i64 = 15 * 60_000;
/// The domain whose addresses are decided without a camera.
const TEST_DOMAIN: &str = "@test.blinkgate";
/// How long a slow check of test mode takes.
const SLOW_MS: i64 = 10_000;

/// What a site asks.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in `Check`")]
pub struct NewCheck {
    pub site: SiteId,
    pub email: EmailAddress,
    pub gate: Gate,
    pub policy: Option<String>,
    pub locale: Option<Language>,
    /// The language of the mail, of those that there are.
    pub mail_language: Option<Language>,
    pub reference: Option<String>,
    pub nonce: Option<String>,
    pub state: Option<String>,
    pub return_url: Option<String>,
    pub alternative_url: Option<String>,
    /// JSON.
    pub metadata: String,
    pub test: bool,
    pub lasts_ms: i64,
}

/// A new check, and the token for its person.
#[derive(Debug)]
pub struct Made {
    /// The check as it is stored.
    pub check: Check,
    /// The token.
    pub client_token: PlainToken,
}

/// Why there is no check.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// This server sends no more mails to anybody for now.
    #[error("no more mails")]
    CeilingReached,
    /// Addresses for tests belong to test mode, all others do not.
    #[error("not an address of this mode")]
    WrongMode,
}

/// How an address of test mode is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TestResult {
    Pass,
    Fail,
    Review,
    Slow,
}

impl TestResult {
    fn of(email: &EmailAddress) -> Option<Self> {
        match email.expose().strip_suffix(TEST_DOMAIN)? {
            "pass" => Some(Self::Pass),
            "fail" => Some(Self::Fail),
            "review" => Some(Self::Review),
            "slow" => Some(Self::Slow),
            _ => None,
        }
    }

    /// Ends the check as the address says, unless that takes a while.
    pub(super) async fn apply(self, db: &mut Connection, check: &CheckId, now_ms: i64) -> sqlx::Result<()> {
        let finish = Finish { method: Some("prompted"), ..Finish::default() };
        let (status, finish, told) = match self {
            Self::Slow => return Ok(()),
            Self::Pass => (CheckStatus::Verified, finish, SiteEventType::Verified),
            Self::Review => (CheckStatus::Review, finish, SiteEventType::Review),
            Self::Fail => {
                check_states::count_failure(db, check, engine::Reason::NoBlink.code()).await?;
                (CheckStatus::Failed, Finish::default(), SiteEventType::Failed)
            }
        };
        if check_states::end(db, check, status, &finish, now_ms).await? {
            super::tell(db, check, told, now_ms).await?;
        }
        Ok(())
    }
}

/// Whether the address belongs to test mode. No mail can reach it.
fn is_for_tests(email: &EmailAddress) -> bool {
    email.expose().ends_with(TEST_DOMAIN)
}

/// Makes a check, with its mail if it needs one. Returns it with the transaction, which the caller commits.
///
/// # Errors
/// [`CreateError`]; nothing was made.
pub async fn create(
    db: &Db,
    registrations: &Registrations,
    new: NewCheck,
    now_ms: i64,
) -> Result<(WriteTransaction, Made), CreateError> {
    let result = TestResult::of(&new.email);
    if new.test != result.is_some() || (!new.test && is_for_tests(&new.email)) {
        return Err(CreateError::WrongMode);
    }
    let is_mailed = !new.test && new.gate.proves_mailbox();
    let scope = if is_mailed { LockScope::Registrations } else { LockScope::Nothing };
    let mut tx = db.write(scope).await?;
    let user = if new.test { None } else { Some(user_at(&mut tx, &new.email, now_ms).await?) };
    let to = Addressee { email: new.email.clone(), language: new.mail_language.clone(), check: None };
    let check = check_of(new, user, result, now_ms);
    let client_token = PlainToken::generate_for_client();
    checks::insert(&mut tx, &check, Some(&client_token.hash())).await?;
    events::tell_created(&mut tx, &check, now_ms).await?;
    if is_mailed {
        let to = Addressee { check: Some(check.id.clone()), ..to };
        if registrations.add(&mut tx, to, now_ms).await? == Registered::CeilingReached {
            return Err(CreateError::CeilingReached);
        }
    }
    let check = match result {
        Some(result) => {
            result.apply(&mut tx, &check.id, now_ms).await?;
            checks::get(&mut tx, &check.id).await?.unwrap_or(check)
        }
        None => check,
    };
    Ok((tx, Made { check, client_token }))
}

/// Mails the check's person again, in this language. As at the register page, nobody is told whether the mailbox has
/// had too many mails lately.
///
/// # Errors
/// [`CreateError`]; no mail is sent.
pub async fn mail_again(
    db: &Db,
    registrations: &Registrations,
    check: &Check,
    language: Option<Language>,
    now_ms: i64,
) -> Result<(), CreateError> {
    let user = check.user_id.as_ref().filter(|_| check.gate.proves_mailbox()).ok_or(CreateError::WrongMode)?;
    let mut tx = db.write(LockScope::Registrations).await?;
    let email = users::get(&mut tx, user).await?.email;
    let to = Addressee { email, language, check: Some(check.id.clone()) };
    if registrations.add(&mut tx, to, now_ms).await? == Registered::CeilingReached {
        return Err(CreateError::CeilingReached);
    }
    Ok(tx.commit().await?)
}

/// Gives the check a new client token.
///
/// # Errors
/// The database failed.
pub async fn new_client_token(db: &Db, check: &Check, now_ms: i64) -> sqlx::Result<PlainToken> {
    let token = PlainToken::generate_for_client();
    let mut tx = db.write(LockScope::Nothing).await?;
    let expires_at = check.expires_at.min(now_ms + CLIENT_TOKEN_MS);
    checks::set_client_token(&mut tx, &check.id, &token.hash(), expires_at).await?;
    tx.commit().await?;
    Ok(token)
}

/// Makes the check of somebody who opened a link of the register page.
///
/// # Errors
/// The database failed.
pub async fn from_front_door(
    db: &mut Connection,
    user: &UserId,
    (now_ms, lasts_ms): (i64, i64),
) -> sqlx::Result<Check> {
    let check = Check {
        front_door: 1,
        expires_at: now_ms + lasts_ms,
        ..blank(SiteId::of_front_door(), Gate::Link, Some(user.clone()), now_ms)
    };
    checks::insert(db, &check, None).await?;
    events::tell_created(db, &check, now_ms).await?;
    Ok(check)
}

async fn user_at(db: &mut Connection, email: &EmailAddress, now_ms: i64) -> sqlx::Result<UserId> {
    users::insert(db, [email], now_ms).await?;
    let user = users::find(db, email.expose()).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(user.id)
}

fn check_of(new: NewCheck, user: Option<UserId>, result: Option<TestResult>, now_ms: i64) -> Check {
    let is_slow = result == Some(TestResult::Slow);
    Check {
        status: if is_slow { CheckStatus::Checking } else { CheckStatus::Waiting },
        policy: new.policy,
        locale: new.locale.map(|locale| locale.as_str().to_owned()),
        reference: new.reference,
        nonce: new.nonce,
        state: new.state,
        return_url: new.return_url,
        alternative_url: new.alternative_url,
        metadata: new.metadata,
        test: i64::from(new.test),
        decide_at: is_slow.then_some(now_ms + SLOW_MS),
        client_token_expires_at: Some(now_ms + CLIENT_TOKEN_MS.min(new.lasts_ms)),
        expires_at: now_ms + new.lasts_ms,
        ..blank(new.site, new.gate, user, now_ms)
    }
}

fn blank(site_id: SiteId, gate: Gate, user_id: Option<UserId>, now_ms: i64) -> Check {
    Check {
        id: CheckId::new(now_ms),
        site_id,
        user_id,
        session_id: None,
        status: CheckStatus::Waiting,
        gate,
        policy: None,
        locale: None,
        reference: None,
        nonce: None,
        state: None,
        return_url: None,
        alternative_url: None,
        metadata: "{}".to_owned(),
        attempts: 0,
        last_failure: None,
        test: 0,
        front_door: 0,
        decide_at: None,
        client_token_expires_at: None,
        method: None,
        thresholds: None,
        evidence_sha256: None,
        handoff: None,
        event_id: None,
        created_at: now_ms,
        expires_at: now_ms,
        opened_at: None,
        ended_at: None,
        revoked_at: None,
        redacted_at: None,
    }
}
