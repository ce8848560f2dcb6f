//! The development outbox: the folder into which the server writes mails when no mail server is configured.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A folder of mails, each read once. Threads that wait for different mails share it.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    files_read: HashSet<OsString>,
    /// The newest token by mail address.
    tokens: HashMap<String, String>,
    updated_at: Option<Instant>,
}

impl Outbox {
    /// The outbox of a server with this data folder.
    pub fn of(data_dir: &Path) -> Outbox {
        Outbox { folder: data_dir.join("outbox"), index: Mutex::default() }
    }

    /// Waits for a mail to this address and returns the token in its link.
    ///
    /// # Errors
    /// No mail arrives within `timeout`, or the folder cannot be read.
    pub fn token(&self, email: &str, timeout: Duration) -> anyhow::Result<String> {
        let start = Instant::now();
        loop {
            {
                let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
                if !index.tokens.contains_key(email) {
                    index.update(&self.folder)?;
                }
                if let Some(token) = index.tokens.remove(email) {
                    return Ok(token);
                }
            }
            if start.elapsed() > timeout {
                bail!("no mail to {email} within {} s", timeout.as_secs());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// How many mails there are.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn len(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(&self.folder)?.count())
    }

    /// Whether there is no mail.
    ///
    /// # Errors
    /// As [`Outbox::len`].
    pub fn is_empty(&self) -> anyhow::Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl Index {
    fn update(&mut self, folder: &Path) -> anyhow::Result<()> {
        // Another thread has just done so.
        if self.updated_at.is_some_and(|at| at.elapsed() < POLL_INTERVAL) {
            return Ok(());
        }
        self.updated_at = Some(Instant::now());
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let name = entry?.file_name();
            // The server writes a mail under another name first.
            if !name.to_string_lossy().ends_with(".eml") || self.files_read.contains(&name) {
                continue;
            }
            let mail = std::fs::read_to_string(folder.join(&name))?;
            if let Some((email, token)) = parse(&mail) {
                self.tokens.insert(email, token);
            }
            self.files_read.insert(name);
        }
        Ok(())
    }
}

/// A mail's recipient and the token in its link.
fn parse(mail: &str) -> Option<(String, String)> {
    let email = mail.lines().find_map(|line| line.strip_prefix("To: "))?;
    let (_, rest) = mail.split_once("/verify?token=")?;
    let token = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    Some((email.trim().to_owned(), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_names_its_recipient_and_its_token() {
        let mail = "From: x@y\r\nTo: jo@example.com\r\n\r\nOpen http://localhost:1/verify?token=aB-_9\r\nnow";
        assert_eq!(parse(mail), Some(("jo@example.com".into(), "aB-_9".into())));
        assert_eq!(parse("To: jo@example.com\r\n\r\nno link"), None);
    }
}
