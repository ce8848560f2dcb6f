//! The eye context: the luma around the eyes in a grid that moves with the face, and what it says about the light on the
//! eyes.

use std::ops::Range;

use crate::crop::luma_at;
use crate::frame::Frame;
use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER};
use crate::stats::{mean, median, percentile};

/// The grid reaches this far from the middle between the eyes, in units of the distance between their outer corners: to
/// the temples, up to the brows, down to the middle of the nose.
const REACH_X: f32 = 0.72;
const REACH_UP: f32 = 0.38;
const REACH_DOWN: f32 = 0.46;

const COLUMNS: usize = 30;
const ROWS: usize = 18;

/// Samples along each side of a cell, averaged to the cell's luma. A single sample would jump as the rim of glasses
/// moves by.
const SAMPLES: usize = 3;

/// The context of the eyes: the mean luma in the cells of a grid around them that moves with the face.
#[derive(Clone, Debug, PartialEq)]
pub struct EyeContext {
    luma: Vec<f32>,
}

impl EyeContext {
    /// Samples `frame` around the eyes of `points` (468, in pixels of the frame). `None` if the eye corners coincide.
    pub(crate) fn sample(frame: &Frame, points: &[Point]) -> Option<EyeContext> {
        let (right, left) = (*points.get(RIGHT_EYE_OUTER)?, *points.get(LEFT_EYE_OUTER)?);
        let middle = right.midpoint(left);
        let along = Point::new(left.x - right.x, left.y - right.y);
        // Also false if a coordinate is not a number.
        let is_apart = along.x.hypot(along.y) >= 1.0;
        if !is_apart {
            return None;
        }
        let sample = |x: f32, y: f32| {
            luma_at(frame, Point::new(middle.x + x * along.x - y * along.y, middle.y + x * along.y + y * along.x))
        };
        let cell = |(x, y): (f32, f32)| {
            mean(
                (0..SAMPLES * SAMPLES).map(|i| sample(x + within(i % SAMPLES, WIDTH), y + within(i / SAMPLES, HEIGHT))),
            )
        };
        Some(EyeContext { luma: grid().map(cell).collect() })
    }

    /// A context with the luma that `paint` gives each cell.
    #[cfg(test)]
    pub(crate) fn painted(paint: impl Fn(f32, f32) -> f32) -> EyeContext {
        EyeContext { luma: grid().map(|(x, y)| paint(x, y)).collect() }
    }

    /// The cells of the grid: where each lies, in units of the distance between the outer eye corners from the middle
    /// between them (x to the subject's left, y down), and its luma.
    pub(crate) fn cells(&self) -> impl Iterator<Item = ((f32, f32), f32)> {
        grid().zip(self.luma.iter().copied())
    }

    /// How bright each eye is: the luma of its brightest tenth as a share of the cheek's below it. Lids and the white of
    /// an eye are nearly as bright as skin; dark glasses and an eye patch are not.
    pub(crate) fn eye_brightness(&self) -> PerSide {
        PerSide::of(|side| {
            let eye = self.lumas(|(x, y)| EYE_ACROSS.contains(&(side * x)) && EYE_DOWN.contains(&y));
            let cheek = self.lumas(|(x, y)| CHEEK_ACROSS.contains(&(side * x)) && y >= CHEEK_FROM);
            percentile(eye, 90) / median(cheek).max(DARKEST_SKIN)
        })
    }

    /// Mean luma of each side of the face below the eye.
    pub(crate) fn side_light(&self) -> PerSide {
        PerSide::of(|side| {
            mean(self.lumas(|(x, y)| CHEEK_ACROSS.contains(&(side * x)) && y >= EYE_DOWN.end).into_iter())
        })
    }

    fn lumas(&self, is_inside: impl Fn((f32, f32)) -> bool) -> Vec<f32> {
        self.cells().filter(|&(at, _)| is_inside(at)).map(|(_, luma)| luma).collect()
    }
}

/// Where an eye and the cheek below it lie in the grid, on the subject's left.
const EYE_ACROSS: Range<f32> = 0.18..0.5;
const EYE_DOWN: Range<f32> = -0.1..0.1;
const CHEEK_ACROSS: Range<f32> = 0.12..0.6;
const CHEEK_FROM: f32 = 0.25;

/// Skin is assumed to be at least this bright, in grey levels: below it there is only noise to compare with.
const DARKEST_SKIN: f32 = 4.0;

/// A figure for each side of the face; the subject's own sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PerSide {
    pub(crate) right: f32,
    pub(crate) left: f32,
}

impl PerSide {
    /// Computes both figures; the argument is −1 for the right side and 1 for the left.
    fn of(figure: impl Fn(f32) -> f32) -> PerSide {
        PerSide { right: figure(-1.0), left: figure(1.0) }
    }

    /// The smaller figure.
    pub(crate) fn least(self) -> f32 {
        self.right.min(self.left)
    }

    /// The smaller figure as a share of the greater one; 1 if both are 0.
    pub(crate) fn balance(self) -> f32 {
        let greatest = self.right.max(self.left);
        if greatest > 0.0 { self.least() / greatest } else { 1.0 }
    }
}

/// Size of a cell.
const WIDTH: f32 = 2.0 * REACH_X / COLUMNS as f32;
const HEIGHT: f32 = (REACH_UP + REACH_DOWN) / ROWS as f32;

/// The centres of the grid's cells, row by row: x to the subject's left, y down.
fn grid() -> impl Iterator<Item = (f32, f32)> {
    (0..ROWS).flat_map(|row| {
        (0..COLUMNS)
            .map(move |column| (-REACH_X + (column as f32 + 0.5) * WIDTH, -REACH_UP + (row as f32 + 0.5) * HEIGHT))
    })
}

/// Offset of a cell's sample number `number` from the cell's centre along a side of this length.
fn within(number: usize, length: f32) -> f32 {
    ((number as f32 + 0.5) / SAMPLES as f32 - 0.5) * length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::mesh::LANDMARKS;

    const SIDE: usize = 200;

    /// A grey face whose outer eye corners lie at (60, 100) and (140, 100); `paint` draws on it.
    fn context(paint: fn(usize, usize) -> Option<u8>) -> EyeContext {
        let rgb: Vec<u8> = (0..SIDE * SIDE).flat_map(|i| [paint(i % SIDE, i / SIDE).unwrap_or(120); 3]).collect();
        let mut points = vec![Point::default(); LANDMARKS];
        points[RIGHT_EYE_OUTER] = Point::new(60.0, 100.0);
        points[LEFT_EYE_OUTER] = Point::new(140.0, 100.0);
        EyeContext::sample(&Picture::from_rgb(&rgb, SIDE, SIDE).unwrap().as_frame(), &points).unwrap()
    }

    #[test]
    fn only_what_is_dark_all_over_hides_an_eye() {
        type Paint = fn(usize, usize) -> Option<u8>;
        let cases: [(&str, Paint, [bool; 2]); 5] = [
            ("closed lids", |_, _| None, [false, false]),
            ("an open eye", |x, y| ((70..80).contains(&x) && (95..105).contains(&y)).then_some(20), [false, false]),
            ("dark glasses", |x, y| ((55..145).contains(&x) && (85..115).contains(&y)).then_some(15), [true, true]),
            (
                "a patch over the right eye",
                |x, y| ((55..95).contains(&x) && (80..115).contains(&y)).then_some(15),
                [true, false],
            ),
            ("a dim face", |_, _| Some(30), [false, false]),
        ];
        for (what, paint, hidden) in cases {
            let PerSide { right, left } = context(paint).eye_brightness();
            assert_eq!([right < 0.28, left < 0.28], hidden, "{what}: {right} {left}");
        }
    }

    #[test]
    fn the_light_is_measured_on_each_side() {
        let lit = context(|x, _| (x < 100).then_some(30)).side_light();
        assert!((lit.right - 30.0).abs() < 1.0 && (lit.left - 120.0).abs() < 1.0, "{lit:?}");
        assert_eq!(lit.balance(), lit.right / lit.left);
        assert_eq!(PerSide { right: 0.0, left: 0.0 }.balance(), 1.0);
    }

    #[test]
    fn coinciding_eye_corners_have_no_context() {
        let picture = Picture::from_rgb(&[9; 3 * 4], 2, 2).unwrap();
        assert_eq!(EyeContext::sample(&picture.as_frame(), &vec![Point::default(); LANDMARKS]), None);
        let nowhere = vec![Point::new(f32::NAN, 0.0); LANDMARKS];
        assert_eq!(EyeContext::sample(&picture.as_frame(), &nowhere), None);
    }
}
