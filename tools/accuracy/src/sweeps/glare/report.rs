//! How far reflections change the eye aspect ratio, and how much of this the engine notices; as Markdown or JSON.

use std::fmt;

use engine::Thresholds;
use serde::Serialize;

use super::super::report::median;
use super::reading::{EyeReading, SIZES};

/// A closed eye reads as open above `READS_OPEN` times the ratio of the same person's open eye without a reflection; an open
/// eye reads as closed at or below `READS_CLOSED` times that ratio.
const READS_OPEN: f32 = 0.5;
const READS_CLOSED: f32 = Thresholds::V8.blink.closed_ratio;

/// One kind of reflection.
#[derive(Debug, Serialize)]
pub(in super::super) struct GlareTable {
    light: &'static str,
    strength: f32,
    sizes: Vec<Size>,
}

/// One size of a reflection, over all eyes of all stills at all offsets.
#[derive(Debug, Serialize)]
struct Size {
    /// In eye widths.
    size: f32,
    /// Number of eyes that were read.
    eyes: usize,
    /// Median and maximum difference of an eye's ratio from the one without a reflection.
    moved: Option<f32>,
    most_moved: f32,
    /// Median share of an eye that the engine considers hidden.
    glare: Option<f32>,
    /// Eyes in frames in which the engine refuses to read eyes.
    noticed: usize,
    closed: Misread,
    open: Misread,
}

/// Eyes that are read wrongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Misread {
    /// All misread eyes.
    eyes: usize,
    /// Misread eyes in frames in which the engine does read eyes.
    unnoticed: usize,
}

impl GlareTable {
    /// `pairs` holds the readings of a person's open and closed still at one offset, size by size. The first size means no
    /// reflection.
    pub(super) fn new(light: &'static str, strength: f32, pairs: &[[&[Option<EyeReading>]; 2]]) -> GlareTable {
        let sizes = SIZES.iter().enumerate().map(|(index, &size)| Size::new(index, size, pairs)).collect();
        GlareTable { light, strength, sizes }
    }
}

impl Size {
    fn new(index: usize, size: f32, pairs: &[[&[Option<EyeReading>]; 2]]) -> Size {
        let (mut moved, mut glare) = (Vec::new(), Vec::new());
        let (mut noticed, mut misread) = (0, [Misread::default(); 2]);
        for stills in pairs {
            let Some(open_level) = stills[0][0].map(|clean| clean.ears) else { continue };
            for (still, readings) in stills.iter().enumerate() {
                let (Some(clean), Some(seen)) = (readings[0], readings[index]) else { continue };
                for (eye, level) in open_level.iter().enumerate() {
                    let share = seen.ears[eye] / level;
                    let wrong = if still == 0 { share <= READS_CLOSED } else { share > READS_OPEN };
                    moved.push((seen.ears[eye] - clean.ears[eye]).abs());
                    glare.push(seen.glare[eye]);
                    noticed += usize::from(!seen.readable);
                    misread[still].eyes += usize::from(wrong);
                    misread[still].unnoticed += usize::from(wrong && seen.readable);
                }
            }
        }
        let [open, closed] = misread;
        let most_moved = moved.iter().copied().fold(0.0, f32::max);
        Size { size, eyes: moved.len(), moved: median(moved), most_moved, glare: median(glare), noticed, closed, open }
    }
}

impl fmt::Display for GlareTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GlareTable { light, strength, sizes } = self;
        writeln!(f, "### {light} reflected over both eyes, {strength} grey levels\n")?;
        writeln!(
            f,
            "| width, eyes | eyes read | EAR change, median | maximum | hidden share, median | noticed | closed read as open | \
             unnoticed | open read as closed | unnoticed |"
        )?;
        writeln!(f, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for Size { size, eyes, moved, most_moved, glare, noticed, closed, open } in sizes {
            writeln!(
                f,
                "| {size} | {eyes} | {:.3} | {most_moved:.3} | {:.2} | {noticed} | {} | {} | {} | {} |",
                moved.unwrap_or_default(),
                glare.unwrap_or_default(),
                closed.eyes,
                closed.unnoticed,
                open.eyes,
                open.unnoticed
            )?;
        }
        writeln!(f, "\nThreshold based on this: `max_glare` {}.", Thresholds::V8.max_glare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_eyes_are_counted_and_so_are_the_unnoticed_ones() {
        let seen = |ear: f32, readable| Some(EyeReading { ears: [ear, 0.3], glare: [0.2, 0.0], readable });
        let of = |second: Option<EyeReading>, clean: f32| {
            let mut readings = vec![None; SIZES.len()];
            (readings[0], readings[1]) = (seen(clean, true), second);
            readings
        };
        let people = [
            [of(seen(0.1, true), 0.3), of(seen(0.2, false), 0.05)],
            [of(seen(0.25, true), 0.3), of(None, 0.05)],
            [of(seen(0.12, false), 0.3), of(seen(0.16, true), 0.05)],
        ];
        let pairs = people.each_ref().map(|[open, closed]| [open.as_slice(), closed]);
        let step = &GlareTable::new("Lamp", 80.0, &pairs).sizes[1];
        assert_eq!((step.eyes, step.noticed), (10, 4));
        assert_eq!(step.open, Misread { eyes: 2, unnoticed: 1 });
        // The left eyes of both closed stills also read 0.3.
        assert_eq!(step.closed, Misread { eyes: 4, unnoticed: 2 });
        assert!((step.most_moved - 0.2).abs() < 1e-6, "{step:?}");
    }
}
