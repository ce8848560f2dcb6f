//! The eye aspect ratio: six lid points in, one number out. Knows no pixels and no thresholds.

use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE, RIGHT_EYE};

/// The aspect ratios of both eyes, on the subject's own sides. Unitless: about 0.3 open, below 0.1 closed.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EyeRatios {
    /// Right eye.
    pub right: f32,
    /// Left eye.
    pub left: f32,
}

impl EyeRatios {
    /// The ratios in a mesh's 468 points, which must be in pixels of an undistorted image. `None` if an eye's corners
    /// coincide.
    pub fn of(points: &[Point]) -> Option<EyeRatios> {
        let eye = |indices: [usize; 6]| {
            let lid = |i: usize| points.get(indices[i]).copied().unwrap_or_default();
            eye_aspect_ratio(&std::array::from_fn(lid))
        };
        Some(EyeRatios { right: eye(RIGHT_EYE)?, left: eye(LEFT_EYE)? })
    }

    /// The mean of both eyes.
    pub fn mean(&self) -> f32 {
        (self.right + self.left) / 2.0
    }

    /// How far both eyes are open, as the mean of their shares of an open level.
    pub fn openness(&self, level: EyeRatios) -> f32 {
        (self.right / level.right + self.left / level.left) / 2.0
    }

    /// The mean of two readings of the same eyes.
    pub(crate) fn mean_with(self, other: EyeRatios) -> EyeRatios {
        EyeRatios { right: (self.right + other.right) / 2.0, left: (self.left + other.left) / 2.0 }
    }

    /// The greater of the two eyes' differences.
    pub fn greatest_difference(&self, other: EyeRatios) -> f32 {
        (self.right - other.right).abs().max((self.left - other.left).abs())
    }

    /// Rounds to ten-thousandths, as the transcript stores them, so that both sides compute with the same bits.
    pub fn quantized(self) -> EyeRatios {
        let round = |v: f32| (v * 1e4).round() / 1e4;
        EyeRatios { right: round(self.right), left: round(self.left) }
    }
}

/// Returns the eye aspect ratio: unitless, near 0 when closed. `None` if the two corners coincide.
///
/// `eye`: six points in pixels, p1…p6 of Soukupová & Čech 2016, eq. 1: corner, upper lid ×2, corner, lower lid ×2.
pub fn eye_aspect_ratio(eye: &[Point; 6]) -> Option<f32> {
    let [p1, p2, p3, p4, p5, p6] = eye;
    let width = p1.distance(*p4);
    let ratio = (p2.distance(*p6) + p3.distance(*p5)) / (2.0 * width);
    ratio.is_finite().then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eye(opening: f32) -> [Point; 6] {
        let half = opening / 2.0;
        [(0.0, 0.0), (10.0, -half), (20.0, -half), (30.0, 0.0), (20.0, half), (10.0, half)]
            .map(|(x, y)| Point::new(x, y))
    }

    #[test]
    fn the_ratio_is_opening_over_width() {
        for (opening, expected) in [(0.0, 0.0), (9.0, 0.3), (30.0, 1.0)] {
            let got = eye_aspect_ratio(&eye(opening)).unwrap();
            assert!((got - expected).abs() < 1e-6, "opening {opening}: {got}");
        }
    }

    #[test]
    fn turning_and_scaling_the_eye_keeps_the_ratio() {
        let turned = eye(9.0).map(|p| p.rotated(0.7)).map(|p| Point::new(p.x * 4.0 + 5.0, p.y * 4.0));
        assert!((eye_aspect_ratio(&turned).unwrap() - 0.3).abs() < 1e-5);
    }

    #[test]
    fn an_eye_without_width_has_no_ratio() {
        assert_eq!(eye_aspect_ratio(&[Point::new(1.0, 1.0); 6]), None);
        assert_eq!(EyeRatios::of(&[]), None);
    }
}
