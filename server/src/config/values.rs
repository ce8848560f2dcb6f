//! The values of single settings.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use clap::ValueEnum;
use engine::prompt::Policy;

use super::error::ConfigError;
use super::secret::Secret;
use super::source::Source;
use crate::domain::SealingKey;

/// Shortest accepted admin key.
const MIN_ADMIN_KEY_LENGTH: usize = 16;

/// The form of a base URL, for messages.
pub(super) const BASE_URL_FORM: &str = "an address like https://blink.example.com, without a path";

/// Reads a secret that is a key.
pub(super) fn key(source: &Source, name: &'static str) -> Result<Option<SealingKey>, ConfigError> {
    let problem = "must be 32 random bytes as base64 or hexadecimal; create one with `openssl rand -base64 32`";
    let key = |text: Secret| SealingKey::parse(text.expose()).ok_or(ConfigError::Unusable { name, problem });
    source.secret(name)?.map(key).transpose()
}

/// The public address of the server: scheme, host and port only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    origin: String,
    is_https: bool,
    host: String,
}

impl BaseUrl {
    /// `http://localhost:port`.
    pub fn localhost(port: u16) -> Self {
        format!("http://localhost:{port}").parse().expect("any port makes a valid URL")
    }

    /// The origin as browsers write it: no trailing slash, no default port.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Whether browsers use https to reach the server.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host name without a port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the host is this machine, for which browsers allow the camera without https.
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

impl FromStr for BaseUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = url::Url::parse(text).map_err(drop)?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) if is_bare && !has_user => Ok(Self {
                origin: url.origin().ascii_serialization(),
                is_https: url.scheme() == "https",
                host: host.to_owned(),
            }),
            _ => Err(()),
        }
    }
}

/// Whether `host` (a name or an address, without a port) is this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What runs the networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// tract with the ONNX files: the reference
    #[default]
    Tract,
    /// Our own runtime with the quantised networks, as in the browser: several times faster
    Compact,
}

impl FromStr for Runtime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Runtime as ValueEnum>::from_str(text, false)
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Only errors.
    Error,
    /// Also what an operator should look into.
    Warn,
    /// Also one line per request.
    Info,
    /// Also details.
    Debug,
    /// Everything.
    Trace,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people to read.
    Text,
    /// One JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(()),
        }
    }
}

impl LogLevel {
    /// The level's name.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // `warning` and `critical` come from Python, which the original system used.
        match text.to_ascii_lowercase().as_str() {
            "error" | "critical" => Ok(LogLevel::Error),
            "warn" | "warning" => Ok(LogLevel::Warn),
            "info" => Ok(LogLevel::Info),
            "debug" => Ok(LogLevel::Debug),
            "trace" => Ok(LogLevel::Trace),
            _ => Err(()),
        }
    }
}

/// `HOST`: an address of this machine.
pub(super) fn host(source: &Source) -> Result<IpAddr, ConfigError> {
    if source.text("HOST").is_some_and(|text| text.eq_ignore_ascii_case("localhost")) {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let host = source.parsed("HOST", "an IP address to listen on, like 127.0.0.1 or 0.0.0.0")?;
    Ok(host.unwrap_or(Ipv4Addr::LOCALHOST.into()))
}

/// `CHALLENGE_POLICY`. Tone-guided challenges cannot be set for everybody: the person chooses them, or a slow camera
/// does.
pub(super) fn policy(source: &Source) -> Result<Policy, ConfigError> {
    match source.text("CHALLENGE_POLICY") {
        None | Some("prompted") => Ok(Policy::Prompted),
        Some("natural") => Ok(Policy::Natural),
        Some(got) => Err(ConfigError::Unparsable {
            name: "CHALLENGE_POLICY",
            got: got.to_owned(),
            expected: "prompted or natural",
        }),
    }
}

/// `TURN_ALTERNATIVE`: whether people may do without a turn of the head.
pub(super) fn turn_alternative(source: &Source) -> Result<bool, ConfigError> {
    match source.text("TURN_ALTERNATIVE") {
        None | Some("allow") => Ok(true),
        Some("refuse") => Ok(false),
        Some(got) => {
            Err(ConfigError::Unparsable { name: "TURN_ALTERNATIVE", got: got.to_owned(), expected: "allow or refuse" })
        }
    }
}

/// Reads a setting that is on or off.
pub(super) fn switch(source: &Source, name: &'static str) -> Result<Option<bool>, ConfigError> {
    match source.text(name).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true" | "1" | "yes" | "on") => Ok(Some(true)),
        Some("false" | "0" | "no" | "off") => Ok(Some(false)),
        Some(got) => Err(ConfigError::Unparsable { name, got: got.to_owned(), expected: "true or false" }),
    }
}

/// `ADMIN_API_KEY`, which must be too long to guess.
pub(super) fn admin_key(source: &Source) -> Result<Option<Secret>, ConfigError> {
    let key = source.secret("ADMIN_API_KEY")?;
    if key.as_ref().is_some_and(|key| key.expose().len() < MIN_ADMIN_KEY_LENGTH) {
        return Err(ConfigError::Unusable {
            name: "ADMIN_API_KEY",
            problem: "is too short; use at least 16 characters, or leave it unset to have a key created",
        });
    }
    Ok(key)
}
