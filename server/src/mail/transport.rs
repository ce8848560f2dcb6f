//! How mails leave: the configured ways, tried one after the other.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lettre::message::Mailbox;

use super::message::{self, Mail};
use super::resend::Resend;
use super::smtp::Smtp;
use super::words::Templates;
use crate::clock;
use crate::config::{MailConfig, MailWay};
use crate::domain::{Language, MailId};
use crate::{files, metrics};

/// The ways out for mails, and what they say.
#[derive(Clone, Debug)]
pub struct Transport {
    ways: Vec<Way>,
    pub(super) templates: Templates,
}

/// A way out.
#[derive(Clone, Debug)]
enum Way {
    /// An `.eml` file per mail in this folder, and its link in the log.
    File(PathBuf, Mailbox),
    /// A mail server.
    Smtp(Smtp),
    /// Resend's API.
    Resend(Resend),
}

/// A mail did not leave. Printed, it may quote a mail server, and so the address: it is for the database, not for the log.
#[derive(Debug)]
pub(super) struct SendError {
    /// What happened.
    pub(super) text: String,
    /// Whether another try makes no sense.
    pub(super) is_final: bool,
    /// What may be logged.
    pub(super) kind: &'static str,
}

/// What came of trying a way without sending a mail.
#[derive(Debug)]
pub struct Knocked {
    /// The way's name.
    pub way: &'static str,
    /// What was seen, or what it said.
    pub seen: String,
    /// Why it would not take a mail.
    pub problem: Option<&'static str>,
}

fn told(knocked: Result<(), SendError>, well: &str) -> (String, Option<&'static str>) {
    match knocked {
        Ok(()) => (well.to_owned(), None),
        Err(error) => (error.text, Some(error.kind)),
    }
}

impl SendError {
    pub(super) fn unwritable(error: &anyhow::Error) -> Self {
        Self { text: format!("{error:#}"), is_final: true, kind: "the mail could not be written" }
    }
}

impl Transport {
    /// Prepares the configured ways.
    ///
    /// # Errors
    /// The outbox folder cannot be made, a setting of a way cannot be used, or a template is none.
    pub fn new(config: &MailConfig, data_dir: &Path) -> anyhow::Result<Self> {
        let way = |way: &MailWay| match way {
            MailWay::File { sender } => {
                let folder = data_dir.join("outbox");
                files::create_private_dir(&folder)
                    .with_context(|| format!("the outbox {} cannot be made", folder.display()))?;
                Ok(Way::File(folder, sender.clone()))
            }
            MailWay::Smtp(smtp) => Smtp::new(smtp, config.timeout).map(Way::Smtp),
            MailWay::Resend(resend) => Resend::new(resend, config.timeout).map(Way::Resend),
        };
        let ways = config.ways.iter().map(way).collect::<anyhow::Result<_>>()?;
        Ok(Self { ways, templates: Templates::load(config.templates.as_deref())? })
    }

    /// The language of those there are words in that an `Accept-Language` header prefers.
    pub fn language(&self, accept: &str) -> Option<Language> {
        self.templates.preferred(accept).cloned()
    }

    /// Sends one mail by the first way that takes it. What every way refuses for good is refused for good.
    pub(super) async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        let mut failed: Option<SendError> = None;
        for way in &self.ways {
            let Err(error) = way.send(mail).await else {
                metrics::mail(way.name(), "sent");
                return Ok(());
            };
            metrics::mail(way.name(), if error.is_final { "refused" } else { "failed" });
            tracing::warn!(mail = %mail.id, way = way.name(), why = error.kind, "a way out did not take a mail");
            failed = Some(match failed {
                None => error,
                Some(before) => SendError {
                    text: format!("{}; {}", before.text, error.text),
                    is_final: before.is_final && error.is_final,
                    kind: if before.is_final { error.kind } else { before.kind },
                },
            });
        }
        Err(failed.expect("the settings name a way at least"))
    }

    /// Tries every way as far as that is possible without sending a mail.
    pub async fn knock(&self) -> Vec<Knocked> {
        let mut results = Vec::new();
        for way in &self.ways {
            let (seen, problem) = match way {
                Way::File(folder, _) => (format!("mails go into {}, for development", folder.display()), None),
                Way::Smtp(smtp) => told(smtp.knock().await, "the mail server answers, and takes the log-in"),
                Way::Resend(resend) => told(resend.knock().await, "the API answers, and takes the key"),
            };
            results.push(Knocked { way: way.name(), seen, problem });
        }
        results
    }

    /// Removes the copies that the way for development keeps of these mails.
    pub fn forget(&self, mails: &[MailId]) {
        for way in &self.ways {
            if let (Way::File(folder, _), false) = (way, mails.is_empty()) {
                forget_files(folder, mails);
            }
        }
    }

    /// Sends one mail by every way, and returns what came of each, by its name.
    pub(super) async fn send_by_each(&self, mail: &Mail<'_>) -> Vec<(&'static str, Result<(), SendError>)> {
        let mut results = Vec::new();
        for way in &self.ways {
            results.push((way.name(), way.send(mail).await));
        }
        results
    }
}

impl Way {
    fn name(&self) -> &'static str {
        match self {
            Way::File(..) => "file",
            Way::Smtp(_) => "smtp",
            Way::Resend(_) => "resend",
        }
    }

    async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        match self {
            Way::File(folder, sender) => write_file(folder, sender, mail),
            Way::Smtp(smtp) => smtp.send(mail).await,
            Way::Resend(resend) => resend.send(mail).await,
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
    // The only place where a link is logged: this way is for development.
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
            tracing::warn!(file = %path.display(), %error, "a mail's copy could not be removed");
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
