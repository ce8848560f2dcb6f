//! `blinkgate replay VIDEO`: runs the engine on a recorded clip as if it came from the camera.
//!
//! Prints one JSON line per frame, one per blink (right after the frame that completed it), and a summary at the end.
//! The format is documented and stable.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use engine::{Blink, FrameReport, Gate, Networks, Picture, Session, Thresholds};
use serde::Serialize;

use super::frames::{Y4m, read_picture};

/// Where the frames come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Y4M on standard input.
    StandardInput,
    /// A Y4M file.
    File(PathBuf),
    /// A folder of JPEG or PNG files, sorted by name, with this frame rate.
    Folder(PathBuf, f64),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Blink(Blink),
    Summary(Summary),
}

/// The last line of a replay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Frames read.
    pub frames: usize,
    /// Frames with exactly one face.
    pub one_face: usize,
    /// Frames whose gate was `ok`.
    pub good: usize,
    /// Blinks counted.
    pub blinks: usize,
    /// Length of the clip.
    pub duration_ms: u32,
}

/// Replays `source` and writes JSON lines to `out`.
///
/// # Errors
/// If the frames cannot be read, a network fails, or `out` cannot be written.
pub fn replay(source: &Source, networks: Networks, out: &mut impl Write) -> anyhow::Result<Summary> {
    let mut replay = Replay { session: Session::new(networks, Thresholds::V4), out, summary: Summary::default() };
    match source {
        Source::StandardInput => replay.stream(io::stdin().lock())?,
        Source::File(path) => replay.stream(BufReader::new(open(path)?))?,
        Source::Folder(path, frames_per_second) => replay.folder(path, *frames_per_second)?,
    }
    let summary = replay.summary;
    write_line(out, &Line::Summary(summary.clone()))?;
    out.flush()?;
    Ok(summary)
}

struct Replay<'a, W: Write> {
    session: Session,
    out: &'a mut W,
    summary: Summary,
}

impl<W: Write> Replay<'_, W> {
    fn stream(&mut self, reader: impl Read) -> anyhow::Result<()> {
        let mut stream = Y4m::open(reader)?;
        let frame_ms = stream.frame_ms;
        while let Some(picture) = stream.next_picture()? {
            self.push(&picture, frame_ms)?;
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path, frames_per_second: f64) -> anyhow::Result<()> {
        ensure!(frames_per_second > 0.0, "--fps must be above 0");
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut files = entries.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.is_file());
        files.sort();
        ensure!(!files.is_empty(), "{} contains no pictures", path.display());
        for file in files {
            let picture = read_picture(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self.push(&picture, 1000.0 / frames_per_second)?;
        }
        Ok(())
    }

    fn push(&mut self, picture: &Picture, frame_ms: f64) -> anyhow::Result<()> {
        let seen = self.session.push(&picture.as_frame(), self.summary.frames as f64 * frame_ms)?;
        write_line(self.out, &FrameReport::from(&seen))?;
        if let Some(blink) = seen.lids.blink {
            write_line(self.out, &Line::Blink(blink))?;
            self.summary.blinks += 1;
        }
        self.summary.frames += 1;
        self.summary.one_face += usize::from(seen.faces == 1);
        self.summary.good += usize::from(seen.gate == Gate::Ok);
        self.summary.duration_ms = seen.t_ms;
        Ok(())
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot open {}", path.display()))
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> anyhow::Result<()> {
    // Convert to text first, so that a failed write stays an `io::Error`.
    let text = serde_json::to_string(line)?;
    Ok(writeln!(out, "{text}")?)
}
