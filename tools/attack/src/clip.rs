//! Clips by way of ffmpeg: every frame of a video, shrunk where it is large, in memory.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use engine::Picture;
use serde::Deserialize;

/// Longest side in pixels: cameras are asked for 640.
const MAX_SIDE: u32 = 640;

/// A clip that is held whole.
pub(crate) struct Clip {
    /// File name.
    pub(crate) name: String,
    /// Frames a second.
    pub(crate) rate: f64,
    /// The frames.
    pub(crate) frames: Vec<Picture>,
}

impl Clip {
    /// Decodes the file.
    ///
    /// # Errors
    /// If ffmpeg or ffprobe cannot be started or the file is no video.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Clip> {
        let Probe { width, height, rate } = probe(path)?;
        let shrink = (f64::from(width.max(height)) / f64::from(MAX_SIDE)).max(1.0);
        let side = |v: u32| (f64::from(v) / shrink / 2.0) as usize * 2;
        let (width, height) = (side(width), side(height));
        let scale = format!("scale={width}:{height}:flags=area");
        let mut ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-i"])
            .arg(path)
            .args([
                "-map",
                "0:v:0",
                "-vf",
                &scale,
                "-fps_mode",
                "passthrough",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgba",
                "-",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start ffmpeg")?;
        let mut stream = ffmpeg.stdout.take().context("ffmpeg has no output")?;
        let mut frames = Vec::new();
        let mut rgba = vec![0; width * height * 4];
        while stream.read_exact(&mut rgba).is_ok() {
            frames.push(Picture::new(rgba.clone(), width, height)?);
        }
        ensure!(ffmpeg.wait()?.success() && !frames.is_empty(), "{} cannot be decoded", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Clip { name, rate, frames })
    }

    /// Length in milliseconds.
    pub(crate) fn length_ms(&self) -> f64 {
        self.frames.len() as f64 * 1000.0 / self.rate
    }
}

struct Probe {
    width: u32,
    height: u32,
    rate: f64,
}

fn probe(path: &Path) -> anyhow::Result<Probe> {
    #[derive(Deserialize)]
    struct Streams {
        streams: Vec<Stream>,
    }
    #[derive(Deserialize)]
    struct Stream {
        width: u32,
        height: u32,
        r_frame_rate: String,
    }
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "json"])
        .args(["-show_entries", "stream=width,height,r_frame_rate"])
        .arg(path)
        .output()
        .context("cannot start ffprobe, which comes with ffmpeg")?;
    let Streams { streams } =
        serde_json::from_slice(&output.stdout).with_context(|| format!("ffprobe cannot read {}", path.display()))?;
    let stream = streams.into_iter().next().context("no video track")?;
    let (num, den) = stream.r_frame_rate.split_once('/').context("no frame rate")?;
    Ok(Probe { width: stream.width, height: stream.height, rate: num.parse::<f64>()? / den.parse::<f64>()? })
}

/// A blink that was counted by eye: frames of its clip, counted from 0.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CountedBlink {
    /// File name of the clip.
    pub(crate) video: String,
    /// First frame with lids on their way down.
    pub(crate) start_frame: usize,
    /// Deepest frame.
    pub(crate) closed_frame: usize,
    /// First frame with open eyes.
    pub(crate) end_frame: usize,
}

/// The counted blinks in the folder of recorded people.
///
/// # Errors
/// If the list cannot be read.
pub(crate) fn counted_blinks(material: &Path) -> anyhow::Result<Vec<CountedBlink>> {
    let path = material.join("blinks.csv");
    let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}
