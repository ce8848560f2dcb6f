//! `blinkgate checkpoint` and `blinkgate verify-log`: signs the state of the audit's trail, and verifies that nothing
//! in it was tampered with.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::quietly;
use crate::app;
use crate::clock;
use crate::config::Config;
use crate::db::{self, Db};
use crate::trail::{self, Checkpoint};

/// Entries between two progress messages.
const PROGRESS_EVERY: i64 = 100_000;

/// `blinkgate checkpoint`: prints the signed state of the trail.
///
/// # Errors
/// The database or the key cannot be used.
pub async fn print_checkpoint(config: &Config) -> anyhow::Result<()> {
    let key = app::trail_key(config, &config.base_url(config.port))?;
    let db = Db::open(&config.database_url).await?;
    trail::begin(&db).await?;
    let head = db::trail::head(&mut db.read().await?).await?;
    db.close().await;
    quietly(write!(io::stdout().lock(), "{}", key.sign(&head, clock::now_ms())).map_err(Into::into))
}

/// `blinkgate checkpoint --public-key`: prints the key that verifies checkpoints.
///
/// # Errors
/// The key cannot be used.
pub fn print_public_key(config: &Config) -> anyhow::Result<()> {
    let key = app::trail_key(config, &config.base_url(config.port))?;
    quietly(writeln!(io::stdout().lock(), "{}", key.public()).map_err(Into::into))
}

/// `blinkgate verify-log`: verifies the trail and prints one JSON object. Returns whether nothing was tampered with.
/// Checkpoints must be signed by `key`, or by this server's key if none is given.
///
/// # Errors
/// The database or a checkpoint cannot be read.
pub async fn print_log_verification(
    config: &Config,
    checkpoints: &[PathBuf],
    key: Option<&str>,
) -> anyhow::Result<bool> {
    let own = || app::trail_key(config, &config.base_url(config.port)).map(|key| key.public());
    let checkpoints = match (checkpoints, key) {
        ([], _) => Vec::new(),
        (files, Some(key)) => read(files, key)?,
        (files, None) => read(files, &own()?)
            .context("the key's name contains APP_BASE_URL: run this with the server's settings, or pass --key")?,
    };
    let db = Db::open(&config.database_url).await?;
    let progress = |done: i64, all: i64| {
        if done % PROGRESS_EVERY == 0 && done < all {
            eprintln!("{done} of {all} entries");
        }
    };
    let report = trail::verify(&db, &checkpoints, progress).await?;
    db.close().await;
    quietly(writeln!(io::stdout().lock(), "{}", serde_json::to_string_pretty(&report)?).map_err(Into::into))?;
    Ok(report.findings.is_empty())
}

fn read(files: &[PathBuf], key: &str) -> anyhow::Result<Vec<Checkpoint>> {
    let read = |file: &Path| {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Checkpoint::parse(&text, key).with_context(|| file.display().to_string())
    };
    files.iter().map(|file| read(file)).collect()
}
