//! The commands of `blinkgate` other than `serve` and `doctor`.

pub mod health;
pub mod inspect;
pub mod replay;

mod frames;
mod keys;
mod second_factors;
mod signing_keys;
mod sites;
mod times;
mod trail;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use engine::Networks;
pub use keys::{NewKey, add_key, list_keys, revoke_key};
use replay::Source;
pub use second_factors::{add_second_factor, remove_second_factor};
pub use signing_keys::{list_signing_keys, rotate_signing_key};
pub use sites::{SiteFields, add_site, list_sites, set_site};
pub use trail::{print_checkpoint, print_log_verification, print_public_key};

use crate::bundle::{self, Bundle};
use crate::captures::CaptureStore;
use crate::config::Config;
use crate::db::events;
use crate::db::{Db, LockScope};
use crate::domain::{EmailAddress, EventId};
use crate::erasure::{self, Eraser};
use crate::mail;
use crate::runtime::{Models, Runtime};
use crate::{audit, backup, clock};

/// `blinkgate inspect`: prints one JSON object.
///
/// # Errors
/// If the picture cannot be read, or a network fails.
pub fn print_inspection(image: &Path, runtime: Runtime) -> anyhow::Result<()> {
    print_json(&inspect::inspect(image, networks(runtime)?)?)
}

/// `blinkgate replay`: prints JSON lines.
///
/// # Errors
/// If the frames or times cannot be read, or a network fails.
pub fn print_replay(video: &Path, fps: f64, times: Option<&Path>, runtime: Runtime) -> anyhow::Result<()> {
    let source = match video {
        path if path == Path::new("-") => Source::StandardInput,
        path if path.is_dir() => Source::Folder(path.to_owned(), fps),
        path => Source::File(path.to_owned()),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let replayed = replay::replay(&source, times, networks(runtime)?, &mut out);
    if let Ok(replay::Summary { skipped: skipped @ 1.., .. }) = replayed {
        eprintln!("Frames skipped because they fall into the same millisecond as the one before: {skipped}");
    }
    quietly(replayed.map(|_| ()))
}

/// `blinkgate verify-bundle`: repeats a decision and prints one JSON object. Returns whether the result is the same.
///
/// # Errors
/// If the bundle cannot be read, or a network fails.
pub fn print_verification(folder: &Path, runtime: Runtime) -> anyhow::Result<bool> {
    let verification = bundle::verify(folder, networks(runtime)?)?;
    let report = serde_json::to_string_pretty(&verification)?;
    quietly(writeln!(io::stdout().lock(), "{report}").map_err(Into::into))?;
    Ok(verification.same)
}

/// `blinkgate export-bundle`: writes the evidence of an event's decision into a folder.
///
/// # Errors
/// There is no such event, it has no evidence, or a file cannot be read or written.
pub async fn export_bundle(config: &Config, event: &str, folder: &Path) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let event =
        events::find(&mut db.read().await?, &EventId::from_client(event)).await?.context("there is no such event")?;
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    Bundle::of(&event, &captures).await?.write(folder)
}

/// `blinkgate erase`: erases the users with this address, or reports what that would remove. Prints one JSON object for
/// each.
///
/// # Errors
/// There is no such user, or not everything could be erased; run it again then.
pub async fn erase(config: &Config, address: &str, by: Option<&str>, really: bool) -> anyhow::Result<()> {
    let email = EmailAddress::parse(address).map_err(|_| anyhow!("this is not an e-mail address"))?;
    let db = Db::open(&config.database_url).await?;
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    captures.check().await.context("the captures' store cannot be used (CAPTURE_STORE)")?;
    let mail = mail::Mailer::new(&config.mail, &config.data_dir)?;
    let eraser = Eraser { db: &db, captures: &captures, mail: &mail };
    let actor = by.map_or_else(command_line, str::to_owned);
    let reports = erasure::at_address(&eraser, &email, &actor, really, clock::now_ms()).await?;
    ensure!(!reports.is_empty(), "there is no user with this address");
    for report in reports {
        print_json(&report)?;
    }
    if !really {
        eprintln!("Nothing was changed. Add --yes to erase; this cannot be undone.");
    }
    db.close().await;
    Ok(())
}

/// `blinkgate rotate-master-key`: seals the users' keys with the new master key. Prints one JSON object.
///
/// # Errors
/// There is no old key to replace, or the store failed; run it again to continue.
pub async fn rotate_master_key(config: &Config, by: Option<&str>) -> anyhow::Result<()> {
    ensure!(
        config.captures.old_master_key.is_some(),
        "CAPTURE_MASTER_KEY_OLD is not set. Set it to the current key and CAPTURE_MASTER_KEY to the new one, also for the \
         server, and restart the server first"
    );
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    let rotated = captures.rotate().await.context("not all keys are sealed with the new key yet; run this again")?;
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    let (figures, actor) = (serde_json::to_value(rotated)?, by.map_or_else(command_line, str::to_owned));
    audit::note(&mut tx, audit::Action::MasterKeyRotated, &actor, &figures, clock::now_ms()).await?;
    tx.commit().await?;
    db.close().await;
    print_json(&figures)?;
    eprintln!(
        "Now unset CAPTURE_MASTER_KEY_OLD and restart the servers. Back up the keys: old copies need the old master key."
    );
    Ok(())
}

/// `blinkgate backup`: copies the data into a folder and lists what else is needed. Prints one JSON object.
///
/// # Errors
/// The folder is not empty, or something could not be copied. The folder is not a valid backup then.
pub async fn back_up(config: &Config, folder: &Path, with_keys: bool) -> anyhow::Result<()> {
    let manifest = backup::take(config, folder, with_keys).await?;
    print_json(&manifest)?;
    backup::not_included(config, with_keys).iter().for_each(|line| eprintln!("{line}"));
    Ok(())
}

/// The actor in the audit: the system user who runs the command.
fn command_line() -> String {
    format!("the command line, {}", operator())
}

fn operator() -> String {
    #[cfg(unix)]
    return format!("user {}", rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    return "somebody".to_owned();
}

fn networks(runtime: Runtime) -> anyhow::Result<Networks> {
    Ok(Models::find(runtime, None)?.networks())
}

/// Prints one line of JSON.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let line = serde_json::to_string(value)?;
    quietly(writeln!(io::stdout().lock(), "{line}").map_err(Into::into))
}

/// Ignores a closed pipe: a reader such as `head` may stop early.
fn quietly(printed: anyhow::Result<()>) -> anyhow::Result<()> {
    let is_closed_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match printed {
        Err(error) if error.downcast_ref().is_some_and(is_closed_pipe) => Ok(()),
        other => other,
    }
}
