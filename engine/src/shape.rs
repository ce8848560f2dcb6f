//! Compares the shapes of two faces: their landmarks after the best shift, rotation and scaling (Procrustes).

use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER, RIGID};

/// Procrustes distance of the rigid landmarks.
pub(crate) fn shape_distance(a: &[Point], b: &[Point]) -> Option<f32> {
    Alignment::of(a, b)?.distance(&RIGID)
}

/// Two faces, one mapped onto the other by the shift, rotation and scaling that fits its rigid landmarks best.
pub(crate) struct Alignment<'a> {
    a: &'a [Point],
    b: &'a [Point],
    /// Means of the rigid landmarks.
    means: (Point, Point),
    /// Rotation and scaling of `b`, as a complex number.
    turn: (f32, f32),
}

impl Alignment<'_> {
    /// `None` if a landmark is missing or the rigid ones have no extent.
    pub(crate) fn of<'a>(a: &'a [Point], b: &'a [Point]) -> Option<Alignment<'a>> {
        let means = (rigid_mean(a)?, rigid_mean(b)?);
        // With points as complex numbers, the best map of b is a multiplication by Σ conj(b)·a / Σ|b|² (closed form).
        let (mut re, mut im, mut norm) = (0.0, 0.0, 0.0);
        for &i in &RIGID {
            let (p, q) = (a[i].minus(means.0), b[i].minus(means.1));
            re += q.x * p.x + q.y * p.y;
            im += q.x * p.y - q.y * p.x;
            norm += q.x * q.x + q.y * q.y;
        }
        Some(Alignment { a, b, means, turn: (re / norm, im / norm) })
    }

    /// Root mean square distance of these landmarks, in units of the distance between the outer eye corners of `a`.
    pub(crate) fn distance(&self, landmarks: &[usize]) -> Option<f32> {
        let unit = self.a.get(RIGHT_EYE_OUTER)?.distance(*self.a.get(LEFT_EYE_OUTER)?);
        let (re, im) = self.turn;
        let mut squares = 0.0;
        for &i in landmarks {
            let (p, q) = (self.a.get(i)?.minus(self.means.0), self.b.get(i)?.minus(self.means.1));
            squares += p.distance(Point::new(re * q.x - im * q.y, im * q.x + re * q.y)).powi(2);
        }
        let distance = (squares / landmarks.len() as f32).sqrt() / unit;
        distance.is_finite().then_some(distance)
    }
}

fn rigid_mean(points: &[Point]) -> Option<Point> {
    let (mut x, mut y) = (0.0, 0.0);
    for &i in &RIGID {
        let point = points.get(i)?;
        (x, y) = (x + point.x, y + point.y);
    }
    Some(Point::new(x / RIGID.len() as f32, y / RIGID.len() as f32))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::mesh::LANDMARKS;

    /// A face whose rigid points form a bent grid, with eye corners 60 px apart around (100, 80).
    pub(crate) fn face(bend: f32) -> Vec<Point> {
        let mut points = vec![Point::new(100.0, 80.0); LANDMARKS];
        for (i, &index) in RIGID.iter().enumerate() {
            let i = i as f32;
            points[index] = Point::new(90.0 + 5.0 * i, 80.0 + (i * 7.0) % 13.0 + bend * i * i);
        }
        points[RIGHT_EYE_OUTER] = Point::new(70.0, 80.0);
        points[LEFT_EYE_OUTER] = Point::new(130.0, 80.0);
        points
    }

    #[test]
    fn the_same_shape_rotated_and_scaled_has_no_distance() {
        let moved: Vec<Point> =
            face(0.0).iter().map(|p| p.rotated(0.3)).map(|p| Point::new(2.0 * p.x, 2.0 * p.y)).collect();
        assert!(shape_distance(&face(0.0), &moved).unwrap() < 1e-4);
        assert!(shape_distance(&face(0.0), &face(0.4)).unwrap() > 0.03);
    }
}
