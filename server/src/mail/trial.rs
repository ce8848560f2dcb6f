//! `blinkgate send-test-email`: whether the configured ways take a mail.

use anyhow::{Context as _, ensure};

use super::message::Mail;
use super::mailer::Mailer;
use super::words::Words;
use crate::clock;
use crate::config::Config;
use crate::domain::{EmailAddress, MailId};

/// Sends a mail without a link by every configured way, and prints what came of each.
///
/// # Errors
/// The address is none, or a way did not take the mail.
pub async fn send_test_email(config: &Config, address: &str) -> anyhow::Result<()> {
    let to = EmailAddress::parse(address).ok().with_context(|| format!("\"{address}\" is no e-mail address"))?;
    let mailer = Mailer::new(&config.mail, &config.data_dir)?;
    let text = "This mail was sent by hand to see whether Blinkgate's mails arrive.\nThere is nothing to do.\n";
    let words = Words {
        subject: "Blinkgate: a test mail".to_owned(),
        text: text.to_owned(),
        html: format!("<!doctype html>\n<html lang=\"en\"><body><p>{}</p></body></html>\n", text.trim()),
    };
    let id = MailId::new(clock::now_ms());
    let mail = Mail { id: &id, tries: 1, to: &to, host: "blinkgate.invalid", link: "", words: &words };
    let mut failed = Vec::new();
    for (transport, sent) in mailer.send_by_each(&mail).await {
        match sent {
            Ok(()) => println!("{transport}: sent"),
            Err(error) => {
                println!("{transport}: {} ({})", error.kind, error.text);
                failed.push(transport);
            }
        }
    }
    ensure!(failed.is_empty(), "the mail did not leave by {}", failed.join(", "));
    Ok(())
}
