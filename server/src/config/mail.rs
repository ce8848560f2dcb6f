//! Settings of the mail.

use std::str::FromStr;

use lettre::Address;
use lettre::message::Mailbox;

use super::values::is_loopback_host;
use super::{ConfigError, Secret, Source};

/// How mails leave.
#[derive(Clone, Debug)]
pub enum MailConfig {
    /// Into files under `DATA_DIR/outbox`, with the link in the log. For development.
    File {
        /// `MAIL_SENDER`.
        sender: Mailbox,
    },
    /// By a mail server.
    Smtp(SmtpConfig),
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
    /// Who the mails come from.
    pub fn sender(&self) -> &Mailbox {
        match self {
            MailConfig::File { sender } | MailConfig::Smtp(SmtpConfig { sender, .. }) => sender,
        }
    }

    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let by_server = source.text("MAIL_SERVER").is_some() || source.text("MAIL_USERNAME").is_some();
        match source.text("MAIL_TRANSPORT").map(str::to_ascii_lowercase).as_deref() {
            Some("smtp") => smtp(source).map(MailConfig::Smtp),
            Some("file") => file(source),
            None if by_server => smtp(source).map(MailConfig::Smtp),
            None => file(source),
            Some(got) => {
                Err(ConfigError::Unparsable { name: "MAIL_TRANSPORT", got: got.to_owned(), expected: "file or smtp" })
            }
        }
    }
}

fn file(source: &Source) -> Result<MailConfig, ConfigError> {
    let local = || Mailbox::new(Some("Blinkgate".to_owned()), Address::new("blinkgate", "localhost").expect("valid"));
    Ok(MailConfig::File { sender: sender(source)?.unwrap_or_else(local) })
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
        let Ok(MailConfig::Smtp(smtp)) = mail(&[
            ("MAIL_SERVER", "mail.example.com"),
            ("MAIL_USERNAME", "jo@example.com"),
            ("MAIL_PASSWORD", "hunter2"),
        ]) else {
            panic!("not taken as SMTP")
        };
        assert_eq!((smtp.port, smtp.security), (587, MailSecurity::StartTls));
        assert_eq!(smtp.sender.email.to_string(), "jo@example.com");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let server = ("MAIL_SERVER", "mail.example.com");
        let sender = ("MAIL_SENDER", "jo@example.com");
        let cases: [(&[(&str, &str)], &str); 7] = [
            (&[("MAIL_TRANSPORT", "pigeon")], "MAIL_TRANSPORT"),
            (&[("MAIL_TRANSPORT", "smtp")], "MAIL_SERVER"),
            (&[server], "MAIL_SENDER"),
            (&[server, ("MAIL_SENDER", "nobody")], "MAIL_SENDER"),
            (&[server, sender, ("MAIL_SECURITY", "none")], "MAIL_SECURITY"),
            (&[server, sender, ("MAIL_USERNAME", "jo")], "MAIL_PASSWORD"),
            (&[server, sender, ("MAIL_PASSWORD", "hunter2")], "MAIL_USERNAME"),
        ];
        for (pairs, name) in cases {
            let error = mail(pairs).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        }
        assert!(mail(&[("MAIL_SERVER", "127.0.0.1"), sender, ("MAIL_SECURITY", "none")]).is_ok());
    }
}
