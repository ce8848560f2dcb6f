//! `blinkgate backup`: copies a snapshot of the database, then the captures if they are stored in files. In that order,
//! so that the copy has every capture that the database refers to.
//!
//! Keys are included only on request: a key in an old copy is never erased (`captures/keys.rs`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::clock;
use crate::config::{BlobStoreConfig, CaptureConfig, Config, DatabaseUrl, Retention, Secret};
use crate::db::Db;
use crate::files;

/// The contents of a backup; also written to its `backup.json`, last.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The version of the program.
    pub version: &'static str,
    /// When the copy of the database began.
    pub taken_at: String,
    /// The name of the database's file.
    pub database: &'static str,
    /// Number of files with captures.
    pub captures: usize,
    /// Number of files with keys.
    pub keys: usize,
}

/// File names of SQLite's copy and PostgreSQL's dump.
const SQLITE: &str = "blinkgate.db";
const POSTGRES: &str = "blinkgate.pgdump";
const CAPTURES: &str = "captures";
const KEYS: &str = "keys";

/// Copies everything into a new or empty folder.
///
/// # Errors
/// The folder is not empty, or something could not be copied. There is no `backup.json` then.
pub async fn take(config: &Config, folder: &Path, with_keys: bool) -> anyhow::Result<Manifest> {
    prepare(folder)?;
    let taken_at = clock::rfc3339(clock::now_ms());
    let database = copy_database(&config.database_url, folder).await?;
    let copy = |name: &str| {
        let from = config.data_dir.join(name);
        copy_folder(&from, &folder.join(name)).with_context(|| format!("cannot copy {}", from.display()))
    };
    let are_files = matches!(config.captures.store, BlobStoreConfig::Files);
    let captures = if are_files { copy(CAPTURES)? } else { 0 };
    let keys = if with_keys { copy(KEYS)? } else { 0 };
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION"), taken_at, database, captures, keys };
    files::write_private(&folder.join("backup.json"), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    Ok(manifest)
}

/// Tells the operator what a restored server needs in addition to the folder.
pub fn not_included(config: &Config, with_keys: bool) -> Vec<String> {
    let CaptureConfig { store, master_key, .. } = &config.captures;
    let keys = config.data_dir.join(KEYS);
    let mut lines = Vec::new();
    if with_keys {
        lines.push(
            "The folder holds keys: anybody who can read it can open the captures and /admin. Protect it like \
             passwords, and delete it before the deadline for erasing people."
                .to_owned(),
        );
    } else {
        lines.push(format!(
            "Not included, but needed to open the captures: the keys in {}. Keep one current copy of them in another \
             place (docs/backup.md), or include them with --with-keys.",
            keys.display()
        ));
    }
    if master_key.is_some() {
        lines.push("Not included: CAPTURE_MASTER_KEY, without which no capture opens.".to_owned());
    }
    match store {
        BlobStoreConfig::Files => {}
        _ if config.retention == Retention::NONE => {}
        BlobStoreConfig::S3(_) | BlobStoreConfig::Cloudinary(_) => {
            lines.push("Not included: captures and their users' keys, which are in the external store.".to_owned());
        }
    }
    lines
}

fn prepare(folder: &Path) -> anyhow::Result<()> {
    files::create_private_dir(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let is_empty = std::fs::read_dir(folder)?.next().is_none();
    ensure!(is_empty, "{} is not empty; each backup needs its own folder", folder.display());
    Ok(())
}

async fn copy_database(url: &DatabaseUrl, folder: &Path) -> anyhow::Result<&'static str> {
    let db = Db::open(url).await?;
    let name = match url {
        DatabaseUrl::Sqlite(_) => {
            let file = folder.join(SQLITE);
            // Create it here, with access for the owner only.
            files::create_private_file(&file)?;
            db.copy_into(&file).await.context("cannot copy the database")?;
            std::fs::File::open(&file)?.sync_all()?;
            SQLITE
        }
        DatabaseUrl::Postgres(url) => {
            dump(url, db.schema().await?.as_deref().unwrap_or("public"), &folder.join(POSTGRES)).await?;
            POSTGRES
        }
    };
    db.close().await;
    Ok(name)
}

/// Runs `pg_dump` to write a snapshot of our schema into a file.
async fn dump(url: &Secret, schema: &str, file: &Path) -> anyhow::Result<()> {
    let mut url = url::Url::parse(url.expose()).context("DATABASE_URL cannot be read")?;
    // Arguments are visible to everybody on the machine in the process list.
    let password = url.password().map(percent_decoded);
    let _ = url.set_password(None);
    // libpq does not decode a plus sign as a space.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
    files::create_private_file(file)?;
    let mut command = tokio::process::Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges"]).stdin(Stdio::null());
    // Without the schema itself, which exists where the dump is restored.
    command.arg(format!("--table=\"{}\".*", schema.replace('"', "\"\""))).arg("--file").arg(file);
    command.arg(format!("--dbname={url}")).envs(password.map(|password| ("PGPASSWORD", password)));
    let output = command.output().await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(
            "pg_dump is not installed. Install PostgreSQL's client programs (Debian: postgresql-client), or dump the \
             database yourself and copy the rest (docs/backup.md)"
        ),
        _ => error.into(),
    })?;
    ensure!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr).trim());
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}

/// Decodes a percent-encoded part of a URL.
fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Copies a folder recursively and returns the number of files. Files that disappear meanwhile are skipped.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<usize> {
    let entries = match std::fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    files::create_private_dir(to)?;
    let mut count = 0;
    for entry in entries {
        let (entry, to): (_, PathBuf) = entry.map(|entry| {
            let to = to.join(entry.file_name());
            (entry, to)
        })?;
        if entry.file_type()?.is_dir() {
            count += copy_folder(&entry.path(), &to)?;
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            // Names that start with a dot are temporary.
            match std::fs::read(entry.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                bytes => {
                    files::write_private(&to, &bytes?)?;
                    count += 1;
                }
            }
        }
    }
    Ok(count)
}
