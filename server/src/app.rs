//! The parts of the running server, built once and shared. Each module gets only the parts that it needs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::prompt::Policy;
use tokio::sync::Notify;

use crate::captures::CaptureStore;
use crate::clock::{self, ClockSteps};
use crate::codes::CodeKey;
use crate::config::{BaseUrl, Config, CoolDown, DataRetention, Retention, TrustedProxies};
use crate::connections::ConnectionLimits;
use crate::db::Db;
use crate::domain::HashedToken;
use crate::erasure::Eraser;
use crate::key_uses::KeyUses;
use crate::rate::RateLimits;
use crate::readiness::Readiness;
use crate::registration::{MailLimits, Registrations};
use crate::results::{self, SigningKeys};
use crate::retention::Sweeper;
use crate::scoring::ScoringPool;
use crate::second_factor::FactorKey;
use crate::shares::Shares;
use crate::trail::{self, TrailKey};
use crate::verification::{Uploads, Verifier};
use crate::{checkpoints, files, mail, secrets, webhooks};

/// The running server, shared.
pub type App = Arc<AppState>;

/// Everything that handlers and background tasks use.
#[derive(Debug)]
pub struct AppState {
    /// The public address of this server.
    pub base_url: BaseUrl,
    /// Whether the session cookie is limited to https.
    pub cookie_secure: bool,
    /// Limits on sessions and requests.
    pub limits: AppLimits,
    /// When this server started.
    pub started_at: i64,
    /// Notices when this machine's clock is set.
    pub clock_steps: Arc<ClockSteps>,
    /// The database.
    pub db: Db,
    /// Scores captures.
    pub scoring: ScoringPool,
    /// Stores captures.
    pub captures: Arc<CaptureStore>,
    /// How long captures are kept.
    pub retention: Retention,
    /// How long everything else is kept.
    pub data_retention: DataRetention,
    /// Sends mails.
    pub mail: mail::Mailer,
    /// The last answer of `/ready`, and when it was computed.
    pub readiness: tokio::sync::Mutex<Option<(Instant, Readiness)>>,
    /// Takes registrations.
    pub registrations: Registrations,
    /// Wakes the mail worker.
    pub mail_wake: Arc<Notify>,
    /// Rate limits.
    pub rate: RateLimits,
    /// The requests that each client has in progress.
    pub in_progress: Shares,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// The hash of the operator's key for `/admin/…`.
    pub admin_key: HashedToken,
    /// Opens the second factors of keys.
    pub factors: FactorKey,
    /// Uses of keys that are not in the trail yet.
    pub key_uses: KeyUses,
    /// Whether an admin key may be sent in the URL.
    pub admin_allow_query_key: bool,
    /// Signs checkpoints of the audit trail.
    pub trail_key: TrailKey,
    /// Where checkpoints of the audit trail are sent.
    pub checkpoints: Option<checkpoints::Place>,
    /// Signs results.
    pub signing_keys: SigningKeys,
    /// Derives the codes of checks.
    pub codes: CodeKey,
    /// Tells sites what happened.
    pub webhooks: webhooks::Sender,
}

/// Longest time for a body to arrive. For the largest, 16 kB, that is 5 kbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(25);

/// Most requests that one client may have in progress. A client without a proxy in front cannot have more, since that is
/// also its share of the connections; the connections of a proxy are shared by all its clients.
const REQUESTS_PER_CLIENT: usize = ConnectionLimits::USUAL.per_peer;

/// Limits on sessions and requests.
#[derive(Clone, Copy, Debug)]
pub struct AppLimits {
    /// How long a mailed link is valid.
    pub token_ttl_ms: i64,
    /// How long a session is valid.
    pub session_ttl_ms: i64,
    /// Whether a link opens only one session.
    pub token_single_redeem: bool,
    /// Failed attempts allowed per session.
    pub max_attempts: u32,
    /// The kind of challenge.
    pub policy: Policy,
    /// Whether a person may choose to be guided by tones.
    pub allow_tone_guided: bool,
    /// Whether people who cannot turn their head may make more gestures of the lids instead.
    pub allow_no_turn: bool,
    /// Whether signals that decide nothing mark an event for review.
    pub review_signals: bool,
    /// When a mailbox has to wait after failed attempts.
    pub cool_down: CoolDown,
    /// Time for a whole challenge.
    pub timeout_ms: u32,
    /// Least time between two frames that the page analyses.
    pub frame_interval_ms: u32,
    /// Most bytes of a submission.
    pub max_content_length: u64,
    /// Longest time for a body to arrive.
    pub body_timeout: Duration,
}

impl AppState {
    /// Prepares the data folder, database, keys and mail.
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
        trail::begin(&db).await.context("the audit trail cannot be started")?;
        let sites_key = secrets::sites_key(config)?;
        let webhooks = webhooks::Sender::new(sites_key.clone())?;
        let codes = CodeKey::new(sites_key.clone());
        let factors = FactorKey::new(&sites_key);
        let signing_keys = SigningKeys::new(sites_key);
        results::begin(&db, &signing_keys, clock::now_ms()).await?;
        let mail_wake = Arc::new(Notify::new());
        Ok(Arc::new(AppState {
            cookie_secure: config.cookie_secure.unwrap_or(base_url.is_https()),
            base_url,
            limits: AppLimits {
                token_ttl_ms: config.token_ttl_ms,
                session_ttl_ms: config.session_ttl_ms,
                token_single_redeem: config.token_single_redeem,
                max_attempts: config.max_attempts,
                policy: config.policy,
                allow_tone_guided: config.allow_tone_guided,
                allow_no_turn: config.allow_no_turn,
                review_signals: config.review_signals,
                cool_down: config.cool_down,
                timeout_ms: config.liveness_timeout_s * 1000,
                frame_interval_ms: config.frame_interval_ms,
                max_content_length: config.max_content_length,
                body_timeout: BODY_TIMEOUT,
            },
            started_at: clock::now_ms(),
            clock_steps: Arc::default(),
            registrations: Registrations::new(db.clone(), mail_limits(config), Arc::clone(&mail_wake)),
            db,
            scoring,
            captures: Arc::new(open_captures(config).await?),
            retention: config.retention,
            data_retention: config.data_retention,
            mail: mail::Mailer::new(&config.mail, &config.data_dir)?,
            readiness: tokio::sync::Mutex::default(),
            mail_wake,
            rate: RateLimits::new(),
            in_progress: Shares::new(REQUESTS_PER_CLIENT),
            trusted_proxies: config.trusted_proxies.clone(),
            admin_key: HashedToken::of(admin_key.expose()),
            factors,
            key_uses: KeyUses::default(),
            admin_allow_query_key: config.admin_allow_query_key,
            trail_key,
            checkpoints: checkpoints_place(config)?,
            signing_keys,
            codes,
            webhooks,
        }))
    }

    /// The parts that delivering mails needs.
    pub fn outbox(&self) -> mail::Outbox<'_> {
        mail::Outbox {
            db: &self.db,
            mailer: &self.mail,
            base_url: &self.base_url,
            token_ttl_ms: self.limits.token_ttl_ms,
            codes: &self.codes,
            wake: &self.mail_wake,
        }
    }

    /// The parts that sending checkpoints needs, if they are sent anywhere.
    pub fn courier(&self) -> Option<checkpoints::Courier<'_>> {
        let place = self.checkpoints.as_ref()?;
        let (db, mailer, key, base_url) = (&self.db, &self.mail, &self.trail_key, &self.base_url);
        Some(checkpoints::Courier { db, place, mailer, key, base_url })
    }

    /// The parts that the sweep needs.
    pub fn sweeper(&self) -> Sweeper<'_> {
        Sweeper {
            eraser: self.eraser(),
            retention: self.retention,
            data_retention: self.data_retention,
            cool_down: self.limits.cool_down,
        }
    }

    /// The parts that deciding attempts needs.
    pub fn verifier(&self) -> Verifier {
        Verifier {
            db: self.db.clone(),
            scoring: self.scoring.clone(),
            captures: Arc::clone(&self.captures),
            retention: self.retention,
            keeps_hashes: self.data_retention.keeps_hashes(),
            clock_steps: Arc::clone(&self.clock_steps),
            cool_down: self.limits.cool_down,
            max_attempts: self.limits.max_attempts,
            review_signals: self.limits.review_signals,
            started_at: self.started_at,
        }
    }

    /// The parts that taking uploads needs.
    pub fn uploads(&self) -> Uploads<'_> {
        Uploads { db: &self.db, scoring: &self.scoring, max_bytes: self.limits.max_content_length }
    }

    /// The parts that erasing a user needs.
    pub fn eraser(&self) -> Eraser<'_> {
        Eraser { db: &self.db, captures: &self.captures, mail: &self.mail }
    }
}

fn mail_limits(config: &Config) -> MailLimits {
    MailLimits { per_hour: config.mails_per_hour, per_domain: config.mails_per_hour_per_domain }
}

/// The key that signs checkpoints of the audit trail.
pub(crate) fn trail_key(config: &Config, base_url: &BaseUrl) -> anyhow::Result<TrailKey> {
    Ok(TrailKey::new(base_url, secrets::trail_key(config)?.as_bytes()))
}

/// Where checkpoints of the audit trail go, if anywhere.
pub(crate) fn checkpoints_place(config: &Config) -> anyhow::Result<Option<checkpoints::Place>> {
    let Some(settings) = &config.checkpoints else { return Ok(None) };
    checkpoints::Place::new(settings, &secrets::trail_key(config)?).map(Some)
}

/// Opens the capture store. One that cannot be reached now may be reachable later, so the server starts anyway. A wrong
/// key or denied access is an error, since waiting would not fix it.
pub(crate) async fn open_captures(config: &Config) -> anyhow::Result<CaptureStore> {
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    match captures.check().await {
        Ok(()) => {}
        Err(error) if error.is_passing() => {
            tracing::warn!(%error, "the capture store cannot be used yet; nobody can be verified until then");
        }
        Err(error) => anyhow::bail!("the capture store cannot be used (CAPTURE_STORE): {error}"),
    }
    Ok(captures)
}

/// Creates the data folder if absent, and checks that it is writable.
pub(crate) fn prepare_data_dir(data_dir: &Path) -> anyhow::Result<()> {
    files::create_private_dir(data_dir).and_then(|()| files::probe_writable(data_dir)).with_context(|| {
        format!(
            "the data folder {} is not writable; make it writable or set DATA_DIR to another folder",
            data_dir.display()
        )
    })
}
