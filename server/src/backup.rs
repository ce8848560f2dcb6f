//! `blinkgate backup`: the database as it is at one moment, then the captures that lie in files. After the database, so that each
//! capture that it names is there.
//!
//! Keys stay out unless they are asked for: a key that stands in an old copy is not erased (`captures/keys.rs`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::clock;
use crate::config::{CaptureConfig, Config, DatabaseUrl, PlaceConfig, Secret};
use crate::db::Db;
use crate::files;
use crate::retention::Retention;

/// What a backup holds; also the content of its `backup.json`, which is written last.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// The version of the program.
    pub version: &'static str,
    /// When the database was copied, or a little before.
    pub taken_at: String,
    /// The database's file in the folder.
    pub database: &'static str,
    /// Files with captures.
    pub captures: usize,
    /// Files with keys.
    pub keys: usize,
}

/// What SQLite's copy is called, and what the dump of PostgreSQL.
const SQLITE: &str = "blinkgate.db";
const POSTGRES: &str = "blinkgate.pgdump";
const CAPTURES: &str = "captures";
const KEYS: &str = "keys";

/// Copies everything into a folder that is made, or empty.
///
/// # Errors
/// The folder holds something, or something could not be copied. There is no `backup.json` then.
pub async fn take(config: &Config, folder: &Path, with_keys: bool) -> anyhow::Result<Taken> {
    prepare(folder)?;
    let taken_at = clock::rfc3339(clock::now_ms());
    let database = copy_database(&config.database_url, folder).await?;
    let copy = |name: &str| {
        let from = config.data_dir.join(name);
        copy_folder(&from, &folder.join(name)).with_context(|| format!("{} cannot be copied", from.display()))
    };
    let are_files = matches!(config.captures.place, PlaceConfig::Files);
    let captures = if are_files { copy(CAPTURES)? } else { 0 };
    let keys = if with_keys { copy(KEYS)? } else { 0 };
    let taken = Taken { version: env!("CARGO_PKG_VERSION"), taken_at, database, captures, keys };
    files::write_private(&folder.join("backup.json"), serde_json::to_string_pretty(&taken)?.as_bytes())?;
    Ok(taken)
}

/// What a restored server needs that the folder does not hold, for the operator to read.
pub fn beside(config: &Config, with_keys: bool) -> Vec<String> {
    let CaptureConfig { place, master_key, .. } = &config.captures;
    let keys = config.data_dir.join(KEYS);
    let mut lines = Vec::new();
    if with_keys {
        lines.push(
            "The folder holds keys: whoever reads it can open the captures and /admin. Keep it as you keep passwords, \
                    and no longer than anybody may stay unerased."
                .to_owned(),
        );
    } else {
        lines.push(format!(
            "Not in it, and needed to open the captures: the keys in {}. Keep one copy of them, made anew \
                            each time, apart from this (docs/backup.md); --with-keys puts them in.",
            keys.display()
        ));
    }
    if master_key.is_some() {
        lines.push("Not in it: CAPTURE_MASTER_KEY, without which no capture opens.".to_owned());
    }
    match place {
        PlaceConfig::Files => {}
        _ if config.retention == Retention::NONE => {}
        PlaceConfig::S3(_) | PlaceConfig::Cloudinary(_) => {
            lines.push("Not in it: captures and their users' keys, which lie in the store elsewhere.".to_owned());
        }
    }
    lines
}

fn prepare(folder: &Path) -> anyhow::Result<()> {
    files::create_private_dir(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let is_empty = std::fs::read_dir(folder)?.next().is_none();
    ensure!(is_empty, "{} is not empty; each backup needs a folder of its own", folder.display());
    Ok(())
}

async fn copy_database(url: &DatabaseUrl, folder: &Path) -> anyhow::Result<&'static str> {
    let db = Db::open(url).await?;
    let name = match url {
        DatabaseUrl::Sqlite(_) => {
            let file = folder.join(SQLITE);
            // Made here, for its owner alone.
            files::create_private_file(&file)?;
            db.copy_into(&file).await.context("the database cannot be copied")?;
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

/// Has `pg_dump` write our schema into a file, as it is at one moment.
async fn dump(url: &Secret, schema: &str, file: &Path) -> anyhow::Result<()> {
    let mut url = url::Url::parse(url.expose()).context("DATABASE_URL cannot be read")?;
    // The list of processes shows arguments to everybody on the machine.
    let password = url.password().map(percent_decoded);
    let _ = url.set_password(None);
    // libpq takes a plus sign for itself.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
    files::create_private_file(file)?;
    let mut command = tokio::process::Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges"]).stdin(Stdio::null());
    // Without the schema itself, which is there where it is restored.
    command.arg(format!("--table=\"{}\".*", schema.replace('"', "\"\""))).arg("--file").arg(file);
    command.arg(format!("--dbname={url}")).envs(password.map(|password| ("PGPASSWORD", password)));
    let output = command.output().await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(
            "pg_dump is not installed: install PostgreSQL's client programs (Debian: postgresql-client), or dump the \
             database your own way and copy the rest (docs/backup.md)"
        ),
        _ => error.into(),
    })?;
    ensure!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr).trim());
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}

/// A part of an address without its % and two digits.
fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Copies the files of a folder and those below it; how many. What goes away meanwhile was removed by its owner.
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
            // Those with a dot are being written.
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
