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
use super::times::FrameTimes;

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
    /// Frames that the engine analysed.
    pub frames: usize,
    /// Frames left out because they fall into the same millisecond as the frame before.
    pub skipped: usize,
    /// Frames with exactly one face.
    pub one_face: usize,
    /// Frames whose gate was `ok`.
    pub good: usize,
    /// Blinks counted.
    pub blinks: usize,
    /// Length of the clip.
    pub duration_ms: u32,
}

/// Replays `source` and writes JSON lines to `out`. The file `times`, if any, has the time of each frame in milliseconds, one
/// per line; without it, frames are evenly spaced.
///
/// # Errors
/// If the frames or times cannot be read, their numbers differ, a network fails, or `out` cannot be written.
pub fn replay(
    source: &Source,
    times: Option<&Path>,
    networks: Networks,
    out: &mut impl Write,
) -> anyhow::Result<Summary> {
    let times = times.map(FrameTimes::read).transpose()?;
    let session = Session::new(networks, Thresholds::V8);
    let mut replay = Replay { session, times, last_ms: None, out, summary: Summary::default() };
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
    /// Those of the caller; else set from the frame rate.
    times: Option<FrameTimes>,
    /// Whole milliseconds of the last frame analysed.
    last_ms: Option<u32>,
    out: &'a mut W,
    summary: Summary,
}

impl<W: Write> Replay<'_, W> {
    fn stream(&mut self, reader: impl Read) -> anyhow::Result<()> {
        let mut stream = Y4m::open(reader)?;
        let mut times = self.times.take().unwrap_or_else(|| FrameTimes::even(stream.frame_ms));
        while let Some(picture) = stream.next_picture()? {
            self.push(&picture, times.next()?)?;
        }
        times.finish()
    }

    fn folder(&mut self, path: &Path, frames_per_second: f64) -> anyhow::Result<()> {
        ensure!(frames_per_second > 0.0, "--fps must be above 0");
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut files = entries.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.is_file());
        files.sort();
        ensure!(!files.is_empty(), "{} contains no pictures", path.display());
        let mut times = self.times.take().unwrap_or_else(|| FrameTimes::even(1000.0 / frames_per_second));
        for file in files {
            let picture = read_picture(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self.push(&picture, times.next()?)?;
        }
        times.finish()
    }

    fn push(&mut self, picture: &Picture, t_ms: f64) -> anyhow::Result<()> {
        // The engine counts whole milliseconds and takes one frame in each.
        if self.last_ms == Some(t_ms as u32) {
            self.summary.skipped += 1;
            return Ok(());
        }
        let seen = self.session.push(&picture.as_frame(), t_ms)?;
        self.last_ms = Some(seen.t_ms);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Models, Runtime};

    /// A Y4M file of grey frames.
    fn clip(folder: &Path, frames: usize, rate: &str) -> Source {
        let mut stream = format!("YUV4MPEG2 W2 H2 F{rate} C420\n").into_bytes();
        for _ in 0..frames {
            stream.extend(b"FRAME\n\x80\x80\x80\x80\x80\x80");
        }
        let path = folder.join("clip.y4m");
        std::fs::write(&path, stream).unwrap();
        Source::File(path)
    }

    /// The times of the frames printed, and the summary.
    fn run(source: &Source, times: Option<&Path>) -> anyhow::Result<(Vec<u64>, Summary)> {
        let mut out = Vec::new();
        let networks = Models::find(Runtime::Compact, None)?.networks();
        let summary = replay(source, times, networks, &mut out)?;
        let lines: Vec<serde_json::Value> = out.split(|&b| b == b'\n').flat_map(serde_json::from_slice).collect();
        let last = lines.last().unwrap();
        assert_eq!(last["summary"]["skipped"], summary.skipped);
        assert_eq!(last["summary"]["frames"], summary.frames);
        Ok((lines.iter().filter_map(|line| line["t_ms"].as_u64()).collect(), summary))
    }

    #[test]
    fn frames_keep_their_times_and_the_first_one_in_a_millisecond_is_analysed() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("times");
        let cases = [
            ("25:1", None, vec![0, 40, 80, 120], 0),
            ("1000:1", None, vec![0, 1, 2, 3], 0),
            ("2000:1", None, vec![0, 1], 2),
            ("1500:1", None, vec![0, 1, 2], 1),
            ("1000000:1", None, vec![0], 3),
            ("120:1", Some("# timestamp format v2\n7\n41\n77.9\n300\n"), vec![7, 41, 77, 300], 0),
            ("25:1", Some("0\n40\n40\n40.9\n"), vec![0, 40], 2),
        ];
        for (rate, times, expected, skipped) in cases {
            let source = clip(folder.path(), 4, rate);
            std::fs::write(&list, times.unwrap_or_default()).unwrap();
            let (seen, summary) = run(&source, times.map(|_| list.as_path())).unwrap();
            assert_eq!(seen, expected, "{rate} {times:?}");
            assert_eq!((summary.frames, summary.skipped), (expected.len(), skipped), "{rate} {times:?}");
            assert_eq!(u64::from(summary.duration_ms), expected[expected.len() - 1], "{rate} {times:?}");
        }
    }

    #[test]
    fn times_of_another_clip_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("times");
        for (times, expected) in
            [("0\n40\n", "more frames than times"), ("0\n40\n80\n120\n160\n", "2 more times than frames")]
        {
            std::fs::write(&list, times).unwrap();
            let error = run(&clip(folder.path(), 3, "25:1"), Some(&list)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_folder_of_pictures_takes_times_too() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = folder.path().join("pictures");
        std::fs::create_dir(&pictures).unwrap();
        for name in ["1.png", "2.png", "3.png"] {
            image::RgbImage::new(2, 2).save(pictures.join(name)).unwrap();
        }
        let list = folder.path().join("times");
        std::fs::write(&list, "0\n35\n90\n").unwrap();
        let source = Source::Folder(pictures, 50.0);
        assert_eq!(run(&source, Some(&list)).unwrap().0, [0, 35, 90]);
        assert_eq!(run(&source, None).unwrap().0, [0, 20, 40]);
    }
}
