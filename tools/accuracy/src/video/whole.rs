//! A clip that is decoded as a whole and held in memory.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::Picture;
use serde::Deserialize;

use super::{ffmpeg, ffprobe, parse_rate};

/// Longest side in pixels after scaling: the size that cameras are asked for.
const MAX_SIDE: u32 = 640;

/// All frames of a clip.
pub struct WholeClip {
    /// File name.
    pub name: String,
    /// Frames per second.
    pub rate: f64,
    /// The frames, scaled down to at most 640 pixels on the longer side.
    pub frames: Vec<Picture>,
}

impl WholeClip {
    /// Decodes a file.
    ///
    /// # Errors
    /// If ffmpeg or ffprobe cannot be started or the file is not a video.
    pub fn load(path: &Path) -> anyhow::Result<WholeClip> {
        let Stream { width, height, r_frame_rate } = probe(path)?;
        let rate = parse_rate(&r_frame_rate)?.per_second();
        let shrink = (f64::from(width.max(height)) / f64::from(MAX_SIDE)).max(1.0);
        let side = |v: u32| (f64::from(v) / shrink / 2.0) as usize * 2;
        let (width, height) = (side(width), side(height));
        let mut ffmpeg = ffmpeg(path, &format!("scale={width}:{height}:flags=area"))
            .args(["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "-"])
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
        Ok(WholeClip { name, rate, frames })
    }

    /// Length in milliseconds.
    pub fn length_ms(&self) -> f64 {
        self.frames.len() as f64 * 1000.0 / self.rate
    }
}

#[derive(Deserialize)]
struct Probe {
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    width: u32,
    height: u32,
    r_frame_rate: String,
}

fn probe(path: &Path) -> anyhow::Result<Stream> {
    let json = ffprobe(path, "stream=width,height,r_frame_rate")?;
    let Probe { streams } =
        serde_json::from_slice(&json).with_context(|| format!("in ffprobe's output for {}", path.display()))?;
    streams.into_iter().next().context("no video track")
}
