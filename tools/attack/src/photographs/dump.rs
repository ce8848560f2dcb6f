//! Dumps sequences for inspection: a contact sheet and the readings of every frame.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use engine::Picture;
use image::RgbImage;

use super::plan::Sequence;
use super::report::counts_a_blink;
use super::run::{Sample, frames};
use super::sheet::{HEIGHT, WIDTH};

/// The contact sheet shows every third frame at half its width and height, six per row.
const EVERY: usize = 3;
const SHRINK: usize = 2;
const IN_A_ROW: usize = 6;

/// Writes `NAME.png` and `NAME.jsonl` for the sequences in which a blink was counted, or for all sequences.
///
/// # Errors
/// If the folder cannot be written to.
pub(super) fn write(folder: &Path, plan: &[Sequence], outcomes: &[Vec<Sample>], all: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (sequence, samples) in plan.iter().zip(outcomes).filter(|(_, samples)| all || counts_a_blink(samples)) {
        let path = folder.join(sequence.name());
        let name = |ending: &str| format!("{}.{ending}", path.display());
        // Rendering is deterministic, so the frames were not kept.
        let pictures: Vec<Picture> = frames(sequence)?
            .step_by(EVERY)
            .map(|frame| frame.map(|(_, picture)| picture))
            .collect::<Result<_, _>>()?;
        sheet(&pictures).save(name("png")).with_context(|| format!("cannot write {}", name("png")))?;
        let mut lines = BufWriter::new(File::create(name("jsonl"))?);
        for sample in samples {
            writeln!(lines, "{}", serde_json::to_string(sample)?)?;
        }
        lines.flush()?;
    }
    Ok(())
}

fn sheet(pictures: &[Picture]) -> RgbImage {
    let (width, height) = (WIDTH / SHRINK, HEIGHT / SHRINK);
    let rows = pictures.len().div_ceil(IN_A_ROW);
    RgbImage::from_fn((width * IN_A_ROW) as u32, (height * rows) as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        let picture = pictures.get(y / height * IN_A_ROW + x / width);
        image::Rgb(picture.map_or([0; 3], |p| p.as_frame().rgb(x % width * SHRINK, y % height * SHRINK)))
    })
}
