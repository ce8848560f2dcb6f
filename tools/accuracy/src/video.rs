//! Clips by way of ffprobe and ffmpeg: when each frame is shown, and the frames at a rate and size.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

/// Frames a second, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameRate {
    /// Numerator, above 0.
    pub(crate) num: u32,
    /// Denominator, above 0.
    pub(crate) den: u32,
}

impl FrameRate {
    /// Frames a second.
    pub(crate) fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Milliseconds from frame to frame.
    pub(crate) fn frame_ms(self) -> f64 {
        1000.0 / self.per_second()
    }
}

/// At which rate a clip is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// The container's own; frames that come unevenly are repeated or dropped as ffmpeg does by default.
    Native,
    /// This many frames a second, by ffmpeg's `fps` filter.
    PerSecond(u32),
}

impl Rate {
    /// The rate for a clip whose own is `native`.
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
/// If ffprobe cannot be started or the file is no video.
pub(crate) fn probe(path: &Path) -> anyhow::Result<(FrameRate, Vec<f64>)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "json"])
        .args(["-show_entries", "stream=r_frame_rate:frame=best_effort_timestamp_time"])
        .arg(path)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start ffprobe, which comes with ffmpeg")?;
    ensure!(output.status.success(), "ffprobe cannot read {}", path.display());
    parse_probe(&output.stdout).with_context(|| format!("what ffprobe says of {}", path.display()))
}

/// What the frames are delivered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A Y4M stream, 4:2:0.
    Y4m,
    /// PPM pictures, one after the other ([`Playback::next_picture`]).
    Pictures,
}

/// A clip that is being decoded. Dropping it ends ffmpeg, which then has nobody to write to.
pub(crate) struct Playback {
    ffmpeg: Child,
    /// What ffmpeg writes.
    pub(crate) stream: BufReader<ChildStdout>,
}

impl Playback {
    /// Starts to decode the first video track of `path`, whose own rate is `native`, at `rate`. The first frame comes at
    /// time 0. `filter`: what ffmpeg does with each frame.
    ///
    /// # Errors
    /// If ffmpeg cannot be started.
    pub(crate) fn start(
        path: &Path,
        rate: Rate,
        native: FrameRate,
        filter: Option<&str>,
        delivery: Delivery,
    ) -> anyhow::Result<Playback> {
        // A track that begins later than the file would be preceded by copies of its first frame.
        let mut filters = vec!["setpts=PTS-STARTPTS".to_owned()];
        if let Rate::PerSecond(rate) = rate {
            filters.push(format!("fps={rate}"));
        }
        filters.extend(filter.map(Into::into));
        let FrameRate { num, den } = rate.of(native);
        let format: &[&str] = match delivery {
            Delivery::Y4m => &["-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"],
            Delivery::Pictures => {
                // As `blinkgate replay` reads Y4M, whatever the file says of its colours.
                filters.push("scale=in_color_matrix=bt601".into());
                &["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]
            }
        };
        let mut ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-i"])
            .arg(path)
            .args(["-map", "0:v:0", "-vf", &filters.join(","), "-r", &format!("{num}/{den}")])
            .args(format)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start ffmpeg")?;
        let stdout = ffmpeg.stdout.take().expect("stdout is piped");
        Ok(Playback { ffmpeg, stream: BufReader::new(stdout) })
    }

    /// The next picture as R, G, B bytes, width and height; `None` at the end.
    ///
    /// # Errors
    /// If the stream is not of PPM pictures or is cut off.
    pub(crate) fn next_picture(&mut self) -> anyhow::Result<Option<(Vec<u8>, usize, usize)>> {
        next_ppm(&mut self.stream)
    }

    /// Waits for ffmpeg after its last frame was read.
    ///
    /// # Errors
    /// If ffmpeg could not decode the clip to its end.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let status = self.ffmpeg.wait()?;
        ensure!(status.success(), "ffmpeg ended with {status}");
        Ok(())
    }
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
    let rate = &probe.streams.first().context("no video track")?.r_frame_rate;
    let (num, den) = rate.split_once('/').with_context(|| format!("frame rate {rate}"))?;
    let native = FrameRate { num: num.parse()?, den: den.parse()? };
    ensure!(native.num > 0 && native.den > 0, "frame rate {rate}");
    let seconds = probe.frames.iter().map(|f| f.best_effort_timestamp_time.parse()).collect::<Result<Vec<f64>, _>>()?;
    let first = *seconds.first().context("no frames")?;
    Ok((native, seconds.iter().map(|s| (s - first) * 1000.0).collect()))
}

/// Reads a binary PPM as ffmpeg writes it: magic, size and depth on a line each.
fn next_ppm(stream: &mut impl BufRead) -> anyhow::Result<Option<(Vec<u8>, usize, usize)>> {
    let mut lines = [const { String::new() }; 3];
    for line in &mut lines {
        stream.read_line(line)?;
    }
    let [magic, size, depth] = lines.each_ref().map(|line| line.trim_end());
    if magic.is_empty() {
        return Ok(None);
    }
    let Some((width, height)) = size.split_once(' ').filter(|_| magic == "P6" && depth == "255") else {
        bail!("ffmpeg wrote no PPM: {magic} {size} {depth}")
    };
    let (width, height) = (width.parse()?, height.parse()?);
    let mut rgb = vec![0; width * height * 3];
    stream.read_exact(&mut rgb).context("a picture is cut off")?;
    Ok(Some((rgb, width, height)))
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

    #[test]
    fn pictures_follow_each_other_and_a_cut_one_is_an_error() {
        let stream = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\n\n\n\n";
        let mut reader = &stream[..];
        assert_eq!(next_ppm(&mut reader).unwrap(), Some((b"abcdef".to_vec(), 2, 1)));
        assert_eq!(next_ppm(&mut reader).unwrap(), Some((b"\n\n\n".to_vec(), 1, 1)), "pixels may look like line ends");
        assert_eq!(next_ppm(&mut reader).unwrap(), None);
        assert!(next_ppm(&mut &stream[..15]).is_err());
        assert!(next_ppm(&mut &b"RIFF"[..]).is_err());
    }
}
