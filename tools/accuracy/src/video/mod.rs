//! Reads clips with ffprobe and ffmpeg: the time of each frame, and the frames at a given rate and size.

mod playback;
mod whole;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

pub(crate) use playback::{Delivery, Playback};
pub use whole::WholeClip;

/// Frames per second, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameRate {
    /// Numerator, above 0.
    pub(crate) num: u32,
    /// Denominator, above 0.
    pub(crate) den: u32,
}

impl FrameRate {
    /// Frames per second.
    pub(crate) fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Milliseconds between frames.
    pub(crate) fn frame_ms(self) -> f64 {
        1000.0 / self.per_second()
    }
}

/// The rate at which a clip is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// The container's own. Unevenly spaced frames are repeated or dropped as ffmpeg does by default.
    Native,
    /// This many frames per second, through ffmpeg's `fps` filter.
    PerSecond(u32),
}

impl Rate {
    /// The rate for a clip with the frame rate `native`.
    pub(crate) fn of(self, native: FrameRate) -> FrameRate {
        match self {
            Rate::Native => native,
            Rate::PerSecond(num) => FrameRate { num, den: 1 },
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Rate::Native => f.write_str("native"),
            Rate::PerSecond(rate) => write!(f, "{rate}"),
        }
    }
}

/// The container's frame rate and the time of each frame in milliseconds since the first.
///
/// # Errors
/// If ffprobe cannot be started or the file is not a video.
pub(crate) fn probe(path: &Path) -> anyhow::Result<(FrameRate, Vec<f64>)> {
    let json = ffprobe(path, "stream=r_frame_rate:frame=best_effort_timestamp_time")?;
    parse_probe(&json).with_context(|| format!("in ffprobe's output for {}", path.display()))
}

/// ffprobe's JSON output about the first video track of `path`.
fn ffprobe(path: &Path, entries: &str) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries", entries])
        .arg(path)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start ffprobe, which comes with ffmpeg")?;
    ensure!(output.status.success(), "ffprobe cannot read {}", path.display());
    Ok(output.stdout)
}

/// ffmpeg, decoding the first video track of `path` with the filters `filters`. Its output is piped.
fn ffmpeg(path: &Path, filters: &str) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(path).args(["-map", "0:v:0", "-vf", filters]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

#[derive(Deserialize)]
struct Probe {
    streams: Vec<Stream>,
    frames: Vec<ProbedFrame>,
}

#[derive(Deserialize)]
struct Stream {
    r_frame_rate: String,
}

#[derive(Deserialize)]
struct ProbedFrame {
    best_effort_timestamp_time: String,
}

fn parse_probe(json: &[u8]) -> anyhow::Result<(FrameRate, Vec<f64>)> {
    let probe: Probe = serde_json::from_slice(json)?;
    let native = parse_rate(&probe.streams.first().context("no video track")?.r_frame_rate)?;
    let seconds = probe.frames.iter().map(|f| f.best_effort_timestamp_time.parse()).collect::<Result<Vec<f64>, _>>()?;
    let first = *seconds.first().context("no frames")?;
    Ok((native, seconds.iter().map(|s| (s - first) * 1000.0).collect()))
}

fn parse_rate(text: &str) -> anyhow::Result<FrameRate> {
    let (num, den) = text.split_once('/').with_context(|| format!("frame rate {text}"))?;
    let rate = FrameRate { num: num.parse()?, den: den.parse()? };
    ensure!(rate.num > 0 && rate.den > 0, "frame rate {text}");
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_frame_counts_from_the_first_frame_not_from_the_start_of_the_file() {
        let json = br#"{"streams": [{"r_frame_rate": "30000/1001"}], "frames": [
            {"best_effort_timestamp_time": "0.033"}, {"best_effort_timestamp_time": "0.133", "side_data_list": [{}]}]}"#;
        let (rate, times_ms) = parse_probe(json).unwrap();
        assert_eq!(rate, FrameRate { num: 30000, den: 1001 });
        assert!((rate.frame_ms() - 33.3667).abs() < 1e-3);
        assert_eq!(times_ms.iter().map(|t| t.round()).collect::<Vec<_>>(), [0.0, 100.0]);
        assert!(parse_probe(br#"{"streams": [{"r_frame_rate": "0/0"}], "frames": []}"#).is_err());
    }
}
