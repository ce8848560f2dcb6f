//! Command-line tools over the engine: look at one picture, replay a recorded clip, take a decision again.

pub mod bundle;
pub mod inspect;
pub mod replay;

mod frames;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use bundle::{Bundle, Decided};
use engine::Networks;
use replay::Source;

use crate::config::Config;
use crate::db::{Db, events};
use crate::domain::EventId;
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
    let (issued, transcript) = event.issued.zip(event.transcript).context("the event keeps no signed transcript")?;
    let read = |reference: Option<String>| {
        let path = config.data_dir.join(reference.context("the event keeps no pictures")?);
        std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let [open, closed, strip] = [event.open_capture_ref, event.closed_capture_ref, event.strip_ref].map(read);
    let (open, closed, strip) = (open?, closed?, strip?);
    let decided =
        Decided { status: event.status, reason: event.reason, details: serde_json::from_str(&event.details)? };
    let bundle =
        Bundle { issued: &issued, transcript: &transcript, pictures: [&open, &closed, &strip], decided: &decided };
    bundle.write(folder)
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
