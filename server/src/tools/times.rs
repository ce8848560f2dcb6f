//! The times of a recording's frames: evenly spaced, or listed in a file.

use std::path::Path;
use std::vec;

use anyhow::{Context as _, ensure};

/// Gives each frame its time, in milliseconds.
pub(super) enum FrameTimes {
    /// The first frame is at 0.
    Even { frame_ms: f64, next: usize },
    /// One time for each frame.
    Listed(vec::IntoIter<f64>),
}

impl FrameTimes {
    /// Times that are `frame_ms` apart.
    pub(super) fn even(frame_ms: f64) -> FrameTimes {
        FrameTimes::Even { frame_ms, next: 0 }
    }

    /// Reads a file with one time per line. Lines that start with `#` are skipped, so that files in "timestamp format v2"
    /// (MKVToolNix, ffmpeg) can be read.
    pub(super) fn read(path: &Path) -> anyhow::Result<FrameTimes> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        parse(&text).with_context(|| format!("{} is not a file of times", path.display()))
    }

    /// The time of the next frame.
    pub(super) fn next(&mut self) -> anyhow::Result<f64> {
        match self {
            FrameTimes::Even { frame_ms, next } => {
                *next += 1;
                Ok((*next - 1) as f64 * *frame_ms)
            }
            FrameTimes::Listed(times) => times.next().context("there are more frames than times"),
        }
    }

    /// Fails if times are left after the last frame: they belong to another recording.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        let left = if let FrameTimes::Listed(times) = self { times.len() } else { 0 };
        ensure!(left == 0, "there are {left} more times than frames");
        Ok(())
    }
}

fn parse(text: &str) -> anyhow::Result<FrameTimes> {
    let mut times = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let time: Option<f64> = line.trim().parse().ok();
        // The engine keeps times in 32 bits.
        let time = time.filter(|time| (0.0..=f64::from(u32::MAX)).contains(time));
        let time = time.with_context(|| format!("line {} is not a time in milliseconds", index + 1))?;
        ensure!(times.last().is_none_or(|&last| last <= time), "the time in line {} goes back", index + 1);
        times.push(time);
    }
    Ok(FrameTimes::Listed(times.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lists_rising_times_in_milliseconds_and_anything_else_is_refused_with_its_line() {
        let cases = [
            ("0\n40\n80.5\n", Ok(vec![0.0, 40.0, 80.5])),
            ("# timestamp format v2\r\n0\r\n40\r\n40\r\n", Ok(vec![0.0, 40.0, 40.0])),
            ("", Ok(vec![])),
            ("0\n40\n39\n", Err("the time in line 3 goes back")),
            ("-1\n", Err("line 1 is not a time in milliseconds")),
            ("# 0\n\n40\n", Err("line 2 is not a time in milliseconds")),
            ("0\nN/A\n", Err("line 2 is not a time in milliseconds")),
            ("0\nNaN\n", Err("line 2 is not a time in milliseconds")),
            ("0\n1e300\n", Err("line 2 is not a time in milliseconds")),
        ];
        for (text, expected) in cases {
            let times = match parse(text) {
                Ok(FrameTimes::Listed(times)) => Ok(times.collect()),
                Ok(FrameTimes::Even { .. }) => panic!("{text:?}"),
                Err(error) => Err(error.to_string()),
            };
            assert_eq!(times, expected.map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn a_file_of_times_must_fit_the_number_of_frames() {
        let mut times = parse("0\n40\n").unwrap();
        assert_eq!(times.next().unwrap(), 0.0);
        assert!(times.finish().is_err());
        assert_eq!(times.next().unwrap(), 40.0);
        assert!(times.finish().is_ok());
        assert!(times.next().is_err());
    }
}
