//! What the server is made of while it runs: built once, handed to every handler.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::prompt::Policy;
use tokio::sync::Notify;

use crate::captures::CaptureStore;
use crate::clock::ClockSteps;
use crate::config::{BaseUrl, Config, TrustedProxies};
use crate::cool_down::CoolDown;
use crate::db::Db;
use crate::domain::HashedToken;
use crate::erasure::Eraser;
use crate::rate::RateLimits;
use crate::readiness::Readiness;
use crate::registration::Registrations;
use crate::retention::Retention;
use crate::scoring::ScoringPool;
use crate::trail::{self, TrailKey};
use crate::{files, mail, secrets};

/// The running server, shared.
pub type App = Arc<AppState>;

/// Everything that handlers and workers use.
#[derive(Debug)]
pub struct AppState {
    /// What people reach this server under.
    pub base_url: BaseUrl,
    /// Whether the session's cookie asks for https.
    pub cookie_secure: bool,
    /// Times and sizes.
    pub limits: Limits,
    /// When this machine's clock was set.
    pub clock_steps: ClockSteps,
    /// The database.
    pub db: Db,
    /// Scores captures.
    pub scoring: ScoringPool,
    /// Keeps captures.
    pub captures: CaptureStore,
    /// For how long.
    pub retention: Retention,
    /// Sends mails.
    pub mail: mail::Transport,
    /// How the parts were when `/ready` was last asked, and when that was.
    pub readiness: tokio::sync::Mutex<Option<(Instant, Readiness)>>,
    /// Registrations on their way into the database.
    pub registrations: Registrations,
    /// Wakes the mail worker.
    pub mail_wake: Notify,
    /// Counts what may not be repeated without end.
    pub rate: RateLimits,
    /// Whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Opens `/admin/…`.
    pub admin_key: HashedToken,
    /// Whether an admin key may come in the address.
    pub admin_allow_query_key: bool,
    /// Signs checkpoints of the trail.
    pub trail_key: TrailKey,
}

/// A body that takes longer to arrive is given up. At the 16 kB of the largest that is 5 kbit/s.
const BODY_ARRIVAL: Duration = Duration::from_secs(25);

/// Times and sizes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a mailed link works.
    pub token_ttl_ms: i64,
    /// How long a session may last.
    pub session_ttl_ms: i64,
    /// Whether a link opens one session only.
    pub token_single_redeem: bool,
    /// Attempts of one session that may fail.
    pub max_attempts: u32,
    /// How challenges are put.
    pub policy: Policy,
    /// Whether a person may be guided by tones instead.
    pub allow_tone_guided: bool,
    /// When a mailbox has to wait after failed attempts.
    pub cool_down: CoolDown,
    /// Mails to anybody within an hour.
    pub mails_per_hour: u32,
    /// Time for all that is asked.
    pub timeout_ms: u32,
    /// Least time between two frames that the page looks at.
    pub frame_interval_ms: u32,
    /// Most bytes of a submission.
    pub max_content_length: u64,
    /// How long a body may take to arrive.
    pub body_arrival: Duration,
}

impl AppState {
    /// Prepares folders, database, keys and mail.
    ///
    /// # Errors
    /// One of them cannot be used; the message says which and what to do.
    pub async fn build(config: &Config, base_url: BaseUrl, scoring: ScoringPool) -> anyhow::Result<App> {
        prepare_data_dir(&config.data_dir)?;
        let admin_key = match &config.admin_key {
            Some(key) => key.clone(),
            None => secrets::admin_key(&config.data_dir)?,
        };
        let trail_key = trail_key(config, &base_url)?;
        let db = Db::open(&config.database_url).await?;
        trail::begin(&db).await.context("the audit's trail cannot be begun")?;
        Ok(Arc::new(AppState {
            cookie_secure: config.cookie_secure.unwrap_or(base_url.is_https()),
            base_url,
            limits: Limits {
                token_ttl_ms: config.token_ttl_ms,
                session_ttl_ms: config.session_ttl_ms,
                token_single_redeem: config.token_single_redeem,
                max_attempts: config.max_attempts,
                policy: config.policy,
                allow_tone_guided: config.allow_tone_guided,
                cool_down: config.cool_down,
                mails_per_hour: config.mails_per_hour,
                timeout_ms: config.liveness_timeout_s * 1000,
                frame_interval_ms: config.frame_interval_ms,
                max_content_length: config.max_content_length,
                body_arrival: BODY_ARRIVAL,
            },
            clock_steps: ClockSteps::default(),
            db,
            scoring,
            captures: open_captures(config).await?,
            retention: config.retention,
            mail: mail::Transport::new(&config.mail, &config.data_dir)?,
            readiness: tokio::sync::Mutex::default(),
            registrations: Registrations::default(),
            mail_wake: Notify::new(),
            rate: RateLimits::new(),
            trusted_proxies: config.trusted_proxies.clone(),
            admin_key: HashedToken::of(admin_key.expose()),
            admin_allow_query_key: config.admin_allow_query_key,
            trail_key,
        }))
    }

    /// What erasing a user needs.
    pub fn eraser(&self) -> Eraser<'_> {
        Eraser { db: &self.db, captures: &self.captures, mail: &self.mail }
    }
}

/// The key that signs checkpoints.
pub(crate) fn trail_key(config: &Config, base_url: &BaseUrl) -> anyhow::Result<TrailKey> {
    let key = match &config.trail_key {
        Some(key) => key.clone(),
        None => secrets::trail_key(&config.data_dir)?,
    };
    Ok(TrailKey::new(base_url, key.as_bytes()))
}

/// Opens the captures' store. One that cannot be reached now may be later; one that was begun with another key, or knows us
/// not, will not mend by itself.
pub(crate) async fn open_captures(config: &Config) -> anyhow::Result<CaptureStore> {
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    match captures.check().await {
        Ok(()) => {}
        Err(error) if error.is_passing() => {
            tracing::warn!(%error, "the captures' store cannot be used yet; nobody is verified until it can");
        }
        Err(error) => anyhow::bail!("the captures' store cannot be used (CAPTURE_STORE): {error}"),
    }
    Ok(captures)
}

/// Makes the data folder where absent, and makes sure that it can be written to before anybody relies on it.
pub(crate) fn prepare_data_dir(data_dir: &Path) -> anyhow::Result<()> {
    files::create_private_dir(data_dir).and_then(|()| files::probe_writable(data_dir)).with_context(|| {
        format!(
            "the data folder {} cannot be written to; make it writable or set DATA_DIR to another",
            data_dir.display()
        )
    })
}
