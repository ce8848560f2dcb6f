//! The rows of the table: the rate and condition in which the clips are played.

use std::fmt;
use std::io;

use anyhow::Context as _;
use clap::ValueEnum;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::dark::darken_stream;
use crate::material::Clip;
use crate::program::Program;
use crate::video::{Delivery, Playback, Rate};

/// The condition of the camera's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// As recorded.
    Full,
    /// Scaled to fit into 320 × 240 pixels, with black bars where the aspect ratio differs.
    Small,
    /// 0.4 of the light, and noise ([`crate::dark`]).
    Dark,
    /// Each frame recompressed as JPEG of quality 50.
    Jpeg,
    /// Left and right exchanged.
    Mirrored,
    /// Half of the brightness.
    Dim,
    /// One and a half times the brightness; what is brighter than white stays white.
    Bright,
    /// A few pixels cut off at the top and on the left.
    Shifted,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The frame rate.
    pub(crate) rate: Rate,
    /// The condition of the frames.
    pub(crate) condition: Condition,
}

/// Which rows to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rows {
    /// The rows with a bar, on the clips with counted blinks
    Bars,
    /// Every rate in every condition, on every clip
    All,
}

/// Frames per second that a slow machine may drop to.
const SLOWER: [u32; 4] = [30, 15, 10, 8];

/// The slowest rate with a bar.
pub(crate) const SLOWEST: Rate = Rate::PerSecond(8);

/// Quality of [`Condition::Jpeg`], 1 to 100.
const JPEG_QUALITY: u8 = 50;

impl Condition {
    /// Conditions under which a clip must count as many blinks as it does as recorded: they change nothing about its person.
    pub(crate) const HARMLESS: [Condition; 4] =
        [Condition::Mirrored, Condition::Dim, Condition::Bright, Condition::Shifted];

    /// ffmpeg's filter for the condition, if it is one.
    fn filter(self) -> Option<&'static str> {
        match self {
            Condition::Small => {
                Some("scale=320:240:force_original_aspect_ratio=decrease,pad=320:240:(ow-iw)/2:(oh-ih)/2,setsar=1")
            }
            Condition::Mirrored => Some("hflip"),
            Condition::Dim => Some("lutyuv=y='16+(val-16)*0.5'"),
            Condition::Bright => Some("lutyuv=y='clip(16+(val-16)*1.5,16,235)'"),
            Condition::Shifted => Some("crop=iw-14:ih-10:14:10"),
            Condition::Full | Condition::Dark | Condition::Jpeg => None,
        }
    }
}

impl Rows {
    /// The rows in the order of the table.
    pub(crate) fn list(self) -> Vec<Row> {
        use Condition::{Dark, Full, Jpeg, Small};
        let rates = [Rate::Native].into_iter().chain(SLOWER.map(Rate::PerSecond));
        let all = [Full, Small, Dark, Jpeg]
            .into_iter()
            .flat_map(|condition| rates.clone().map(move |rate| Row { rate, condition }));
        let has_bar = |row: &Row| match row.condition {
            Full => row.rate != Rate::PerSecond(30),
            _ => row.rate == Rate::Native,
        };
        let harmless = Condition::HARMLESS.map(|condition| Row { rate: Rate::Native, condition });
        all.filter(|row| self == Rows::All || has_bar(row)).chain(harmless).collect()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Condition::Full => "full",
            Condition::Small => "320x240",
            Condition::Dark => "dark",
            Condition::Jpeg => "jpeg",
            Condition::Mirrored => "mirrored",
            Condition::Dim => "dim",
            Condition::Bright => "bright",
            Condition::Shifted => "shifted",
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.rate {
            Rate::Native => write!(f, "{} native", self.condition),
            Rate::PerSecond(rate) => write!(f, "{} {rate}/s", self.condition),
        }
    }
}

impl Row {
    /// The blinks that the program counts in `clip`, played at this row's rate and condition.
    ///
    /// # Errors
    /// If the clip cannot be decoded or the program fails.
    pub(crate) fn play(self, clip: &Clip, program: &Program) -> anyhow::Result<Vec<engine::Blink>> {
        let filter = self.condition.filter();
        let start = |delivery| Playback::start(&clip.path, self.rate, clip.native, filter, delivery);
        match self.condition {
            Condition::Full
            | Condition::Small
            | Condition::Mirrored
            | Condition::Dim
            | Condition::Bright
            | Condition::Shifted => program.replay_stream(|mut stdin| {
                let mut playback = start(Delivery::Y4m)?;
                io::copy(&mut playback.stream, &mut stdin)?;
                playback.finish()
            }),
            Condition::Dark => program.replay_stream(|stdin| {
                let mut playback = start(Delivery::Y4m)?;
                darken_stream(&mut playback.stream, io::BufWriter::new(stdin))?;
                playback.finish()
            }),
            Condition::Jpeg => {
                let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
                let mut playback = start(Delivery::Pictures)?;
                let mut index = 0;
                while let Some((rgb, width, height)) = playback.next_picture()? {
                    let file =
                        io::BufWriter::new(std::fs::File::create(folder.path().join(format!("{index:06}.jpg")))?);
                    let mut encoder = JpegEncoder::new_with_quality(file, JPEG_QUALITY);
                    encoder.encode(&rgb, width as u32, height as u32, ExtendedColorType::Rgb8)?;
                    index += 1;
                }
                playback.finish()?;
                program.replay_folder(folder.path(), self.rate.of(clip.native).per_second())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_with_bars_are_eleven_of_all_twenty_four() {
        let all = Rows::All.list();
        let bars = Rows::Bars.list();
        assert_eq!(all.len(), 24);
        let names: Vec<String> = bars.iter().map(Row::to_string).collect();
        let expected = [
            "full native",
            "full 15/s",
            "full 10/s",
            "full 8/s",
            "320x240 native",
            "dark native",
            "jpeg native",
            "mirrored native",
            "dim native",
            "bright native",
            "shifted native",
        ];
        assert_eq!(names, expected);
        assert!(bars.iter().all(|row| all.contains(row)));
    }
}
