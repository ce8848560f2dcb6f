//! Sends mails: tries the configured transports one after the other.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lettre::message::Mailbox;

use super::error::SendError;
use super::message::{self, Mail};
use super::resend::Resend;
use super::smtp::Smtp;
use super::words::Templates;
use crate::clock;
use crate::config::{MailConfig, MailTransport};
use crate::domain::{Language, MailId};
use crate::{files, metrics};

/// The transports and the templates of mails.
#[derive(Clone, Debug)]
pub struct Mailer {
    transports: Vec<Transport>,
    pub(super) templates: Templates,
}

/// One way to send mails.
#[derive(Clone, Debug)]
enum Transport {
    /// Writes an `.eml` file per mail to this folder, and logs its link.
    File(PathBuf, Mailbox),
    /// A mail server.
    Smtp(Smtp),
    /// Resend's API.
    Resend(Resend),
}

/// Result of testing a transport without sending a mail.
#[derive(Debug)]
pub struct ProbeResult {
    /// The transport's name.
    pub transport: &'static str,
    /// What was seen, or the full error.
    pub seen: String,
    /// Why it would not accept a mail.
    pub problem: Option<&'static str>,
}

fn describe(probed: Result<(), SendError>, well: &str) -> (String, Option<&'static str>) {
    match probed {
        Ok(()) => (well.to_owned(), None),
        Err(error) => (error.text, Some(error.kind)),
    }
}

impl Mailer {
    /// Prepares the configured transports and the templates.
    ///
    /// # Errors
    /// The outbox folder cannot be created, or a transport's setting or a template is invalid.
    pub fn new(config: &MailConfig, data_dir: &Path) -> anyhow::Result<Self> {
        let transport = |transport: &MailTransport| match transport {
            MailTransport::File { sender } => {
                let folder = data_dir.join("outbox");
                files::create_private_dir(&folder)
                    .with_context(|| format!("the outbox {} cannot be created", folder.display()))?;
                Ok(Transport::File(folder, sender.clone()))
            }
            MailTransport::Smtp(smtp) => Smtp::new(smtp, config.timeout).map(Transport::Smtp),
            MailTransport::Resend(resend) => Resend::new(resend, config.timeout).map(Transport::Resend),
        };
        let transports = config.transports.iter().map(transport).collect::<anyhow::Result<_>>()?;
        Ok(Self { transports, templates: Templates::load(config.templates.as_deref())? })
    }

    /// Whether the mails of this language, or the default ones, show codes. An operator's own templates may not.
    pub fn shows_codes(&self, language: Option<&Language>) -> bool {
        self.templates.show_codes(language)
    }

    /// The language with templates that an `Accept-Language` header prefers.
    pub fn language(&self, accept: &str) -> Option<Language> {
        self.templates.preferred(accept).cloned()
    }

    /// Sends one mail by the first transport that accepts it. The error is final only if it is final for every
    /// transport.
    pub(super) async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        let mut failed: Option<SendError> = None;
        for transport in &self.transports {
            let Err(error) = transport.send(mail).await else {
                metrics::mail(transport.name(), "sent");
                return Ok(());
            };
            metrics::mail(transport.name(), if error.is_final { "refused" } else { "failed" });
            tracing::warn!(mail = %mail.id, transport = transport.name(), why = error.kind, "mail transport refused or failed");
            failed = Some(match failed {
                None => error,
                Some(before) => SendError {
                    text: format!("{}; {}", before.text, error.text),
                    is_final: before.is_final && error.is_final,
                    kind: if before.is_final { error.kind } else { before.kind },
                },
            });
        }
        Err(failed.expect("the settings name at least one transport"))
    }

    /// Tests every transport as far as possible without sending a mail.
    pub async fn probe(&self) -> Vec<ProbeResult> {
        let mut results = Vec::new();
        for transport in &self.transports {
            let (seen, problem) = match transport {
                Transport::File(folder, _) => {
                    (format!("mails are written to {}, for development", folder.display()), None)
                }
                Transport::Smtp(smtp) => describe(smtp.probe().await, "the mail server answers and accepts the login"),
                Transport::Resend(resend) => describe(resend.probe().await, "the API answers and accepts the key"),
            };
            results.push(ProbeResult { transport: transport.name(), seen, problem });
        }
        results
    }

    /// Removes the copies of these mails that the development transport has written.
    pub fn forget(&self, mails: &[MailId]) {
        for transport in &self.transports {
            if let (Transport::File(folder, _), false) = (transport, mails.is_empty()) {
                forget_files(folder, mails);
            }
        }
    }

    /// Sends one mail by every transport, and returns each one's name and result.
    pub(super) async fn send_by_each(&self, mail: &Mail<'_>) -> Vec<(&'static str, Result<(), SendError>)> {
        let mut results = Vec::new();
        for transport in &self.transports {
            results.push((transport.name(), transport.send(mail).await));
        }
        results
    }
}

impl Transport {
    fn name(&self) -> &'static str {
        match self {
            Transport::File(..) => "file",
            Transport::Smtp(_) => "smtp",
            Transport::Resend(_) => "resend",
        }
    }

    async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        match self {
            Transport::File(folder, sender) => write_file(folder, sender, mail),
            Transport::Smtp(smtp) => smtp.send(mail).await,
            Transport::Resend(resend) => resend.send(mail).await,
        }
    }
}

fn write_file(folder: &Path, sender: &Mailbox, mail: &Mail<'_>) -> Result<(), SendError> {
    let message = message::write(mail, sender).map_err(|error| SendError::unwritable(&error))?;
    let path = folder.join(file_name(mail.id, clock::now_ms()));
    files::write_private(&path, &message.formatted()).map_err(|error| SendError {
        text: error.to_string(),
        is_final: false,
        kind: "the file could not be written",
    })?;
    // The only place where a link is logged: this transport is for development.
    tracing::info!(file = %path.display(), link = mail.link, "mail written");
    Ok(())
}

fn forget_files(folder: &Path, mails: &[MailId]) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let id = path.file_stem().and_then(|stem| stem.to_str()?.rsplit_once('-'));
        if id.is_some_and(|(_, id)| mails.iter().any(|mail| mail.as_str() == id))
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(file = %path.display(), %error, "could not remove the copy of a mail");
        }
    }
}

/// `20261124T053900-<id>.eml`, so that a folder listing shows the newest last.
fn file_name(id: &MailId, now_ms: i64) -> String {
    let time: String = clock::rfc3339(now_ms).chars().take(19).filter(|c| c.is_ascii_alphanumeric()).collect();
    format!("{time}-{id}.eml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_files_are_named_by_time_and_id() {
        assert_eq!(file_name(&MailId::from_client("0123"), 1_709_251_199_000), "20240229T235959-0123.eml");
    }
}
