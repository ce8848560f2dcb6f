//! Notices to operators: plain text without a link, sent at once instead of through the outbox.

use super::mailer::Mailer;
use super::message::Mail;
use super::words::Words;
use crate::clock;
use crate::domain::{EmailAddress, MailId};

/// A notice to send.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// The recipient.
    pub to: &'a EmailAddress,
    /// The subject.
    pub subject: &'a str,
    /// The text, which must survive as it stands.
    pub text: &'a str,
    /// The host named in the mail.
    pub host: &'a str,
}

impl Mailer {
    /// Sends a notice by the first transport that accepts it.
    ///
    /// # Errors
    /// None did; why, without the address.
    pub async fn notify(&self, notice: &Notice<'_>) -> Result<(), &'static str> {
        let text = notice.text.replace('&', "&amp;").replace('<', "&lt;");
        let words = Words {
            subject: notice.subject.to_owned(),
            text: notice.text.to_owned(),
            html: format!("<!doctype html>\n<html lang=\"en\"><body><pre>{text}</pre></body></html>\n"),
        };
        let id = MailId::new(clock::now_ms());
        let mail = Mail { id: &id, tries: 1, to: notice.to, host: notice.host, link: "", words: &words, logo: None };
        self.send(&mail).await.map_err(|error| error.kind)
    }
}
