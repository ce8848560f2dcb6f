//! Picture quality: sharpness and light of the face without the background, or of the whole scene if there is no face.

use crate::crop::sample_luma;
use crate::frame::Frame;
use crate::geometry::{Point, Region};

/// How well a face can be read.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Quality {
    /// Variance of the Laplacian over the variance of the luma, on the face scaled to 64 pixels: about 0.3 to 2 for
    /// sharp faces, below 0.1 for blurred ones. Dividing by the luma's variance makes dim faces comparable.
    pub sharpness: f32,
    /// Mean luma of the face, 0 to 255.
    pub light: f32,
    /// Share of the face's pixels at the top of the range (luma ≥ 250), 0 to 1.
    pub clipped: f32,
}

/// Side of the sampled region, chosen so that the face itself (2/3 of it) is 64 pixels wide: small enough for faces of
/// 64 pixels and more to be comparable, large enough for lids to show.
const SIDE: usize = 96;

/// The face's part of the region, from 1/6 to 5/6, and a cell on each side of it. The rest is the region's margin.
const SAMPLED: std::ops::Range<usize> = SIDE / 6 - 1..SIDE * 5 / 6 + 1;

/// Cells from one row of the sampled part to the next.
const STEP: usize = SAMPLED.end - SAMPLED.start;

/// Least luma of a clipped pixel.
const CLIPPED_LUMA: f32 = 250.0;

/// How a whole picture without a face looks, which may say why none was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// Mean luma, 0 to 255.
    pub light: f32,
    /// Share of pixels at the top of the range (luma ≥ 250), 0 to 1.
    pub clipped: f32,
    /// Variance of the second difference along x or y, whichever is less (motion blurs one of them), over the variance
    /// of the luma: 0.02 to 1 for sharp pictures, 0.001 for blurred ones. `None` for a nearly empty picture.
    pub detail: Option<f32>,
}

/// Side of the sampled scene, fine enough that no detail is lost between samples.
const SCENE_SIDE: usize = 256;

/// Least standard deviation of the luma, in grey levels, of a picture that is not empty.
const MIN_SCENE_DEVIATION: f32 = 12.0;

/// Measures the middle square of `frame`.
pub(crate) fn measure_scene(frame: &Frame, luma: &mut Vec<f32>) -> Scene {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let middle = Region { center: Point::new(width / 2.0, height / 2.0), size: width.min(height), angle: 0.0 };
    sample_luma(frame, &middle.to_frame(SCENE_SIDE as f32), 0..SCENE_SIDE, luma);
    let (mut light, mut across, mut down) = (Moments::default(), Moments::default(), Moments::default());
    let mut clipped = 0.0;
    for y in 1..SCENE_SIDE - 1 {
        for x in 1..SCENE_SIDE - 1 {
            let i = y * SCENE_SIDE + x;
            let center = luma[i];
            light.add(center);
            across.add(luma[i - 1] - 2.0 * center + luma[i + 1]);
            down.add(luma[i - SCENE_SIDE] - 2.0 * center + luma[i + SCENE_SIDE]);
            clipped += f32::from(u8::from(center >= CLIPPED_LUMA));
        }
    }
    let variance = light.variance();
    let detail = across.variance().min(down.variance()) / variance;
    Scene {
        light: light.mean(),
        clipped: clipped / light.count,
        detail: (variance >= MIN_SCENE_DEVIATION.powi(2)).then_some(detail),
    }
}

/// Measures the face in `region` of `frame`. `luma` is a buffer to reuse.
pub(crate) fn measure(frame: &Frame, region: &Region, luma: &mut Vec<f32>) -> Quality {
    sample_luma(frame, &region.to_frame(SIDE as f32), SAMPLED, luma);
    let mut light = Moments::default();
    let mut laplacian = Moments::default();
    let mut clipped = 0.0;
    for y in 1..STEP - 1 {
        for x in 1..STEP - 1 {
            let at = |dx: usize, dy: usize| luma[(y + dy - 1) * STEP + x + dx - 1];
            let center = at(1, 1);
            light.add(center);
            laplacian.add(at(1, 0) + at(0, 1) + at(2, 1) + at(1, 2) - 4.0 * center);
            clipped += f32::from(u8::from(center >= CLIPPED_LUMA));
        }
    }
    // Adding 1 to the variance avoids dividing by zero for a flat patch.
    Quality {
        sharpness: laplacian.variance() / (light.variance() + 1.0),
        light: light.mean(),
        clipped: clipped / light.count,
    }
}

#[derive(Default)]
struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

impl Moments {
    fn add(&mut self, v: f32) {
        self.count += 1.0;
        self.sum += v;
        self.squares += v * v;
    }

    fn mean(&self) -> f32 {
        self.sum / self.count
    }

    fn variance(&self) -> f32 {
        (self.squares / self.count - self.mean().powi(2)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;

    /// A chequered picture with fields of `cell` pixels, `dark` and `light`.
    fn measure_chequers(cell: usize, dark: u8, light: u8) -> Quality {
        let rgb: Vec<u8> = (0..96 * 96)
            .flat_map(|i| [if (i % 96 / cell + i / 96 / cell).is_multiple_of(2) { dark } else { light }; 3])
            .collect();
        let picture = Picture::from_rgb(&rgb, 96, 96).unwrap();
        let region = Region { center: Point::new(48.0, 48.0), size: 96.0, angle: 0.0 };
        measure(&picture.as_frame(), &region, &mut Vec::new())
    }

    #[test]
    fn finer_detail_is_sharper_and_contrast_does_not_matter() {
        let (fine, coarse) = (measure_chequers(2, 50, 150), measure_chequers(16, 50, 150));
        assert!(fine.sharpness > 2.0 * coarse.sharpness, "{fine:?} {coarse:?}");
        let dim = measure_chequers(2, 50, 90);
        assert!((dim.sharpness / fine.sharpness - 1.0).abs() < 0.01, "{dim:?} {fine:?}");
    }

    #[test]
    fn light_is_the_mean_and_clipped_the_share_of_white() {
        let quality = measure_chequers(8, 0, 255);
        assert!((quality.light - 127.5).abs() < 1.0, "{quality:?}");
        assert!((quality.clipped - 0.5).abs() < 0.01, "{quality:?}");
        assert_eq!(measure_chequers(8, 128, 128).sharpness, 0.0);
    }

    /// A picture of 256 × 256 with stripes along y, `wide` pixels each.
    fn stripes(wide: usize, light: u8) -> Scene {
        let rgb: Vec<u8> =
            (0..256 * 256).flat_map(|i| [if (i % 256 / wide).is_multiple_of(2) { 20 } else { light }; 3]).collect();
        measure_scene(&Picture::from_rgb(&rgb, 256, 256).unwrap().as_frame(), &mut Vec::new())
    }

    #[test]
    fn a_scene_smeared_along_one_axis_has_no_detail_and_an_empty_one_none_at_all() {
        // A smear along y leaves stripes at most.
        assert!(stripes(4, 200).detail.unwrap() < 1e-3);
        assert_eq!(stripes(4, 20).detail, None);
        let white = stripes(4, 255);
        assert!((white.clipped - 0.5).abs() < 0.02 && (white.light - 137.5).abs() < 3.0, "{white:?}");
    }
}
