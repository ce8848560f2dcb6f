//! Settings of the mail.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use url::Url;

use super::values::is_loopback_host;
use super::{ConfigError, Secret, Source};

/// How mails leave.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The ways, in the order in which they are tried; one at least.
    pub ways: Vec<MailWay>,
    /// `MAIL_TEMPLATES`: a folder with other words.
    pub templates: Option<PathBuf>,
    /// `MAIL_TIMEOUT_SECONDS`: how long one mail may take by one way. Three of them are less than
    /// the worker's lease on a mail.
    pub timeout: Duration,
}

/// One way out.
#[derive(Clone, Debug)]
pub enum MailWay {
    /// Into files under `DATA_DIR/outbox`, with the link in the log. For development.
    File {
        /// `MAIL_SENDER`.
        sender: Mailbox,
    },
    /// By a mail server.
    Smtp(SmtpConfig),
    /// By Resend's HTTP API.
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
    /// `MAIL_CA_FILE`: a certificate, in PEM, that the mail server's may be signed by, beside those of the public web.
    pub authority: Option<PathBuf>,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// In clear at first, then TLS; without TLS nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all; only to a mail server on this machine.
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
            None => default_ways(source)?.to_owned(),
        };
        let way = |name: &str| match name {
            "file" => file(source),
            "smtp" => smtp(source).map(MailWay::Smtp),
            "resend" => resend(source).map(MailWay::Resend),
            _ => Err(ConfigError::Unparsable {
                name: "MAIL_TRANSPORT",
                got: names.clone(),
                expected: "file, smtp, resend, or several with commas between, in the order of their trying",
            }),
        };
        Ok(Self {
            ways: names.split(',').map(|name| way(name.trim())).collect::<Result<_, _>>()?,
            templates: source.text("MAIL_TEMPLATES").map(PathBuf::from),
            timeout: Duration::from_secs(source.number("MAIL_TIMEOUT_SECONDS", 1..=30, 20)?.into()),
        })
    }
}

/// Whatever is set is used: Resend first, as in the original, then the mail server.
fn default_ways(source: &Source) -> Result<&'static str, ConfigError> {
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
        source.secret("RESEND_API_KEY")?.ok_or(unusable("RESEND_API_KEY", "is needed to send mails by Resend"))?;
    let sender =
        source.parsed("RESEND_FROM_EMAIL", "an address like Blinkgate <blinkgate@example.com>")?.ok_or(unusable(
            "RESEND_FROM_EMAIL",
            "is needed beside RESEND_API_KEY: an address of a domain that Resend knows as yours",
        ))?;
    let url: Url = source
        .parsed("RESEND_API_URL", "an address like https://api.resend.com/emails")?
        .unwrap_or_else(|| Url::parse("https://api.resend.com/emails").expect("valid"));
    let is_local = url.host_str().is_some_and(is_loopback_host);
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err(unusable("RESEND_API_URL", "must be https; http may be used on this machine only"));
    }
    Ok(ResendConfig { key, sender, url })
}

fn file(source: &Source) -> Result<MailWay, ConfigError> {
    let local = || Mailbox::new(Some("Blinkgate".to_owned()), Address::new("blinkgate", "localhost").expect("valid"));
    Ok(MailWay::File { sender: sender(source)?.unwrap_or_else(local) })
}

fn smtp(source: &Source) -> Result<SmtpConfig, ConfigError> {
    let unusable = |name, problem| ConfigError::Unusable { name, problem };
    let server = source
        .text("MAIL_SERVER")
        .ok_or(unusable("MAIL_SERVER", "is needed to send mails; set it to your mail server's name"))?;
    let security = source.parsed("MAIL_SECURITY", "starttls, tls or none")?.unwrap_or(MailSecurity::StartTls);
    if security == MailSecurity::None && !is_loopback_host(server) {
        return Err(unusable("MAIL_SECURITY", "may be none only for a mail server on this machine (MAIL_SERVER)"));
    }
    let default_port = match security {
        MailSecurity::StartTls => 587,
        MailSecurity::Tls => 465,
        MailSecurity::None => 25,
    };
    let login = match (source.text("MAIL_USERNAME"), source.secret("MAIL_PASSWORD")?) {
        (Some(name), Some(password)) => Some((name.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => return Err(unusable("MAIL_PASSWORD", "is needed beside MAIL_USERNAME")),
        (None, Some(_)) => return Err(unusable("MAIL_USERNAME", "is needed beside MAIL_PASSWORD")),
    };
    // Many accounts are named by the address that they send from.
    let of_account = || login.as_ref().and_then(|(name, _)| name.parse::<Mailbox>().ok());
    let sender = sender(source)?
        .or_else(of_account)
        .ok_or(unusable("MAIL_SENDER", "is needed to send mails; set it to the address that they come from"))?;
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
        let ways: [MailWay; 1] = config.unwrap().ways.try_into().expect("one way");
        let [MailWay::Smtp(smtp)] = ways else { panic!("not taken as SMTP") };
        assert_eq!((smtp.port, smtp.security), (587, MailSecurity::StartTls));
        assert_eq!(smtp.sender.email.to_string(), "jo@example.com");
    }

    #[test]
    fn what_is_set_is_used_and_the_order_can_be_chosen() {
        let all = [
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_SENDER", "jo@example.com"),
            ("RESEND_API_KEY", "re_hunter2"),
            ("RESEND_FROM_EMAIL", "Blinkgate <jo@example.com>"),
        ];
        let names = |pairs: &[(&str, &str)]| -> Vec<&str> {
            let name = |way: &MailWay| match way {
                MailWay::File { .. } => "file",
                MailWay::Smtp(_) => "smtp",
                MailWay::Resend(_) => "resend",
            };
            mail(pairs).unwrap().ways.iter().map(name).collect()
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
