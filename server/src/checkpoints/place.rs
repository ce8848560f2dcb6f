//! Where checkpoints are kept: how one gets there, and what is there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, StatusCode, header};
use url::Url;

use crate::clock;
use crate::config::{CheckpointConfig, CheckpointPlace};
use crate::domain::EmailAddress;
use crate::files;
use crate::mail::{Mailer, Notice};
use crate::sealing::SealingKey;
use crate::webhooks;

/// The longest text that is read from an address.
const MAX_KEPT: usize = 4 * 1024 * 1024;
/// What every checkpoint's signature starts with.
const SIGNATURE: &str = "— ";

/// A place that is ready to be used.
#[derive(Clone, Debug)]
pub struct Place {
    /// A digest of the setting, by which the database knows the place.
    pub id: String,
    /// Longest time between two checkpoints.
    pub every_ms: i64,
    /// Most entries between two checkpoints.
    pub every_entries: i64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Folder(PathBuf),
    Address(Box<(Client, Url)>),
    Mailbox(EmailAddress),
}

/// A checkpoint that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its file, or where it stands in the text.
    pub name: String,
    /// The signed note.
    pub note: String,
}

impl Place {
    /// Prepares the place; sends nothing. `secret`: the trail's key.
    ///
    /// # Errors
    /// The address is private, and the settings do not allow that.
    pub fn new(config: &CheckpointConfig, secret: &SealingKey) -> anyhow::Result<Self> {
        let purpose = format!("blinkgate: checkpoints to {}", config.given.expose());
        let id = hex::encode(SealingKey::derive(&secret.to_text(), &purpose).as_bytes());
        let kind = match &config.place {
            CheckpointPlace::Folder(folder) => Kind::Folder(folder.clone()),
            CheckpointPlace::Mailbox(mailbox) => Kind::Mailbox(mailbox.clone()),
            CheckpointPlace::Address(address) => {
                Kind::Address(Box::new(reach(address.expose(), config.allow_private)?))
            }
        };
        Ok(Self { id, every_ms: config.every_ms, every_entries: config.every_entries, kind })
    }

    /// The place in words, without what may be secret or name a person.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Folder(folder) => folder.display().to_string(),
            Kind::Address(address) => address.1.host_str().unwrap_or_default().to_owned(),
            Kind::Mailbox(_) => "a mailbox".to_owned(),
        }
    }

    /// Leaves a checkpoint there.
    ///
    /// # Errors
    /// It did not get there.
    pub async fn keep(&self, mailer: &Mailer, host: &str, note: &str, now_ms: i64) -> anyhow::Result<()> {
        match &self.kind {
            Kind::Folder(folder) => {
                files::create_private_dir(folder).context("the folder cannot be created")?;
                let is_new = files::write_new_private(&folder.join(file_name(note, now_ms)), note.as_bytes())
                    .context("the file cannot be written")?;
                ensure!(is_new, "there is such a file already");
                Ok(())
            }
            Kind::Address(address) => post(address, note).await,
            Kind::Mailbox(to) => {
                let subject = format!("Checkpoint of the audit trail of {host}");
                let sent = mailer.notify(&Notice { to, subject: &subject, text: note, host }).await;
                sent.map_err(|why| anyhow::anyhow!(why))
            }
        }
    }

    /// Everything that is kept there; `None` where this server cannot look.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn kept(&self) -> anyhow::Result<Option<Vec<Kept>>> {
        match &self.kind {
            Kind::Folder(folder) => read_folder(folder).map(Some),
            Kind::Address(address) => read_address(address).await.map(Some),
            Kind::Mailbox(_) => Ok(None),
        }
    }
}

/// The same rule as for webhooks: private addresses only if they are allowed.
fn reach(address: &str, allow_private: bool) -> anyhow::Result<(Client, Url)> {
    let url = Url::parse(address).context("CHECKPOINTS_TO is no address")?;
    let listed: Vec<String> = url.host().map(|host| host.to_string()).filter(|_| allow_private).into_iter().collect();
    match webhooks::allowed(&url, &listed) {
        Ok(_) => Ok((webhooks::client(!allow_private)?, url)),
        Err(webhooks::NotAllowed::Private) => {
            bail!("CHECKPOINTS_TO is a private address; set CHECKPOINTS_ALLOW_PRIVATE=true if that is meant")
        }
        Err(webhooks::NotAllowed::Form) => bail!("CHECKPOINTS_TO must not have a user or a fragment in it"),
    }
}

/// `checkpoint-20261124T053900123-1234.txt`: the time to the millisecond, and the number of entries.
fn file_name(note: &str, now_ms: i64) -> String {
    let time: String = clock::rfc3339(now_ms).chars().take(23).filter(char::is_ascii_alphanumeric).collect();
    let number = note.lines().nth(1).unwrap_or_default();
    format!("checkpoint-{time}-{number}.txt")
}

async fn post(address: &(Client, Url), note: &str) -> anyhow::Result<()> {
    let (client, url) = address;
    let request = client.post(url.clone()).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    // Errors must not show the address, which may contain a password.
    let answer = request.body(note.to_owned()).send().await.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the address answered {}", answer.status());
    Ok(())
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<Kept>> {
    let mut kept = Vec::new();
    // The first checkpoint creates it.
    if !folder.exists() {
        return Ok(kept);
    }
    for entry in std::fs::read_dir(folder).context("the folder cannot be read")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("checkpoint-") && name.ends_with(".txt") {
            let note = std::fs::read_to_string(folder.join(&name)).with_context(|| format!("{name} cannot be read"))?;
            kept.push(Kept { name, note });
        }
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(kept)
}

async fn read_address(address: &(Client, Url)) -> anyhow::Result<Vec<Kept>> {
    let (client, url) = address;
    let mut answer = client.get(url.clone()).send().await.map_err(reqwest::Error::without_url)?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(Vec::new());
    }
    ensure!(answer.status().is_success(), "the address answered {}", answer.status());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() <= MAX_KEPT, "the address answered with more than {MAX_KEPT} bytes");
    }
    let text = String::from_utf8(bytes).context("the address answered with something else than text")?;
    let number = |(index, note)| Kept { name: format!("checkpoint {} at the address", index + 1), note };
    Ok(notes_in(&text).into_iter().enumerate().map(number).collect())
}

/// The signed notes in a text that has one after the other.
fn notes_in(text: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut is_ended = true;
    for line in text.lines() {
        let is_signature = line.starts_with(SIGNATURE);
        if is_ended && !is_signature {
            if line.is_empty() {
                continue;
            }
            notes.push(String::new());
        }
        is_ended = is_signature;
        if let Some(note) = notes.last_mut() {
            note.push_str(line);
            note.push('\n');
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "host/trail\n12\nabcd\n2026-11-26T02:00:00.000Z\n\n— host/trail mk5f\n";

    #[test]
    fn notes_are_told_apart_however_they_are_joined() {
        let other = NOTE.replace("12", "13");
        for between in ["", "\n", "\n\n\n"] {
            assert_eq!(notes_in(&format!("{NOTE}{between}{other}{between}")), [NOTE, &other]);
        }
        assert_eq!(notes_in(""), [] as [&str; 0]);
        assert_eq!(notes_in("hello"), ["hello\n"]);
    }

    #[test]
    fn files_are_named_by_time_and_number() {
        assert_eq!(file_name(NOTE, 1_709_251_199_000), "checkpoint-20240229T235959000-12.txt");
    }
}
