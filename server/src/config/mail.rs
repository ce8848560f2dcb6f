//! Settings of how mails are sent.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use url::Url;

use super::error::ConfigError;
use super::secret::Secret;
use super::source::Source;
use super::values::is_loopback_host;

/// How mails are sent.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The transports, in the order in which they are tried; at least one.
    pub transports: Vec<MailTransport>,
    /// `MAIL_TEMPLATES`: a folder with the operator's own templates.
    pub templates: Option<PathBuf>,
    /// `MAIL_TIMEOUT_SECONDS`: timeout for one mail by one transport. Three times the maximum is less than the worker's
    /// lease on a mail.
    pub timeout: Duration,
}

/// One way to send mails.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// Writes files to `DATA_DIR/outbox` and logs the link. For development.
    File {
        /// `MAIL_SENDER`.
        sender: Mailbox,
    },
    /// A mail server.
    Smtp(SmtpConfig),
    /// Resend's HTTP API.
    Resend(ResendConfig),
}

/// How Resend is reached.
#[derive(Clone, Debug)]
pub struct ResendConfig {
    /// `RESEND_API_KEY`.
    pub key: Secret,
    /// `RESEND_FROM_EMAIL`.
    pub sender: Mailbox,
    /// `RESEND_API_URL`.
    pub url: Url,
}

/// How the mail server is reached.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// `MAIL_SERVER`.
    pub server: String,
    /// `MAIL_PORT`.
    pub port: u16,
    /// `MAIL_SECURITY`.
    pub security: MailSecurity,
    /// `MAIL_USERNAME` and `MAIL_PASSWORD`.
    pub login: Option<(String, Secret)>,
    /// `MAIL_SENDER`.
    pub sender: Mailbox,
    /// `MAIL_CA_FILE`: a CA certificate in PEM that is trusted in addition to the public ones.
    pub authority: Option<PathBuf>,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// The connection is upgraded to TLS; without TLS nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No TLS; allowed only for a mail server on this machine.
    None,
}

impl FromStr for MailSecurity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "starttls" => Ok(MailSecurity::StartTls),
            "tls" => Ok(MailSecurity::Tls),
            "none" => Ok(MailSecurity::None),
            _ => Err(()),
        }
    }
}

impl MailConfig {
    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let names = match source.text("MAIL_TRANSPORT") {
            Some(names) => names.to_ascii_lowercase(),
            None => default_transports(source)?.to_owned(),
        };
        let way = |name: &str| match name {
            "file" => file(source),
            "smtp" => smtp(source).map(MailTransport::Smtp),
            "resend" => resend(source).map(MailTransport::Resend),
            _ => Err(ConfigError::Unparsable {
                name: "MAIL_TRANSPORT",
                got: names.clone(),
                expected: "file, smtp, resend, or several of them separated by commas, tried in that order",
            }),
        };
        Ok(Self {
            transports: names.split(',').map(|name| way(name.trim())).collect::<Result<_, _>>()?,
            templates: source.text("MAIL_TEMPLATES").map(PathBuf::from),
            timeout: Duration::from_secs(source.number("MAIL_TIMEOUT_SECONDS", 1..=30, 20)?.into()),
        })
    }
}

/// Every transport that is configured: Resend first, as in the original system, then the mail server.
fn default_transports(source: &Source) -> Result<&'static str, ConfigError> {
    let by_server = source.text("MAIL_SERVER").is_some() || source.text("MAIL_USERNAME").is_some();
    Ok(match (source.secret("RESEND_API_KEY")?.is_some(), by_server) {
        (true, true) => "resend,smtp",
        (true, false) => "resend",
        (false, true) => "smtp",
        (false, false) => "file",
    })
}

fn resend(source: &Source) -> Result<ResendConfig, ConfigError> {
    let unusable = |name, problem| ConfigError::Unusable { name, problem };
    let key =
        source.secret("RESEND_API_KEY")?.ok_or(unusable("RESEND_API_KEY", "is required to send mails by Resend"))?;
    let sender =
        source.parsed("RESEND_FROM_EMAIL", "an address like Blinkgate <blinkgate@example.com>")?.ok_or(unusable(
            "RESEND_FROM_EMAIL",
            "is required with RESEND_API_KEY: an address of a domain that you have verified at Resend",
        ))?;
    let url: Url = source
        .parsed("RESEND_API_URL", "an address like https://api.resend.com/emails")?
        .unwrap_or_else(|| Url::parse("https://api.resend.com/emails").expect("valid"));
    let is_local = url.host_str().is_some_and(is_loopback_host);
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err(unusable("RESEND_API_URL", "must be https; http is allowed only for this machine"));
    }
    Ok(ResendConfig { key, sender, url })
}

fn file(source: &Source) -> Result<MailTransport, ConfigError> {
    let local = || Mailbox::new(Some("Blinkgate".to_owned()), Address::new("blinkgate", "localhost").expect("valid"));
    Ok(MailTransport::File { sender: sender(source)?.unwrap_or_else(local) })
}

fn smtp(source: &Source) -> Result<SmtpConfig, ConfigError> {
    let unusable = |name, problem| ConfigError::Unusable { name, problem };
    let server = source
        .text("MAIL_SERVER")
        .ok_or(unusable("MAIL_SERVER", "is required to send mails; set it to your mail server's name"))?;
    let security = source.parsed("MAIL_SECURITY", "starttls, tls or none")?.unwrap_or(MailSecurity::StartTls);
    if security == MailSecurity::None && !is_loopback_host(server) {
        return Err(unusable("MAIL_SECURITY", "may be none only if MAIL_SERVER is this machine"));
    }
    let default_port = match security {
        MailSecurity::StartTls => 587,
        MailSecurity::Tls => 465,
        MailSecurity::None => 25,
    };
    let login = match (source.text("MAIL_USERNAME"), source.secret("MAIL_PASSWORD")?) {
        (Some(name), Some(password)) => Some((name.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => return Err(unusable("MAIL_PASSWORD", "is required with MAIL_USERNAME")),
        (None, Some(_)) => return Err(unusable("MAIL_USERNAME", "is required with MAIL_PASSWORD")),
    };
    // For many accounts, the user name is the address that they send from.
    let of_account = || login.as_ref().and_then(|(name, _)| name.parse::<Mailbox>().ok());
    let sender = sender(source)?
        .or_else(of_account)
        .ok_or(unusable("MAIL_SENDER", "is required to send mails; set it to the address that they come from"))?;
    Ok(SmtpConfig {
        server: server.to_owned(),
        port: source.parsed("MAIL_PORT", "a port number from 0 to 65535")?.unwrap_or(default_port),
        security,
        login,
        sender,
        authority: source.text("MAIL_CA_FILE").map(PathBuf::from),
    })
}

fn sender(source: &Source) -> Result<Option<Mailbox>, ConfigError> {
    source.parsed("MAIL_SENDER", "an address like Blinkgate <blinkgate@example.com>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(pairs: &[(&str, &str)]) -> Result<MailConfig, String> {
        MailConfig::from_source(&Source::from_pairs(pairs.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_named_mail_server_is_used_with_starttls() {
        let config = mail(&[
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_USERNAME", "jo@example.com"),
            ("MAIL_PASSWORD", "hunter2"),
        ]);
        let transports: [MailTransport; 1] = config.unwrap().transports.try_into().expect("one transport");
        let [MailTransport::Smtp(smtp)] = transports else { panic!("not taken as SMTP") };
        assert_eq!((smtp.port, smtp.security), (587, MailSecurity::StartTls));
        assert_eq!(smtp.sender.email.to_string(), "jo@example.com");
    }

    #[test]
    fn every_configured_transport_is_used_and_the_order_can_be_chosen() {
        let all = [
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_SENDER", "jo@example.com"),
            ("RESEND_API_KEY", "re_hunter2"),
            ("RESEND_FROM_EMAIL", "Blinkgate <jo@example.com>"),
        ];
        let names = |pairs: &[(&str, &str)]| -> Vec<&str> {
            let name = |way: &MailTransport| match way {
                MailTransport::File { .. } => "file",
                MailTransport::Smtp(_) => "smtp",
                MailTransport::Resend(_) => "resend",
            };
            mail(pairs).unwrap().transports.iter().map(name).collect()
        };
        assert_eq!(names(&[]), ["file"]);
        assert_eq!(names(&all), ["resend", "smtp"]);
        assert_eq!(names(&all[2..]), ["resend"]);
        let chosen = [&all[..], &[("MAIL_TRANSPORT", "SMTP, resend, file")]].concat();
        assert_eq!(names(&chosen), ["smtp", "resend", "file"]);
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let server = ("MAIL_SERVER", "mail.example.com");
        let sender = ("MAIL_SENDER", "jo@example.com");
        let resend = ("RESEND_API_KEY", "re_hunter2");
        let from = ("RESEND_FROM_EMAIL", "jo@example.com");
        let cases: [(&[(&str, &str)], &str); 12] = [
            (&[("MAIL_TRANSPORT", "pigeon")], "MAIL_TRANSPORT"),
            (&[("MAIL_TRANSPORT", "smtp")], "MAIL_SERVER"),
            (&[server], "MAIL_SENDER"),
            (&[server, ("MAIL_SENDER", "nobody")], "MAIL_SENDER"),
            (&[server, sender, ("MAIL_SECURITY", "none")], "MAIL_SECURITY"),
            (&[server, sender, ("MAIL_USERNAME", "jo")], "MAIL_PASSWORD"),
            (&[server, sender, ("MAIL_PASSWORD", "hunter2")], "MAIL_USERNAME"),
            (&[resend], "RESEND_FROM_EMAIL"),
            (&[from, ("MAIL_TRANSPORT", "resend")], "RESEND_API_KEY"),
            (&[resend, from, ("RESEND_API_URL", "http://api.example.com")], "RESEND_API_URL"),
            (&[resend, from, ("MAIL_TRANSPORT", "resend,")], "MAIL_TRANSPORT"),
            (&[("MAIL_TIMEOUT_SECONDS", "0")], "MAIL_TIMEOUT_SECONDS"),
        ];
        for (pairs, name) in cases {
            let error = mail(pairs).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        }
        assert!(mail(&[("MAIL_SERVER", "127.0.0.1"), sender, ("MAIL_SECURITY", "none")]).is_ok());
    }
}
