//! How a written mail leaves: as a file for development, or to a mail server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::clock;
use crate::config::{MailConfig, MailSecurity, SmtpConfig};
use crate::domain::MailId;
use crate::files;

/// How long one command to the mail server may take.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// A way out for mails.
#[derive(Clone, Debug)]
pub enum Transport {
    /// An `.eml` file per mail in this folder, and its link in the log.
    File(PathBuf),
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// A mail did not leave. Printed, it may quote the mail server, and so the address: it is for the database, not for
/// the log.
#[derive(Debug)]
pub(super) struct SendError {
    /// What happened.
    pub(super) text: String,
    /// Whether another try makes no sense.
    pub(super) is_final: bool,
    /// What may be logged.
    pub(super) kind: &'static str,
}

impl Transport {
    /// Prepares the configured way out.
    ///
    /// # Errors
    /// The outbox folder cannot be made, or the mail server's name is no name.
    pub fn new(config: &MailConfig, data_dir: &Path) -> anyhow::Result<Self> {
        match config {
            MailConfig::File { .. } => {
                let folder = data_dir.join("outbox");
                files::create_private_dir(&folder)
                    .with_context(|| format!("the outbox {} cannot be made", folder.display()))?;
                Ok(Transport::File(folder))
            }
            MailConfig::Smtp(smtp) => smtp_transport(smtp).map(Transport::Smtp),
        }
    }

    /// Removes the copies that the development transport keeps of these mails.
    pub fn forget(&self, mails: &[MailId]) {
        let Transport::File(folder) = self else { return };
        if mails.is_empty() {
            return;
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let id = path.file_stem().and_then(|stem| stem.to_str()?.rsplit_once('-'));
            if id.is_some_and(|(_, id)| mails.iter().any(|mail| mail.as_str() == id))
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(file = %path.display(), %error, "a mail's copy could not be removed");
            }
        }
    }

    /// Sends one mail.
    pub(super) async fn send(&self, id: &MailId, message: &Message, link: &str) -> Result<(), SendError> {
        match self {
            Transport::File(folder) => {
                let path = folder.join(file_name(id, clock::now_ms()));
                files::write_private(&path, &message.formatted()).map_err(|error| SendError {
                    text: error.to_string(),
                    is_final: false,
                    kind: "the file could not be written",
                })?;
                // The only place where a link is logged: this transport is for development.
                tracing::info!(file = %path.display(), link, "mail written");
                Ok(())
            }
            Transport::Smtp(server) => match server.send(message.clone()).await {
                Ok(_) => Ok(()),
                Err(error) => Err(smtp_error(&error)),
            },
        }
    }
}

/// `20261124T053900-<id>.eml`, so that a folder listing shows the newest last.
fn file_name(id: &MailId, now_ms: i64) -> String {
    let time: String = clock::rfc3339(now_ms).chars().take(19).filter(|c| c.is_ascii_alphanumeric()).collect();
    format!("{time}-{id}.eml")
}

fn smtp_transport(config: &SmtpConfig) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let parameters = || {
        TlsParameters::new(config.server.clone())
            .with_context(|| format!("MAIL_SERVER is \"{}\", which is no server's name", config.server))
    };
    let tls = match config.security {
        MailSecurity::StartTls => Tls::Required(parameters()?),
        MailSecurity::Tls => Tls::Wrapper(parameters()?),
        MailSecurity::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.server)
        .port(config.port)
        .tls(tls)
        .timeout(Some(SMTP_TIMEOUT));
    if let Some((name, password)) = &config.login {
        builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
    }
    Ok(builder.build())
}

fn smtp_error(error: &lettre::transport::smtp::Error) -> SendError {
    // 55x is about this mailbox or this mail; other refusals (a wrong password, say) an operator can put right.
    let code = error.status().map(u16::from);
    let is_final = code.is_some_and(|code| (550..560).contains(&code));
    let kind = if is_final {
        "the mail server refused the mailbox or the mail"
    } else if code.is_some() {
        "the mail server refused for now"
    } else if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "the mail server did not offer a TLS connection that can be trusted"
    } else {
        "the mail server could not be reached or spoke nonsense"
    };
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    SendError { text, is_final, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_files_are_named_by_time_and_id() {
        assert_eq!(file_name(&MailId::from_client("0123"), 1_709_251_199_000), "20240229T235959-0123.eml");
    }
}
