//! A clip that is decoded as a stream, frame by frame.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout};

use anyhow::{Context as _, bail, ensure};

use super::{FrameRate, Rate, ffmpeg};

/// The format of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A Y4M stream, 4:2:0.
    Y4m,
    /// PPM pictures, one after the other ([`Playback::next_picture`]).
    Pictures,
}

/// A clip that is being decoded. Dropping it closes ffmpeg's output, which ends ffmpeg.
pub(crate) struct Playback {
    ffmpeg: Child,
    /// ffmpeg's output.
    pub(crate) stream: BufReader<ChildStdout>,
}

impl Playback {
    /// Starts to decode the first video track of `path`, with the frame rate `native`, at `rate`. The first frame is at time
    /// 0. ffmpeg applies `filter` to each frame.
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
        // Without this, a track that starts later than the file is preceded by copies of its first frame.
        let mut filters = vec!["setpts=PTS-STARTPTS".to_owned()];
        if let Rate::PerSecond(rate) = rate {
            filters.push(format!("fps={rate}"));
        }
        filters.extend(filter.map(Into::into));
        let FrameRate { num, den } = rate.of(native);
        let format: &[&str] = match delivery {
            Delivery::Y4m => &["-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"],
            Delivery::Pictures => {
                // The colour matrix that `blinkgate replay` uses for Y4M, whatever the file says.
                filters.push("scale=in_color_matrix=bt601".into());
                &["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]
            }
        };
        let mut ffmpeg = ffmpeg(path, &filters.join(","))
            .args(["-r", &format!("{num}/{den}")])
            .args(format)
            .spawn()
            .context("cannot start ffmpeg")?;
        let stdout = ffmpeg.stdout.take().expect("stdout is piped");
        Ok(Playback { ffmpeg, stream: BufReader::new(stdout) })
    }

    /// The next picture as R, G, B bytes, width and height; `None` at the end.
    ///
    /// # Errors
    /// If the stream does not hold PPM pictures or is truncated.
    pub(crate) fn next_picture(&mut self) -> anyhow::Result<Option<(Vec<u8>, usize, usize)>> {
        next_ppm(&mut self.stream)
    }

    /// Waits for ffmpeg to end, after its last frame was read.
    ///
    /// # Errors
    /// If ffmpeg could not decode the whole clip.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let status = self.ffmpeg.wait()?;
        ensure!(status.success(), "ffmpeg ended with {status}");
        Ok(())
    }
}

/// Reads a binary PPM as ffmpeg writes it: magic number, size and depth on separate lines.
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
        bail!("ffmpeg did not write PPM: {magic} {size} {depth}")
    };
    let (width, height) = (width.parse()?, height.parse()?);
    let mut rgb = vec![0; width * height * 3];
    stream.read_exact(&mut rgb).context("a picture is truncated")?;
    Ok(Some((rgb, width, height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_follow_each_other_and_a_truncated_one_is_an_error() {
        let stream = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\n\n\n\n";
        let mut reader = &stream[..];
        assert_eq!(next_ppm(&mut reader).unwrap(), Some((b"abcdef".to_vec(), 2, 1)));
        assert_eq!(
            next_ppm(&mut reader).unwrap(),
            Some((b"\n\n\n".to_vec(), 1, 1)),
            "pixels may look like line breaks"
        );
        assert_eq!(next_ppm(&mut reader).unwrap(), None);
        assert!(next_ppm(&mut &stream[..15]).is_err());
        assert!(next_ppm(&mut &b"RIFF"[..]).is_err());
    }
}
