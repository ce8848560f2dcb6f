//! Settings: the environment in, one checked `Config` out. No other module reads the environment.

mod admin_bind;
mod captures;
mod checkpoints;
mod cool_down;
mod data_retention;
mod database;
mod error;
mod in_force;
mod mail;
mod names;
mod network;
mod retention;
mod secret;
mod source;
mod values;

use std::net::IpAddr;
use std::path::PathBuf;

pub use admin_bind::AdminBind;
pub use captures::{BlobStoreConfig, CaptureConfig, CloudinaryConfig, CloudinarySignature, S3Config};
pub use checkpoints::{CheckpointConfig, CheckpointPlace};
pub use cool_down::CoolDown;
pub use data_retention::DataRetention;
pub use database::DatabaseUrl;
pub use error::ConfigError;
pub use mail::{MailConfig, MailSecurity, MailTransport, ResendConfig, SmtpConfig};
pub use network::TrustedProxies;
pub use retention::Retention;
pub use secret::Secret;
pub(crate) use values::is_loopback_host;
pub use values::{BaseUrl, LogFormat, LogLevel, Runtime};

use engine::prompt::Policy;

use crate::domain::SealingKey;
use source::Source;

/// Every setting, checked. Each field names the variable that it is read from.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`: an SQLite file or a PostgreSQL database; `sqlite://DATA_DIR/blinkgate.db` where not set.
    pub database_url: DatabaseUrl,
    /// `APP_BASE_URL`: the public address of this server; every link starts with it.
    /// `http://localhost:PORT` where not set.
    pub app_base_url: Option<BaseUrl>,
    /// `HOST`: the address to listen on.
    pub host: IpAddr,
    /// `PORT`: the port to listen on.
    pub port: u16,
    /// `ADMIN_BIND`: where operators reach the server.
    pub admin_bind: AdminBind,
    /// `DATA_DIR`: where database, captures, keys and the development outbox live.
    pub data_dir: PathBuf,
    /// `MAIL_…`: how mails are sent.
    pub mail: MailConfig,
    /// `ADMIN_API_KEY`: opens `/admin/…`. If unset, one is created under `DATA_DIR/keys/`.
    pub admin_key: Option<Secret>,
    /// `ADMIN_ALLOW_QUERY_KEY`: whether an admin key may also be sent in the URL, as `?key=`.
    pub admin_allow_query_key: bool,
    /// `TRAIL_SIGNING_KEY`: signs checkpoints of the trail. If unset, one is created under `DATA_DIR/keys/`.
    pub trail_key: Option<SealingKey>,
    /// `CHECKPOINTS_…`: where checkpoints of the trail are kept. `None`: only where operators take them.
    pub checkpoints: Option<CheckpointConfig>,
    /// `SITES_KEY`: what results and webhooks are signed with is derived from it. If unset, one is created under
    /// `DATA_DIR/keys/`.
    pub sites_key: Option<SealingKey>,
    /// `CAPTURE_…`, `S3_…`, `CLOUDINARY_…`: where captures are stored and which key seals them.
    pub captures: CaptureConfig,
    /// `RETENTION`, `RETENTION_DAYS`, `RETENTION_DAYS_FAILED`: how long captures are kept.
    pub retention: Retention,
    /// `RETENTION_DAYS_…`: how long everything else is kept.
    pub data_retention: DataRetention,
    /// `CHALLENGE_POLICY`: the kind of challenge.
    pub policy: Policy,
    /// `ALLOW_TONE_GUIDED`: whether a person may choose prompts by tones instead of visual prompts.
    pub allow_tone_guided: bool,
    /// `TURN_ALTERNATIVE`: whether people who cannot turn their head may make more gestures of the lids instead.
    pub allow_no_turn: bool,
    /// `REVIEW_SIGNALS`: whether signals that decide nothing mark an event for review.
    pub review_signals: bool,
    /// `LIVENESS_TIMEOUT_SECONDS`: time to complete a challenge.
    pub liveness_timeout_s: u32,
    /// `FRAME_CAPTURE_INTERVAL_MS`: minimum time between two frames that the page analyses.
    pub frame_interval_ms: u32,
    /// `MAX_CONTENT_LENGTH`: largest submission in bytes.
    pub max_content_length: u64,
    /// `SESSION_COOKIE_SECURE`: whether the cookie has the `Secure` attribute; if unset, whenever `APP_BASE_URL` is
    /// https.
    pub cookie_secure: Option<bool>,
    /// `LOG_LEVEL`: how much is logged.
    pub log_level: LogLevel,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `TOKEN_TTL_MINUTES`: how long a mailed link works.
    pub token_ttl_ms: i64,
    /// `SESSION_TTL_MINUTES`: how long a session at the camera may last.
    pub session_ttl_ms: i64,
    /// `MAX_ATTEMPTS`: failed attempts allowed per session.
    pub max_attempts: u32,
    /// `TOKEN_SINGLE_REDEEM`: whether a link opens only one session, rather than a new one each time until the person
    /// is verified.
    pub token_single_redeem: bool,
    /// `COOL_DOWN_FAILURES`, `COOL_DOWN_WINDOW_MINUTES`, `COOL_DOWN_MINUTES`, `MAX_ATTEMPTS_PER_DAY`: when a mailbox
    /// has to wait.
    pub cool_down: CoolDown,
    /// `MAILS_PER_HOUR`: limit on mails in one hour, to all mailboxes together.
    pub mails_per_hour: u32,
    /// `MAILS_PER_HOUR_PER_DOMAIN`: limit on mails in one hour to one domain that is not a public provider's.
    pub mails_per_hour_per_domain: u32,
    /// `MODELS_DIR`: a folder with the networks, instead of those embedded in the program.
    pub models_dir: Option<PathBuf>,
    /// `ENGINE_RUNTIME`: what runs the networks.
    pub engine_runtime: Runtime,
    /// `TRUSTED_PROXIES`: the proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Settings in the `.env` file that only the system replaced by Blinkgate needed.
    pub unneeded: Vec<String>,
}

impl Config {
    /// Reads the environment and the `.env` file.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that cannot be used, and why.
    pub fn load() -> Result<Self, ConfigError> {
        Self::from_source(&Source::from_process()?)
    }

    /// Reads the settings from a list.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ConfigError> {
        Self::from_source(&Source::from_pairs(pairs))
    }

    /// The public address of this server, if it listens on `port`.
    pub fn base_url(&self, port: u16) -> BaseUrl {
        self.app_base_url.clone().unwrap_or_else(|| BaseUrl::localhost(port))
    }

    fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let data_dir = PathBuf::from(source.text("DATA_DIR").unwrap_or("data"));
        let database_url = DatabaseUrl::from_source(source, &data_dir)?;
        let mails_per_hour = source.number("MAILS_PER_HOUR", 1..=1_000_000, 1000)?;
        Ok(Self {
            database_url,
            app_base_url: source.parsed("APP_BASE_URL", values::BASE_URL_FORM)?,
            host: values::host(source)?,
            port: source.parsed("PORT", "a port number from 0 to 65535")?.unwrap_or(8080),
            admin_bind: source.parsed("ADMIN_BIND", AdminBind::FORM)?.unwrap_or_default(),
            data_dir,
            mail: MailConfig::from_source(source)?,
            admin_key: values::admin_key(source)?,
            admin_allow_query_key: values::switch(source, "ADMIN_ALLOW_QUERY_KEY")?.unwrap_or(false),
            trail_key: values::key(source, "TRAIL_SIGNING_KEY")?,
            checkpoints: CheckpointConfig::from_source(source)?,
            sites_key: values::key(source, "SITES_KEY")?,
            captures: CaptureConfig::from_source(source)?,
            retention: Retention::from_source(source)?,
            data_retention: DataRetention::from_source(source)?,
            policy: values::policy(source)?,
            allow_tone_guided: values::switch(source, "ALLOW_TONE_GUIDED")?.unwrap_or(true),
            allow_no_turn: values::turn_alternative(source)?,
            review_signals: values::switch(source, "REVIEW_SIGNALS")?.unwrap_or(true),
            liveness_timeout_s: source.number("LIVENESS_TIMEOUT_SECONDS", 5..=300, 60)?,
            // 33 ms is every frame of most cameras. Above 125 ms (8 frames/s) blinks are lost between two frames.
            frame_interval_ms: source.number("FRAME_CAPTURE_INTERVAL_MS", 16..=125, 33)?,
            max_content_length: source.number("MAX_CONTENT_LENGTH", 100_000..=16_000_000, 120_000)?.into(),
            cookie_secure: values::switch(source, "SESSION_COOKIE_SECURE")?,
            log_level: source.parsed("LOG_LEVEL", "error, warn, info, debug or trace")?.unwrap_or(LogLevel::Info),
            log_format: source.parsed("LOG_FORMAT", "text or json")?.unwrap_or(LogFormat::Text),
            // Long enough for mail servers that delay mail from unknown senders (greylisting).
            token_ttl_ms: source.minutes_ms("TOKEN_TTL_MINUTES", 30)?,
            session_ttl_ms: source.minutes_ms("SESSION_TTL_MINUTES", 30)?,
            max_attempts: source.number("MAX_ATTEMPTS", 1..=100, 5)?,
            token_single_redeem: values::switch(source, "TOKEN_SINGLE_REDEEM")?.unwrap_or(false),
            cool_down: CoolDown::from_source(source)?,
            mails_per_hour,
            // Half leaves room for everybody else.
            mails_per_hour_per_domain: source.number(
                "MAILS_PER_HOUR_PER_DOMAIN",
                1..=1_000_000,
                mails_per_hour.div_ceil(2).max(mails_per_hour.min(100)),
            )?,
            models_dir: source.text("MODELS_DIR").map(PathBuf::from),
            engine_runtime: source.parsed("ENGINE_RUNTIME", "tract or compact")?.unwrap_or_default(),
            trusted_proxies: source
                .parsed("TRUSTED_PROXIES", "addresses or networks separated by commas, like 10.0.0.0/8,::1")?
                .unwrap_or_else(TrustedProxies::loopback),
            unneeded: source.unneeded.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(config: &Config) -> &str {
        match &config.database_url {
            DatabaseUrl::Sqlite(url) => url.expose(),
            other => panic!("{other:?}"),
        }
    }

    fn error(pairs: &[(&str, &str)]) -> String {
        Config::from_pairs(pairs.iter().copied()).unwrap_err().to_string()
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = Config::from_pairs([]).unwrap();
        assert_eq!(database(&config), "sqlite://data/blinkgate.db");
        assert_eq!(config.base_url(8080).as_str(), "http://localhost:8080");
        assert_eq!((config.host.to_string().as_str(), config.port), ("127.0.0.1", 8080));
        assert!(matches!(config.mail.transports.as_slice(), [MailTransport::File { .. }]));
        assert_eq!((config.liveness_timeout_s, config.max_attempts), (60, 5));
    }

    #[test]
    fn an_empty_setting_counts_as_not_set() {
        let config = Config::from_pairs([("MAIL_USERNAME", ""), ("PORT", " "), ("ADMIN_API_KEY", "")]).unwrap();
        assert!(matches!(config.mail.transports.as_slice(), [MailTransport::File { .. }]));
        assert!(config.port == 8080 && config.admin_key.is_none());
    }

    #[test]
    fn the_database_moves_with_the_data() {
        let config = Config::from_pairs([("DATA_DIR", "/srv/blinkgate")]).unwrap();
        assert_eq!(database(&config), "sqlite:///srv/blinkgate/blinkgate.db");
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named_with_what_it_should_be() {
        let cases: [(&[(&str, &str)], &str); 15] = [
            (&[("ADMIN_BIND", "8081")], "ADMIN_BIND is \"8081\" but must be"),
            (&[("PORT", "http")], "PORT is \"http\" but must be"),
            (&[("PORT", "65536")], "PORT is \"65536\" but must be"),
            (&[("HOST", "example.com")], "HOST is \"example.com\" but must be"),
            (&[("LIVENESS_TIMEOUT_SECONDS", "0")], "LIVENESS_TIMEOUT_SECONDS is \"0\" but must be a whole number"),
            (&[("MAX_CONTENT_LENGTH", "4 MB")], "MAX_CONTENT_LENGTH is \"4 MB\" but must be a whole number"),
            (&[("FRAME_CAPTURE_INTERVAL_MS", "200")], "FRAME_CAPTURE_INTERVAL_MS is \"200\" but must be a whole"),
            (&[("SESSION_COOKIE_SECURE", "maybe")], "SESSION_COOKIE_SECURE is \"maybe\" but must be"),
            (&[("LOG_LEVEL", "loud")], "LOG_LEVEL is \"loud\" but must be"),
            (&[("APP_BASE_URL", "blink.example.com")], "APP_BASE_URL is \"blink.example.com\" but must be"),
            (&[("APP_BASE_URL", "https://blink.example.com/app")], "APP_BASE_URL is"),
            (&[("APP_BASE_URL", "https://jo:pw@blink.example.com")], "APP_BASE_URL is"),
            (&[("TRUSTED_PROXIES", "10.0.0.0/33")], "TRUSTED_PROXIES is"),
            (&[("DATABASE_URL", "mysql://jo:hunter2@db/blink")], "DATABASE_URL must name an SQLite file"),
            (&[("ADMIN_API_KEY", "short")], "ADMIN_API_KEY"),
        ];
        for (pairs, expected) in cases {
            let error = error(pairs);
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("short\""), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_appear_when_the_settings_are_printed() {
        let config = Config::from_pairs([
            ("DATABASE_URL", "sqlite://secret-place.db"),
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_USERNAME", "jo@example.com"),
            ("MAIL_PASSWORD", "hunter2"),
            ("ADMIN_API_KEY", "a-long-enough-admin-key"),
        ])
        .unwrap();
        let printed = format!("{config:?}");
        for secret in ["hunter2", "a-long-enough-admin-key", "secret-place"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
