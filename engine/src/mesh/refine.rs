//! The two geometric steps between trunk and lid refiner: where to cut the eye out of the features, and where the
//! refined points lie in the crop. They replace two custom operations of MediaPipe's attention model.

use super::landmarks::EYE_POINTS;
use crate::geometry::{Affine, Point, Rect};

/// The trunk's features: a grid of this side with this many channels.
pub(super) const FEATURE_SIDE: usize = 48;
pub(super) const FEATURE_CHANNELS: usize = 32;

/// Side of the feature crop that a lid refiner takes.
const CROP_SIDE: usize = 16;

/// Margin around the eye's points, from the attention model's transform.
const MARGIN: f32 = 1.5;

/// Crop pixels per cell of the feature grid (192 / 48).
const PIXELS_PER_CELL: f32 = 4.0;

/// One eye as the refiner sees it.
pub(super) struct EyeFrame {
    /// From the 16×16 crop grid to the 48×48 feature grid.
    to_features: Affine,
}

impl EyeFrame {
    /// Frames an eye: level along its corners, its 71 points' box × 1.5. `mesh` is in pixels of the 192 crop.
    /// `None` if the points have no extent.
    pub(super) fn around(mesh: &[Point], corners: [usize; 2], members: &[usize; EYE_POINTS]) -> Option<EyeFrame> {
        let [first, second] = corners.map(|i| mesh[i]);
        let turn = -(second.y - first.y).atan2(second.x - first.x);
        let level = members
            .iter()
            .map(|&i| mesh[i])
            .map(|p| Point::new(p.x / PIXELS_PER_CELL, p.y / PIXELS_PER_CELL).rotated(turn));
        let rect = Rect::around(level)?;
        let center = rect.center().rotated(-turn);
        let side = CROP_SIDE as f32;
        let to_features = Affine::shift(center.x, center.y)
            .then_inner(&Affine::rotation(-turn))
            .then_inner(&Affine::scale(MARGIN * rect.width / side, MARGIN * rect.height / side))
            .then_inner(&Affine::shift(-side / 2.0, -side / 2.0));
        let extent = rect.width * rect.height;
        (extent.is_finite() && extent > 0.0).then_some(EyeFrame { to_features })
    }

    /// Samples the features (48×48×32, channels last) under the eye into `out` (16×16×32): bilinear at half-pixel
    /// centres, zero where the sample is outside the grid.
    pub(super) fn sample(&self, features: &[f32], out: &mut Vec<f32>) {
        let mut map = self.to_features;
        map.tx += 0.5 * map.xx + 0.5 * map.xy - 0.5;
        map.ty += 0.5 * map.yx + 0.5 * map.yy - 0.5;
        out.clear();
        out.resize(CROP_SIDE * CROP_SIDE * FEATURE_CHANNELS, 0.0);
        for (cell, values) in out.chunks_exact_mut(FEATURE_CHANNELS).enumerate() {
            let at = map.apply(Point::new((cell % CROP_SIDE) as f32, (cell / CROP_SIDE) as f32));
            blend(features, at, values);
        }
    }

    /// Maps the refiner's point `p` to pixels of the 192 crop. The refiner's grid is four times as fine as the crop
    /// grid, and pixels are four times as fine as feature cells, so the linear part stays as it is.
    pub(super) fn to_crop(&self, p: Point) -> Point {
        let m = &self.to_features;
        Point::new(m.xx * p.x + m.xy * p.y + PIXELS_PER_CELL * m.tx, m.yx * p.x + m.yy * p.y + PIXELS_PER_CELL * m.ty)
    }
}

/// Adds the four feature cells around `at`, each weighted by its share, to `values`. Adds nothing outside [0, 47].
fn blend(features: &[f32], at: Point, values: &mut [f32]) {
    let last = (FEATURE_SIDE - 1) as f32;
    if !(0.0..=last).contains(&at.x) || !(0.0..=last).contains(&at.y) {
        return;
    }
    let (x, y) = (at.x as usize, at.y as usize);
    let (fx, fy) = (at.x - x as f32, at.y - y as f32);
    let shares = [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)];
    for (dx, dy, share) in shares {
        // On the last row or column the far cell's share is 0; the near one is read instead.
        let (x, y) = ((x + dx).min(FEATURE_SIDE - 1), (y + dy).min(FEATURE_SIDE - 1));
        let start = (y * FEATURE_SIDE + x) * FEATURE_CHANNELS;
        let cell = &features[start..start + FEATURE_CHANNELS];
        for (value, feature) in values.iter_mut().zip(cell) {
            *value += share * feature;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::LANDMARKS;
    use crate::mesh::landmarks::{RIGHT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_REFINED};

    /// An eye 32 px wide and 16 px high around (96, 80) of the crop, with level corners.
    fn level_eye() -> Vec<Point> {
        let mut mesh = vec![Point::new(96.0, 80.0); LANDMARKS];
        mesh[RIGHT_EYE_OUTER] = Point::new(80.0, 80.0);
        mesh[RIGHT_EYE_INNER] = Point::new(112.0, 80.0);
        mesh[159] = Point::new(96.0, 72.0);
        mesh[145] = Point::new(96.0, 88.0);
        mesh
    }

    fn frame() -> EyeFrame {
        EyeFrame::around(&level_eye(), [RIGHT_EYE_OUTER, RIGHT_EYE_INNER], &RIGHT_EYE_REFINED).unwrap()
    }

    #[test]
    fn the_refiners_grid_spans_one_and_a_half_eyes() {
        let cases = [((32.0, 32.0), (96.0, 80.0)), ((0.0, 32.0), (72.0, 80.0)), ((64.0, 64.0), (120.0, 92.0))];
        for ((x, y), (crop_x, crop_y)) in cases {
            let got = frame().to_crop(Point::new(x, y));
            assert!(got.distance(Point::new(crop_x, crop_y)) < 1e-3, "({x}, {y}) came to {got:?}");
        }
    }

    #[test]
    fn samples_carry_the_features_under_the_eye() {
        let mut features = vec![0.0; FEATURE_SIDE * FEATURE_SIDE * FEATURE_CHANNELS];
        for (cell, values) in features.chunks_exact_mut(FEATURE_CHANNELS).enumerate() {
            values[0] = (cell % FEATURE_SIDE) as f32;
            values[31] = (cell / FEATURE_SIDE) as f32;
        }
        let mut out = Vec::new();
        frame().sample(&features, &mut out);
        let cell = &out[(8 * CROP_SIDE + 8) * FEATURE_CHANNELS..][..FEATURE_CHANNELS];
        // Crop cell (8, 8) has its centre half a cell right of and below the eye's centre (24, 20).
        assert!((cell[0] - (24.0 + 0.375 - 0.5)).abs() < 1e-3, "{}", cell[0]);
        assert!((cell[31] - (20.0 + 0.1875 - 0.5)).abs() < 1e-3, "{}", cell[31]);
        assert_eq!(cell[1], 0.0);
    }

    #[test]
    fn outside_the_features_is_zero_and_the_last_cell_is_inside() {
        let features = vec![1.0; FEATURE_SIDE * FEATURE_SIDE * FEATURE_CHANNELS];
        for (x, expected) in [(-0.01, 0.0), (0.0, 1.0), (47.0, 1.0), (47.01, 0.0), (f32::NAN, 0.0)] {
            let mut values = vec![0.0; FEATURE_CHANNELS];
            blend(&features, Point::new(x, 3.5), &mut values);
            assert!((values[7] - expected).abs() < 1e-6, "x = {x}: {}", values[7]);
        }
    }
}
