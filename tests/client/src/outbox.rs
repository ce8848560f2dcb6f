//! The development outbox: where mails go while there is no mail server.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How often it is looked into.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The folder of mails, read as they come. Shared by all who wait for one.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug, Default)]
struct Read {
    files: HashSet<OsString>,
    /// The newest link of each address.
    tokens: HashMap<String, String>,
    looked_at: Option<Instant>,
}

impl Outbox {
    /// The outbox of a server with this data folder.
    pub fn of(data_dir: &Path) -> Outbox {
        Outbox { folder: data_dir.join("outbox"), read: Mutex::default() }
    }

    /// The token of the link that was mailed to this address; waits for it.
    ///
    /// # Errors
    /// None comes within `patience`, or the folder cannot be read.
    pub fn token(&self, email: &str, patience: Duration) -> anyhow::Result<String> {
        let start = Instant::now();
        loop {
            {
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                if !read.tokens.contains_key(email) {
                    read.look_into(&self.folder)?;
                }
                if let Some(token) = read.tokens.remove(email) {
                    return Ok(token);
                }
            }
            if start.elapsed() > patience {
                bail!("no mail came to {email} within {} s", patience.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// How many mails there are.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn len(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(&self.folder)?.count())
    }

    /// Whether there is none.
    ///
    /// # Errors
    /// As [`Outbox::len`].
    pub fn is_empty(&self) -> anyhow::Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl Read {
    fn look_into(&mut self, folder: &Path) -> anyhow::Result<()> {
        // Somebody else just did.
        if self.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        self.looked_at = Some(Instant::now());
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let name = entry?.file_name();
            // Files are written under another name first.
            if !name.to_string_lossy().ends_with(".eml") || self.files.contains(&name) {
                continue;
            }
            let mail = std::fs::read_to_string(folder.join(&name))?;
            if let Some((email, token)) = addressed(&mail) {
                self.tokens.insert(email, token);
            }
            self.files.insert(name);
        }
        Ok(())
    }
}

/// Who a mail is for, and its token.
fn addressed(mail: &str) -> Option<(String, String)> {
    let email = mail.lines().find_map(|line| line.strip_prefix("To: "))?;
    let (_, rest) = mail.split_once("/verify?token=")?;
    let token = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    Some((email.trim().to_owned(), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_tells_its_reader_and_its_link() {
        let mail = "From: x@y\r\nTo: jo@example.com\r\n\r\nOpen http://localhost:1/verify?token=aB-_9\r\nnow";
        assert_eq!(addressed(mail), Some(("jo@example.com".into(), "aB-_9".into())));
        assert_eq!(addressed("To: jo@example.com\r\n\r\nno link"), None);
    }
}
