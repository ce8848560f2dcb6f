//! How far reflections move the eye aspect ratio, and what the engine notices of it; as Markdown or JSON.

use std::fmt;

use engine::Thresholds;
use serde::Serialize;

use super::super::report::median;
use super::{SIZES, Seen};

/// A closed eye reads open above the one share of the same person's clean open eye, an open one closed at or below the
/// other.
const READS_OPEN: f32 = 0.5;
const READS_CLOSED: f32 = Thresholds::V4.blink.closed_ratio;

/// One kind of reflection.
#[derive(Debug, Serialize)]
pub(in super::super) struct GlareTable {
    light: &'static str,
    strength: f32,
    sizes: Vec<Size>,
}

/// One size of it, over all eyes of all stills at all places.
#[derive(Debug, Serialize)]
struct Size {
    /// In widths of the eye.
    size: f32,
    /// Eyes that were read.
    eyes: usize,
    /// Median and greatest difference of an eye's ratio from its own without a reflection.
    moved: Option<f32>,
    most_moved: f32,
    /// Median share that the engine takes for hidden.
    glare: Option<f32>,
    /// Eyes of frames in which the engine does not read eyes.
    noticed: usize,
    closed: Misread,
    open: Misread,
}

/// Eyes that read as what they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Misread {
    /// All of them.
    eyes: usize,
    /// Those in frames in which the engine does read eyes.
    unnoticed: usize,
}

impl GlareTable {
    /// `pairs` holds what was seen of a person's open and closed still at one place, size by size, the first size being
    /// none.
    pub(super) fn new(light: &'static str, strength: f32, pairs: &[[&[Option<Seen>]; 2]]) -> GlareTable {
        let sizes = SIZES.iter().enumerate().map(|(index, &size)| Size::new(index, size, pairs)).collect();
        GlareTable { light, strength, sizes }
    }
}

impl Size {
    fn new(index: usize, size: f32, pairs: &[[&[Option<Seen>]; 2]]) -> Size {
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
        writeln!(f, "### {light} mirrored over both eyes, {strength} grey levels\n")?;
        writeln!(
            f,
            "| width, eyes | eyes read | EAR moved, median | most | hidden share, median | noticed | closed read open | \
             unnoticed | open read closed | unnoticed |"
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
        writeln!(f, "\nThe limit that rests on it: `max_glare` {}.", Thresholds::V4.max_glare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_eyes_are_counted_and_those_that_nobody_noticed() {
        let seen = |ear: f32, readable| Some(Seen { ears: [ear, 0.3], glare: [0.2, 0.0], readable });
        let of = |second: Option<Seen>, clean: f32| {
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
        // Both closed stills' left eyes read 0.3 as well.
        assert_eq!(step.closed, Misread { eyes: 4, unnoticed: 2 });
        assert!((step.most_moved - 0.2).abs() < 1e-6, "{step:?}");
    }
}
