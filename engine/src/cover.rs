//! Covers: has something come between the eyes and the camera? Skin around the eyes in, yes or no out.
//!
//! A hand, a card or a pen before a photograph can look to the mesh like closed lids. A blink changes the lids and leaves
//! the skin around them as it was a moment ago; a cover changes both. So the surroundings of the eyes are compared with
//! those of the last frame with open eyes.

use crate::crop::luma_at;
use crate::frame::Frame;
use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER};
use crate::stats::{correlation, deviation, mean, median};
use crate::thresholds::CoverThresholds;

/// The grid reaches this far from the middle between the eyes, in units of the distance between their outer corners: to
/// the temples, up to the brows, down to the middle of the nose.
const REACH_X: f32 = 0.72;
const REACH_UP: f32 = 0.38;
const REACH_DOWN: f32 = 0.46;

const COLUMNS: usize = 30;
const ROWS: usize = 18;

/// Samples along each side of a cell; their mean is the cell's luma. Single ones jump as the rim of glasses slides by.
const SAMPLES: usize = 3;

/// Mean luma of the cells of a grid around the eyes that moves with the face.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    luma: Vec<f32>,
}

impl Surroundings {
    /// Samples `frame` around the eyes of `points` (468, in pixels of the frame). `None` if the eyes have no distance.
    pub(crate) fn sample(frame: &Frame, points: &[Point]) -> Option<Surroundings> {
        let (right, left) = (*points.get(RIGHT_EYE_OUTER)?, *points.get(LEFT_EYE_OUTER)?);
        let middle = right.midpoint(left);
        let along = Point::new(left.x - right.x, left.y - right.y);
        // Also false where a coordinate is no number.
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
        Some(Surroundings { luma: grid().map(cell).collect() })
    }

    /// How `self` differs from `before`.
    pub(crate) fn change_since(&self, before: &Surroundings) -> Change {
        let lumas = self.luma.iter().copied().zip(before.luma.iter().copied());
        let cells = grid().zip(lumas).map(|(at, (now, then))| Cell { at, now, then });
        let skin: Vec<Cell> = cells.filter(|cell| !is_eye(cell.at)).collect();
        // The light may have changed: what most of the skin did is no cover.
        let common = median(skin.iter().map(Cell::change).collect());
        let bridge: Vec<&Cell> = skin.iter().filter(|cell| is_bridge(cell.at)).collect();
        let rows = bridge.chunk_by(|a, b| a.at.1 == b.at.1);
        let most = rows.map(|row| mean(row.iter().map(|cell| cell.change() - common)).abs()).fold(0.0, f32::max);
        let pairs: Vec<(f32, f32)> = skin.iter().map(|cell| (cell.now, cell.then)).collect();
        let then: Vec<f32> = skin.iter().map(|cell| cell.then).collect();
        let spread = deviation(&then);
        // Where the face has hardly more contrast than the sensor has noise, correlation is noise as well.
        let likeness = if spread < MIN_CONTRAST { 1.0 } else { correlation(&pairs) };
        Change { likeness, bridge: most / spread.max(MIN_SPREAD) }
    }
}

/// A cell of the grid and its luma in two frames.
struct Cell {
    at: (f32, f32),
    now: f32,
    then: f32,
}

impl Cell {
    fn change(&self) -> f32 {
        self.now - self.then
    }
}

/// How the surroundings of the eyes changed from one frame to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    /// Correlation of the luma around the eyes, −1 to 1; 1 where there is too little contrast to say.
    pub(crate) likeness: f32,
    /// How much brighter or darker than the rest one row of the nose's bridge became, the row that changed most, in
    /// standard deviations of the luma around the eyes. Whatever covers both eyes covers it too, if only with a line.
    pub(crate) bridge: f32,
}

impl Change {
    /// Whether something came before the eyes. Where they read open, the bridge is not asked: glasses slide as lids move.
    fn is_cover(&self, narrowed: bool, limits: &CoverThresholds) -> bool {
        self.likeness < limits.min_likeness || (narrowed && self.bridge > limits.max_bridge)
    }
}

/// Grey levels of spread from which on likeness means something: noise of 6 grey levels still leaves 0.6.
const MIN_CONTRAST: f32 = 8.0;

/// Grey levels of spread that even a flat face is taken to have: sensor noise.
const MIN_SPREAD: f32 = 3.0;

/// Size of a cell.
const WIDTH: f32 = 2.0 * REACH_X / COLUMNS as f32;
const HEIGHT: f32 = (REACH_UP + REACH_DOWN) / ROWS as f32;

/// The middles of the grid's cells, row by row: x to the subject's left, y down.
fn grid() -> impl Iterator<Item = (f32, f32)> {
    (0..ROWS).flat_map(|row| {
        (0..COLUMNS)
            .map(move |column| (-REACH_X + (column as f32 + 0.5) * WIDTH, -REACH_UP + (row as f32 + 0.5) * HEIGHT))
    })
}

/// Where a cell's sample of this number lies from its middle along one side, which has this length.
fn within(number: usize, length: f32) -> f32 {
    ((number as f32 + 0.5) / SAMPLES as f32 - 0.5) * length
}

/// The lids and their folds: an eye is a third of the outer corners' distance wide and ends at ±0.5.
fn is_eye((x, y): (f32, f32)) -> bool {
    (0.12..0.56).contains(&x.abs()) && (-0.15..0.13).contains(&y)
}

/// The bridge of the nose between the inner corners.
fn is_bridge((x, y): (f32, f32)) -> bool {
    x.abs() < 0.1 && y.abs() < 0.1
}

/// Remembers how the surroundings of open eyes looked, and tells whether they are covered now.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoverWatch {
    seen_open: Option<(u32, Surroundings)>,
}

impl CoverWatch {
    /// Whether something has come before the eyes since they were last seen open. `narrowed`: they do not read open.
    pub(crate) fn is_covered(
        &mut self,
        t_ms: u32,
        now: &Surroundings,
        narrowed: bool,
        limits: &CoverThresholds,
    ) -> bool {
        // What was seen long ago says nothing: people move.
        self.seen_open.take_if(|(seen_ms, _)| t_ms.abs_diff(*seen_ms) > limits.remember_ms);
        self.seen_open.as_ref().is_some_and(|(_, before)| now.change_since(before).is_cover(narrowed, limits))
    }

    /// Takes in a frame with open, uncovered eyes. Only the last one is kept: to ask an older one as well (half a second)
    /// told no more covers, and called people who move covered twice as often.
    pub(crate) fn see_open(&mut self, t_ms: u32, now: Surroundings) {
        self.seen_open = Some((t_ms, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::mesh::LANDMARKS;
    use crate::thresholds::Thresholds;

    const SIDE: usize = 200;

    /// A face of soft patches whose outer eye corners lie at (60, 100) and (140, 100), moved to the right and lit;
    /// `paint` gives what lies before it.
    fn surroundings(shift: usize, light: f32, paint: fn(usize, usize) -> Option<f32>) -> Surroundings {
        let pixel = |x: usize, y: usize| {
            let (u, v) = ((x + SIDE - shift) as f32 / 9.0, y as f32 / 11.0);
            paint(x, y).unwrap_or(light * (120.0 + 40.0 * u.sin() * v.cos() + 20.0 * (v / 3.0).sin()))
        };
        let rgb: Vec<u8> = (0..SIDE * SIDE).flat_map(|i| [pixel(i % SIDE, i / SIDE) as u8; 3]).collect();
        let mut points = vec![Point::default(); LANDMARKS];
        points[RIGHT_EYE_OUTER] = Point::new(60.0 + shift as f32, 100.0);
        points[LEFT_EYE_OUTER] = Point::new(140.0 + shift as f32, 100.0);
        Surroundings::sample(&Picture::from_rgb(&rgb, SIDE, SIDE).unwrap().as_frame(), &points).unwrap()
    }

    fn nothing(_: usize, _: usize) -> Option<f32> {
        None
    }

    #[test]
    fn covers_are_told_from_lids_light_and_motion() {
        type Paint = fn(usize, usize) -> Option<f32>;
        let card: Paint = |_, y| (60..150).contains(&y).then_some(128.0);
        let bar: Paint = |x, y| (50..150).contains(&x).then_some(30.0).filter(|_| (95..106).contains(&y));
        let lids: Paint = |x, y| ((66..90).contains(&x) && (93..106).contains(&y)).then_some(90.0);
        let limits = Thresholds::V4.cover;
        let line: Paint = |x, y| (50..150).contains(&x).then_some(30.0).filter(|_| (98..101).contains(&y));
        let cases: [(&str, Surroundings, bool, bool); 8] = [
            ("lids that close", surroundings(0, 1.0, lids), true, false),
            ("a face that moves", surroundings(23, 1.0, nothing), true, false),
            ("light that goes down", surroundings(0, 0.7, nothing), true, false),
            ("a card", surroundings(0, 1.0, card), false, true),
            ("a bar over closed eyes", surroundings(0, 1.0, bar), true, true),
            ("a bar that leaves the eyes open", surroundings(0, 1.0, bar), false, false),
            ("a pencil over closed eyes", surroundings(0, 1.0, line), true, true),
            ("a pencil that leaves the eyes open", surroundings(0, 1.0, line), false, false),
        ];
        for (what, now, narrowed, covered) in cases {
            let mut watch = CoverWatch::default();
            assert!(!watch.is_covered(0, &now, narrowed, &limits), "{what}: nothing is remembered yet");
            watch.see_open(0, surroundings(0, 1.0, nothing));
            let change = now.change_since(&surroundings(0, 1.0, nothing));
            assert_eq!(watch.is_covered(100, &now, narrowed, &limits), covered, "{what}: {change:?}");
            assert!(!watch.is_covered(5000, &now, narrowed, &limits), "{what}: what was seen long ago is forgotten");
        }
    }

    #[test]
    fn glasses_that_slide_a_little_are_no_cover() {
        let before = surroundings(0, 1.0, |_, y| (94..98).contains(&y).then_some(90.0));
        let after = surroundings(0, 1.0, |_, y| (95..99).contains(&y).then_some(90.0));
        let mut watch = CoverWatch::default();
        watch.see_open(0, before.clone());
        let change = after.change_since(&before);
        assert!(!watch.is_covered(100, &after, true, &Thresholds::V4.cover), "{change:?}");
    }

    #[test]
    fn eyes_without_a_distance_have_no_surroundings() {
        let picture = Picture::from_rgb(&[9; 3 * 4], 2, 2).unwrap();
        assert_eq!(Surroundings::sample(&picture.as_frame(), &vec![Point::default(); LANDMARKS]), None);
        let nowhere = vec![Point::new(f32::NAN, 0.0); LANDMARKS];
        assert_eq!(Surroundings::sample(&picture.as_frame(), &nowhere), None);
    }
}
