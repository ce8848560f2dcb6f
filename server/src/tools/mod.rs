//! Command-line tools: look at one picture, replay a recorded clip, take a decision again, ask a running server how it is.

pub mod bundle;
pub mod health;
pub mod inspect;
pub mod replay;

mod frames;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use bundle::{Bundle, Decided};
use engine::Networks;
use replay::Source;

use crate::captures::{CaptureStore, Found};
use crate::clock;
use crate::config::Config;
use crate::db::Db;
use crate::db::events::{self, Event};
use crate::domain::{EmailAddress, EventId};
use crate::erasure::{self, Eraser};
use crate::mail;
use crate::runtime::{Models, Runtime};

/// `blinkgate inspect`: prints one JSON object.
///
/// # Errors
/// If the picture cannot be read, or a network fails.
pub fn print_inspection(image: &Path, runtime: Runtime) -> anyhow::Result<()> {
    let report = serde_json::to_string(&inspect::inspect(image, networks(runtime)?)?)?;
    quietly(writeln!(io::stdout().lock(), "{report}").map_err(Into::into))
}

/// `blinkgate replay`: prints JSON lines.
///
/// # Errors
/// If the frames cannot be read, or a network fails.
pub fn print_replay(video: &Path, fps: f64, runtime: Runtime) -> anyhow::Result<()> {
    let source = match video {
        path if path == Path::new("-") => Source::StandardInput,
        path if path.is_dir() => Source::Folder(path.to_owned(), fps),
        path => Source::File(path.to_owned()),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    quietly(replay::replay(&source, networks(runtime)?, &mut out).map(|_| ()))
}

/// `blinkgate verify-bundle`: takes a decision again and prints one JSON object. Returns whether it came out the same.
///
/// # Errors
/// If the bundle cannot be read, or a network fails.
pub fn print_verification(folder: &Path, runtime: Runtime) -> anyhow::Result<bool> {
    let verification = bundle::verify(folder, networks(runtime)?)?;
    let report = serde_json::to_string_pretty(&verification)?;
    quietly(writeln!(io::stdout().lock(), "{report}").map_err(Into::into))?;
    Ok(verification.same)
}

/// `blinkgate export-bundle`: writes everything that the decision of an event rests on into a folder.
///
/// # Errors
/// There is no such event, it keeps no evidence, or a file cannot be read or written.
pub async fn export_bundle(config: &Config, event: &str, folder: &Path) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let event =
        events::find(&mut db.read().await?, &EventId::from_client(event)).await?.context("there is no such event")?;
    let (issued, transcript) = (&event.issued, &event.transcript);
    let (issued, transcript) =
        issued.as_ref().zip(transcript.as_ref()).context("the event keeps no signed transcript")?;
    let [open, closed, strip] = pictures(config, &event).await?;
    let details = serde_json::from_str(&event.details)?;
    let decided = Decided { status: event.status.clone(), reason: event.reason.clone(), details };
    let bundle = Bundle { issued, transcript, pictures: [&open, &closed, &strip], decided: &decided };
    bundle.write(folder)
}

/// The event's pictures: open, closed, strip. Where there are none, the error says why, as far as that is known.
async fn pictures(config: &Config, event: &Event) -> anyhow::Result<[Vec<u8>; 3]> {
    let refs = [&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref];
    let [Some(open), Some(closed), Some(strip)] = refs else {
        let why = match event.captures_removed_at {
            Some(removed) => format!("they were removed at {}, when their time was over", clock::rfc3339(removed)),
            None if event.open_captured != 0 => "by RETENTION they were scored in memory and never kept".to_owned(),
            None => "it was decided before any was scored".to_owned(),
        };
        bail!("the event keeps no pictures: {why}. Without them its decision cannot be taken again");
    };
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    let mut read = Vec::new();
    for reference in [open, closed, strip] {
        match captures.read(reference).await.with_context(|| format!("{reference} cannot be read"))? {
            Found::Picture(picture) => read.push(picture),
            Found::Nothing => bail!("{reference} is missing from the captures' store"),
            Found::Erased => bail!("{reference} cannot be opened any more: its owner was erased"),
        }
    }
    read.try_into().map_err(|_| anyhow!("a picture was lost on the way"))
}

/// `blinkgate erase`: erases the users with this address, or says what that would remove. Prints one JSON object for each.
///
/// # Errors
/// There is no such user, or not everything could be erased: then to be called again.
pub async fn erase(config: &Config, address: &str, by: Option<&str>, really: bool) -> anyhow::Result<()> {
    let email = EmailAddress::parse(address).map_err(|_| anyhow!("that is no e-mail address"))?;
    let db = Db::open(&config.database_url).await?;
    let captures = CaptureStore::open(&config.captures, &config.data_dir)?;
    captures.check().await.context("the captures' store cannot be used (CAPTURE_STORE)")?;
    let mail = mail::Transport::new(&config.mail, &config.data_dir)?;
    let eraser = Eraser { db: &db, captures: &captures, mail: &mail };
    let found = erasure::find(&db, &email).await?;
    ensure!(!found.is_empty(), "there is no user with this address");
    let actor = by.map_or_else(|| format!("the command line, {}", operator()), str::to_owned);
    for (user, traces) in found {
        let removed = if really { erasure::erase(&eraser, &user, &actor, clock::now_ms()).await? } else { traces };
        let word = if really { "erased" } else { "would_erase" };
        let report = serde_json::json!({ "user": user.id, "status": user.status, word: removed });
        quietly(writeln!(io::stdout().lock(), "{report}").map_err(Into::into))?;
    }
    if !really {
        eprintln!("Nothing was changed. The same command with --yes does it; it cannot be taken back.");
    }
    db.close().await;
    Ok(())
}

/// Who runs this, as far as the system knows.
fn operator() -> String {
    #[cfg(unix)]
    return format!("user {}", rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    return "somebody".to_owned();
}

fn networks(runtime: Runtime) -> anyhow::Result<Networks> {
    Ok(Models::find(runtime, None)?.networks())
}

/// A reader that has seen enough (`| head`) is no fault.
fn quietly(printed: anyhow::Result<()>) -> anyhow::Result<()> {
    let is_closed_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match printed {
        Err(error) if error.downcast_ref().is_some_and(is_closed_pipe) => Ok(()),
        other => other,
    }
}
