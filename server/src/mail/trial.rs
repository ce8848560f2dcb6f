//! `blinkgate send-test-email`: tests whether the configured transports accept a mail.

use anyhow::{Context as _, ensure};

use super::mailer::Mailer;
use super::message::Mail;
use super::words::Words;
use crate::clock;
use crate::config::Config;
use crate::domain::{EmailAddress, MailId};

/// Sends a mail without a link by every configured transport, and prints each result.
///
/// # Errors
/// The address is invalid, or a transport did not accept the mail.
pub async fn send_test_email(config: &Config, address: &str) -> anyhow::Result<()> {
    let to = EmailAddress::parse(address).ok().with_context(|| format!("\"{address}\" is not an e-mail address"))?;
    let mailer = Mailer::new(&config.mail, &config.data_dir)?;
    let text = "An operator sent this mail to test whether Blinkgate's mails arrive.\nYou don't need to do anything.\n";
    let words = Words {
        subject: "Blinkgate: a test mail".to_owned(),
        text: text.to_owned(),
        html: format!("<!doctype html>\n<html lang=\"en\"><body><p>{}</p></body></html>\n", text.trim()),
    };
    let id = MailId::new(clock::now_ms());
    let mail = Mail { id: &id, tries: 1, to: &to, host: "blinkgate.invalid", link: "", words: &words, logo: None };
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
    ensure!(failed.is_empty(), "the mail was not sent by {}", failed.join(", "));
    Ok(())
}
