//! Glare: a frame and the eye corners in, how much of each eye a reflection hides out.
//!
//! If a lens reflects a lamp or a window, the lids are hidden and the mesh guesses. Only near-white pixels count,
//! because on dark skin even the normal white of the eye is far brighter than the skin around it. If the cheek below is
//! near white too, the whole face is lit that brightly, and its lids read well (`accuracy sweeps`).

use crate::crop::luma_at;
use crate::frame::Frame;
use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE_INNER, LEFT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER};
use crate::stats::mean;

/// Share of each eye that a reflection hides, 0 to 1; the subject's own sides.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize)]
pub struct Glare {
    /// Right eye.
    pub right: f32,
    /// Left eye.
    pub left: f32,
}

/// Least luma of a near-white pixel. The brightest white of an eye that we measured has 240.
const NEAR_WHITE: f32 = 245.0;

/// Mean luma of a cheek above which nothing counts as a reflection: closed lids in such light are near white themselves.
const BRIGHT_SKIN: f32 = 188.0;

/// An eye from corner to corner and from its upper fold to below the lower lid, and the cheek below, beyond the rims of
/// most lenses. Ranges along the eye's line and across it (down is positive), in eye widths from its middle.
const EYE: Patch = Patch { along: (-0.5, 0.5), across: (-0.3, 0.3) };
const CHEEK: Patch = Patch { along: (-0.5, 0.5), across: (0.5, 1.2) };

/// Samples of a patch along the eye and across it.
const COLUMNS: usize = 24;
const ROWS: usize = 15;

#[derive(Clone, Copy)]
struct Patch {
    along: (f32, f32),
    across: (f32, f32),
}

impl Glare {
    /// Measures both eyes of `points` (468, in pixels of `frame`). An eye without a width has no glare.
    pub(crate) fn measure(frame: &Frame, points: &[Point]) -> Glare {
        let of = |from: usize, to: usize| match (points.get(from), points.get(to)) {
            (Some(&from), Some(&to)) => hidden_share(frame, from, to),
            _ => 0.0,
        };
        Glare { right: of(RIGHT_EYE_OUTER, RIGHT_EYE_INNER), left: of(LEFT_EYE_INNER, LEFT_EYE_OUTER) }
    }

    /// The share of the worse eye.
    pub fn greatest(&self) -> f32 {
        self.right.max(self.left)
    }
}

/// `from` and `to`: the eye's corners, the one on the subject's right first.
fn hidden_share(frame: &Frame, from: Point, to: Point) -> f32 {
    let width = from.distance(to);
    // Also false if a coordinate is not a number.
    let has_width = width >= 1.0;
    if !has_width {
        return 0.0;
    }
    let (middle, axis) = (from.midpoint(to), Point::new(to.x - from.x, to.y - from.y));
    let lumas = |patch: Patch| samples(frame, middle, axis, patch);
    let near_white = |luma: f32| luma >= NEAR_WHITE;
    let cheek: Vec<f32> = lumas(CHEEK).collect();
    if mean(cheek.iter().copied()) > BRIGHT_SKIN {
        return 0.0;
    }
    let share = |count: usize| count as f32 / (COLUMNS * ROWS) as f32;
    let eye = share(lumas(EYE).filter(|&luma| near_white(luma)).count());
    (eye - share(cheek.into_iter().filter(|&luma| near_white(luma)).count())).max(0.0)
}

/// Lumas in a patch around `middle`. `axis` is the eye's line from corner to corner.
fn samples(frame: &Frame, middle: Point, axis: Point, patch: Patch) -> impl ExactSizeIterator<Item = f32> {
    let step = |(from, to): (f32, f32), i: usize, of: usize| from + (to - from) * (i as f32 + 0.5) / of as f32;
    (0..COLUMNS * ROWS).map(move |i| {
        let (u, v) = (step(patch.along, i % COLUMNS, COLUMNS), step(patch.across, i / COLUMNS, ROWS));
        luma_at(frame, Point::new(middle.x + u * axis.x - v * axis.y, middle.y + u * axis.y + v * axis.x))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::mesh::LANDMARKS;
    use crate::thresholds::Thresholds;

    const SIDE: usize = 200;

    /// The middles of both eyes, which are 40 pixels wide.
    const RIGHT: (f32, f32) = (60.0, 80.0);
    const LEFT: (f32, f32) = (140.0, 80.0);

    /// Skin and two eyes whose whites have these lumas, with what `paint` draws on top.
    fn glare(skin: u8, white: u8, paint: fn(f32, f32) -> Option<u8>) -> Glare {
        let is_white = |x: f32, y: f32| {
            [RIGHT, LEFT].iter().any(|eye| ((x - eye.0) / 18.0).powi(2) + ((y - eye.1) / 6.0).powi(2) < 1.0)
        };
        let luma = |x: f32, y: f32| paint(x, y).unwrap_or(if is_white(x, y) { white } else { skin });
        let rgb: Vec<u8> = (0..SIDE * SIDE).flat_map(|i| [luma((i % SIDE) as f32, (i / SIDE) as f32); 3]).collect();
        let mut points = vec![Point::default(); LANDMARKS];
        for (outer, inner, eye, outwards) in
            [(RIGHT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT, -20.0), (LEFT_EYE_OUTER, LEFT_EYE_INNER, LEFT, 20.0)]
        {
            points[outer] = Point::new(eye.0 + outwards, eye.1);
            points[inner] = Point::new(eye.0 - outwards, eye.1);
        }
        Glare::measure(&Picture::from_rgb(&rgb, SIDE, SIDE).unwrap().as_frame(), &points)
    }

    /// White within `reach` of a point.
    fn spot(at: (f32, f32), reach: f32, x: f32, y: f32) -> Option<u8> {
        ((x - at.0).hypot(y - at.1) <= reach).then_some(255)
    }

    #[test]
    fn reflections_are_told_from_eyes_and_bright_light() {
        type Paint = fn(f32, f32) -> Option<u8>;
        let nothing: Paint = |_, _| None;
        let cases: [(&str, u8, u8, Paint, [bool; 2]); 8] = [
            ("nothing", 130, 190, nothing, [false, false]),
            ("dark skin and bright whites", 60, 235, nothing, [false, false]),
            ("a catchlight", 130, 190, |x, y| spot(RIGHT, 2.0, x, y), [false, false]),
            ("a lamp on the right lens", 130, 190, |x, y| spot((55.0, 76.0), 8.0, x, y), [true, false]),
            ("a lamp on the left lens", 60, 190, |x, y| spot(LEFT, 8.0, x, y), [false, true]),
            ("a window over both lenses", 130, 190, |_, y| (60.0..110.0).contains(&y).then_some(250), [true, true]),
            ("a lamp beside the eyes", 130, 190, |x, y| spot((100.0, 40.0), 20.0, x, y), [false, false]),
            ("a face in blinding light", 250, 190, nothing, [false, false]),
        ];
        let limit = Thresholds::V8.max_glare;
        for (what, skin, white, paint, expected) in cases {
            let seen = glare(skin, white, paint);
            assert_eq!([seen.right > limit, seen.left > limit], expected, "{what}: {seen:?}");
        }
    }

    #[test]
    fn the_share_is_that_of_the_eyes_own_patch() {
        // The lower half of the right eye's patch, which is 24 pixels high.
        let half = glare(100, 200, |x, y| (x < 100.0 && (80.0..95.0).contains(&y)).then_some(255));
        assert!((half.right - 0.5).abs() < 0.05 && half.left == 0.0, "{half:?}");
        assert_eq!(half.greatest(), half.right);
    }

    #[test]
    fn eyes_without_a_width_have_no_glare() {
        let white = Picture::from_rgb(&[255; 3 * 4], 2, 2).unwrap();
        for points in [Vec::new(), vec![Point::default(); LANDMARKS], vec![Point::new(f32::NAN, 0.0); LANDMARKS]] {
            assert_eq!(Glare::measure(&white.as_frame(), &points), Glare::default());
        }
    }
}
