//! Compares two captures: they must show the same face in the same scene but not the same pixels.
//!
//! This checks continuity between two pictures of one attempt. It does not recognise anyone.

use crate::crop::{luma, sample_luma};
use crate::frame::Frame;
use crate::geometry::{Point, Region};
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER, SOFT};
use crate::perceptual_hash::PerceptualHash;
use crate::shape::{Alignment, shape_distance};
use crate::stats::correlation;

/// How two faces compare.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PairScore {
    /// Root mean square distance of the rigid landmarks after the best shift, rotation and scaling, in units of the
    /// distance between the outer eye corners. 0 for the same shape.
    pub shape_distance: f32,
    /// Normalised cross-correlation of the faces' luma outside the eyes, −1 to 1.
    #[serde(rename = "likeness")]
    pub similarity: f32,
    /// The same with the pictures aligned pixel by pixel at the best shift: near 1 only if one was made from the other.
    /// Only for two captures, not for cells.
    #[serde(rename = "overlaid", default, skip_serializing_if = "Option::is_none")]
    pub aligned_similarity: Option<f32>,
}

/// A face that can be compared with others: its landmarks, and its luma in a crop fixed to the eye corners.
#[derive(Clone, Debug)]
pub(crate) struct AlignedFace {
    points: Vec<Point>,
    luma: Vec<f32>,
}

impl AlignedFace {
    /// The face of `points` (468, in pixels of `frame`). `None` if it has no extent.
    pub(crate) fn of(frame: &Frame, points: &[Point]) -> Option<AlignedFace> {
        let mut luma = Vec::new();
        sample_luma(frame, &face_region(points)?.to_frame(SIDE as f32), 0..SIDE, &mut luma);
        Some(AlignedFace { points: points.to_owned(), luma })
    }

    /// Its perceptual hash.
    pub(crate) fn perceptual_hash(&self) -> PerceptualHash {
        PerceptualHash::of_face(&self.luma, SIDE)
    }

    /// Compares two faces by landmarks and pixels. `None` if the rigid landmarks of one have no extent.
    pub(crate) fn compare(&self, other: &AlignedFace) -> Option<PairScore> {
        let shape_distance = shape_distance(&self.points, &other.points)?;
        let outside_eyes = |i: &usize| !EYE_ROWS.contains(&(i / SIDE));
        let pair = |i: usize| (self.luma[i], other.luma[i]);
        let pairs: Vec<(f32, f32)> = (0..SIDE * SIDE).filter(outside_eyes).map(pair).collect();
        Some(PairScore { shape_distance, similarity: correlation(&pairs), aligned_similarity: None })
    }

    /// Compares two readings of one frame: [`AlignedFace::compare`], but with the crops laid over each other as they fit
    /// best, since the eye corners are read a little elsewhere in each picture.
    pub(crate) fn compare_readings(&self, other: &AlignedFace) -> Option<PairScore> {
        let shape_distance = shape_distance(&self.points, &other.points)?;
        let rows = (0..SIDE).step_by(2).filter(|row| !EYE_ROWS.contains(row));
        let places: Vec<(Point, f32)> = rows
            .flat_map(|y| (0..SIDE).step_by(2).map(move |x| (x, y)))
            .map(|(x, y)| (Point::new(x as f32 - CENTER, y as f32 - CENTER), self.luma[y * SIDE + x]))
            .collect();
        let mut pairs = Vec::with_capacity(places.len());
        let mut laid_over = |scale: f32, roll: f32, (dx, dy): (f32, f32)| {
            let to_other = |place: &Point| {
                let at = place.rotated(roll);
                other.luma_at(scale * at.x + CENTER + dx, scale * at.y + CENTER + dy)
            };
            pairs.clear();
            pairs.extend(places.iter().filter_map(|(place, luma)| Some((*luma, to_other(place)?))));
            correlation(&pairs)
        };
        // Up to 8 % of the distance between the eye corners, 6 % of the size, and 2 degrees.
        let poses =
            [0.94, 0.97, 1.0, 1.03, 1.06].into_iter().flat_map(|scale| [-0.04, 0.0, 0.04].map(|roll| (scale, roll)));
        let shifts = (-3..=3).flat_map(|dy| (-3..=3).map(move |dx| (dx as f32, dy as f32)));
        let places = poses.flat_map(|pose| shifts.clone().map(move |shift| (pose, shift)));
        let similarity = places.map(|((scale, roll), shift)| laid_over(scale, roll, shift)).fold(-1.0, f32::max);
        Some(PairScore { shape_distance, similarity, aligned_similarity: None })
    }

    /// Luma between the pixels of the crop. `None` outside.
    fn luma_at(&self, x: f32, y: f32) -> Option<f32> {
        let (left, top) = (x.floor(), y.floor());
        let inside = |at: f32| (0.0..(SIDE - 1) as f32).contains(&at);
        (inside(left) && inside(top)).then_some(())?;
        let at = top as usize * SIDE + left as usize;
        let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
        let (above, below) = (&self.luma[at..], &self.luma[at + SIDE..]);
        Some(mix(mix(above[0], above[1], x - left), mix(below[0], below[1], x - left), y - top))
    }

    /// How far lips, brows and cheeks moved against the skull: root mean square distance once the rigid landmarks are
    /// aligned, in units of the distance between the outer eye corners.
    pub(crate) fn soft_distance(&self, other: &AlignedFace) -> Option<f32> {
        Alignment::of(&self.points, &other.points)?.distance(&SOFT)
    }
}

/// Compares the faces of two captures by their landmarks (468 each, in pixels of their own frame) and pixels, and looks
/// for copies. `None` if a face has no extent.
///
/// Painting over lids moves the landmarks by a pixel or more, so a crop aligned by landmarks would not reveal a copy.
/// But the pixels around the paint stay where they were, so trying all whole-pixel shifts is enough.
pub(crate) fn compare_captures(a: (&Frame, &[Point]), b: (&Frame, &[Point])) -> Option<PairScore> {
    let pair = AlignedFace::of(a.0, a.1)?.compare(&AlignedFace::of(b.0, b.1)?)?;
    Some(PairScore { aligned_similarity: Some(aligned_similarity(a, b)?), ..pair })
}

/// The greatest correlation over all whole-pixel shifts of one picture against the other.
fn aligned_similarity((a, points_a): (&Frame, &[Point]), (b, points_b): (&Frame, &[Point])) -> Option<f32> {
    let (of_a, of_b) = (face_region(points_a)?, face_region(points_b)?);
    let whole = |v: f32| v.round() as i32;
    let (across, down) = (whole(of_b.center.x - of_a.center.x), whole(of_b.center.y - of_a.center.y));
    let to_frame = of_a.to_frame(SIDE as f32);
    let rows = (0..SIDE).step_by(2).filter(|row| !EYE_ROWS.contains(row));
    let index = |frame: &Frame, x: i32, y: i32| {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < frame.width() && y < frame.height()).then(|| y * frame.width() + x)
    };
    let (luma_a, luma_b) = (luma_of(a), luma_of(b));
    let places: Vec<(i32, i32, f32)> = rows
        .flat_map(|row| (0..SIDE).step_by(2).map(move |column| Point::new(column as f32, row as f32)))
        .map(|place| to_frame.apply(place))
        .map(|at| (whole(at.x), whole(at.y)))
        .filter_map(|(x, y)| Some((x, y, luma_a[index(a, x, y)?])))
        .collect();
    let mut pairs = Vec::with_capacity(places.len());
    let mut shifted = |(dx, dy): (i32, i32)| {
        let beside = |&(x, y, of_a)| Some((of_a, luma_b[index(b, x + across + dx, y + down + dy)?]));
        pairs.clear();
        pairs.extend(places.iter().filter_map(beside));
        correlation(&pairs)
    };
    let shifts = (-REACH..=REACH).flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy)));
    Some(shifts.map(&mut shifted).fold(-1.0, f32::max))
}

/// The luma of each pixel, row by row.
fn luma_of(frame: &Frame) -> Vec<f32> {
    frame.rgba().chunks_exact(4).map(|p| luma([p[0], p[1], p[2]].map(f32::from))).collect()
}

/// Greatest distance in pixels between two readings of a landmark in the same pixels.
const REACH: i32 = 8;

/// Side of the aligned crop in pixels.
const SIDE: usize = 64;

/// Its middle.
const CENTER: f32 = SIDE as f32 / 2.0 - 0.5;

/// Side of the aligned crop in units of the distance between the outer eye corners: brow to mouth and both cheeks.
const REGION_SIDE: f32 = 1.7;

/// The crop's centre is this far below the eye line, in the same units.
const REGION_DROP: f32 = 0.3;

/// Rows that contain lids: the eye line is at 1/2 − REGION_DROP / REGION_SIDE = 0.32 of the side.
const EYE_ROWS: std::ops::Range<usize> = 13..29;

/// A square fixed to the outer eye corners, which do not move as the lids close.
fn face_region(points: &[Point]) -> Option<Region> {
    let (right, left) = (*points.get(RIGHT_EYE_OUTER)?, *points.get(LEFT_EYE_OUTER)?);
    let distance = right.distance(left);
    let angle = (left.y - right.y).atan2(left.x - right.x);
    let drop = Point::new(0.0, REGION_DROP * distance).rotated(angle);
    let middle = right.midpoint(left);
    let center = Point::new(middle.x + drop.x, middle.y + drop.y);
    (distance.is_finite() && distance > 0.0).then_some(Region { center, size: REGION_SIDE * distance, angle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::mesh::LANDMARKS;
    use crate::shape::tests::face;

    /// Noise around a pattern of `seed`.
    fn picture(seed: usize, noise: usize) -> Picture {
        let rgb: Vec<u8> = (0..200 * 200)
            .flat_map(|i| {
                let (x, y) = (i % 200 / 8, i / 200 / 8);
                let v = 60 + (x * 37 + y * 59 + seed * x * y) % 120 + ((i * 2_654_435_761) >> 16) % (noise + 1);
                [v as u8; 3]
            })
            .collect();
        Picture::from_rgb(&rgb, 200, 200).unwrap()
    }

    #[test]
    fn similarity_tells_a_copy_from_a_second_frame_from_another_scene() {
        let aligned = |picture: &Picture| AlignedFace::of(&picture.as_frame(), &face(0.0)).unwrap();
        let similarity = |a: &Picture, b: &Picture| aligned(a).compare(&aligned(b)).unwrap().similarity;
        let scene = picture(3, 0);
        assert!(similarity(&scene, &scene) > 0.9999);
        let again = similarity(&scene, &picture(3, 25));
        assert!((0.9..0.9995).contains(&again), "{again}");
        let other = similarity(&scene, &picture(11, 0));
        assert!(other < 0.6, "{other}");
    }

    #[test]
    fn a_copy_is_found_at_any_shift_and_with_any_reading_of_its_landmarks() {
        let aligned = |a: &Picture, b: &Picture, off: f32| {
            let read: Vec<Point> = face(0.0).iter().map(|p| Point::new(p.x + off, p.y - off)).collect();
            compare_captures((&a.as_frame(), &face(0.0)), (&b.as_frame(), &read)).unwrap().aligned_similarity.unwrap()
        };
        let frame = picture(3, 25);
        let moved = {
            let frame = frame.as_frame();
            let rgb: Vec<u8> = (0..195 * 195).flat_map(|i| frame.rgb(i % 195 + 5, i / 195 + 3)).collect();
            Picture::from_rgb(&rgb, 195, 195).unwrap()
        };
        for off in [0.0, 1.3, -2.4] {
            assert!(aligned(&frame, &frame, off) > 0.9999);
            assert!(aligned(&frame, &moved, off) > 0.9999);
        }
        let again = aligned(&frame, &picture(3, 24), 0.0);
        assert!((0.9..0.9995).contains(&again), "a second frame: {again}");
    }

    #[test]
    fn a_face_without_extent_cannot_be_compared() {
        let scene = picture(3, 0);
        for points in [vec![Point::default(); LANDMARKS], Vec::new()] {
            assert!(AlignedFace::of(&scene.as_frame(), &points).is_none());
            assert_eq!(compare_captures((&scene.as_frame(), &points), (&scene.as_frame(), &face(0.0))), None);
        }
    }
}
