//! Two captures side by side: same face, same scene, and yet not the same pixels.
//!
//! This is continuity between two pictures of one attempt. It does not recognise anybody.

use crate::crop::sample_luma;
use crate::frame::Frame;
use crate::geometry::{Point, Region};
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER, RIGID};
use crate::stats::correlation;

/// How two faces compare.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PairScore {
    /// Root mean square distance of the rigid landmarks after the best shift, turn and scaling, in units of the distance
    /// between the outer eye corners. 0 for the same shape.
    pub shape_distance: f32,
    /// Correlation of the faces' luma outside the eyes, −1 to 1 (normalised cross-correlation).
    pub likeness: f32,
}

/// Compares two faces by their landmarks (468 each, in pixels of their own frame) and pixels.
/// `None` if a face has no extent.
pub(crate) fn compare(a: (&Frame, &[Point]), b: (&Frame, &[Point])) -> Option<PairScore> {
    let shape_distance = shape_distance(a.1, b.1)?;
    let (mut luma_a, mut luma_b) = (Vec::new(), Vec::new());
    sample_luma(a.0, &face_region(a.1)?.to_frame(SIDE as f32), SIDE, &mut luma_a);
    sample_luma(b.0, &face_region(b.1)?.to_frame(SIDE as f32), SIDE, &mut luma_b);
    let outside_eyes = |i: &usize| !EYE_ROWS.contains(&(i / SIDE));
    let pairs: Vec<(f32, f32)> = (0..SIDE * SIDE).filter(outside_eyes).map(|i| (luma_a[i], luma_b[i])).collect();
    Some(PairScore { shape_distance, likeness: correlation(&pairs) })
}

/// The aligned crop has this side.
const SIDE: usize = 64;

/// Side of the aligned crop in units of the distance between the outer eye corners: brow to mouth and both cheeks.
const REGION_SIDE: f32 = 1.7;

/// The crop's centre lies this far below the eye line, in the same units.
const REGION_DROP: f32 = 0.3;

/// Rows with lids in them: the eye line lies at 1/2 − REGION_DROP / REGION_SIDE = 0.32 of the side.
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

/// Procrustes distance of the rigid landmarks (best similarity transform in the plane, closed form).
fn shape_distance(a: &[Point], b: &[Point]) -> Option<f32> {
    let unit = a.get(RIGHT_EYE_OUTER)?.distance(*a.get(LEFT_EYE_OUTER)?);
    let (a, b) = (centered(a)?, centered(b)?);
    // With points as complex numbers the best map of b is multiplication by Σ conj(b)·a / Σ|b|².
    let (mut re, mut im, mut norm) = (0.0, 0.0, 0.0);
    for (p, q) in a.iter().zip(&b) {
        re += q.x * p.x + q.y * p.y;
        im += q.x * p.y - q.y * p.x;
        norm += q.x * q.x + q.y * q.y;
    }
    let (re, im) = (re / norm, im / norm);
    let squares = a.iter().zip(&b).map(|(p, q)| {
        let mapped = Point::new(re * q.x - im * q.y, im * q.x + re * q.y);
        p.distance(mapped).powi(2)
    });
    let distance = (squares.sum::<f32>() / a.len() as f32).sqrt() / unit;
    distance.is_finite().then_some(distance)
}

fn centered(points: &[Point]) -> Option<Vec<Point>> {
    let rigid: Vec<Point> = RIGID.iter().map(|&i| points.get(i).copied()).collect::<Option<_>>()?;
    let count = rigid.len() as f32;
    let mean =
        Point::new(rigid.iter().map(|p| p.x).sum::<f32>() / count, rigid.iter().map(|p| p.y).sum::<f32>() / count);
    Some(rigid.into_iter().map(|p| Point::new(p.x - mean.x, p.y - mean.y)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::mesh::LANDMARKS;

    /// A face whose rigid points lie on a bent grid, eye corners 60 px apart about (100, 80).
    fn face(bend: f32) -> Vec<Point> {
        let mut points = vec![Point::new(100.0, 80.0); LANDMARKS];
        for (i, &index) in RIGID.iter().enumerate() {
            let i = i as f32;
            points[index] = Point::new(90.0 + 5.0 * i, 80.0 + (i * 7.0) % 13.0 + bend * i * i);
        }
        points[RIGHT_EYE_OUTER] = Point::new(70.0, 80.0);
        points[LEFT_EYE_OUTER] = Point::new(130.0, 80.0);
        points
    }

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
    fn the_same_shape_turned_and_scaled_has_no_distance() {
        let moved: Vec<Point> =
            face(0.0).iter().map(|p| p.rotated(0.3)).map(|p| Point::new(2.0 * p.x, 2.0 * p.y)).collect();
        assert!(shape_distance(&face(0.0), &moved).unwrap() < 1e-4);
        assert!(shape_distance(&face(0.0), &face(0.4)).unwrap() > 0.03);
    }

    #[test]
    fn likeness_tells_copy_from_second_look_from_other_scene() {
        let likeness = |a: &Picture, b: &Picture| {
            compare((&a.as_frame(), &face(0.0)), (&b.as_frame(), &face(0.0))).unwrap().likeness
        };
        let scene = picture(3, 0);
        assert!(likeness(&scene, &scene) > 0.9999);
        let again = likeness(&scene, &picture(3, 25));
        assert!((0.9..0.9995).contains(&again), "{again}");
        let other = likeness(&scene, &picture(11, 0));
        assert!(other < 0.6, "{other}");
    }

    #[test]
    fn a_face_without_extent_cannot_be_compared() {
        let scene = picture(3, 0);
        let flat = vec![Point::default(); LANDMARKS];
        assert_eq!(compare((&scene.as_frame(), &flat), (&scene.as_frame(), &flat)), None);
        assert_eq!(compare((&scene.as_frame(), &[]), (&scene.as_frame(), &[])), None);
    }
}
