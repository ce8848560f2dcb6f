//! Command-line tools over the engine: look at one picture, replay a recorded clip.

pub mod inspect;
pub mod replay;

mod frames;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use engine::Networks;
use replay::Source;

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
