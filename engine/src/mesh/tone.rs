//! Tone: brightens the crop of a dim face before the networks read it. They were trained on well-lit faces and take
//! closed lids for open ones in the dark, long before a person would.

use crate::stats::mean;

/// Mean value (0 to 1) of the middle of the crop below which it is brightened, and which it is brightened to.
const DIM: f32 = 0.35;

/// Least exponent: brightening more amplifies noise more than lids.
const LEAST_GAMMA: f32 = 0.5;

/// Levels of the curve: four for each level of a camera frame.
const LEVELS: usize = 1024;

/// Brightens `crop` (`side` rows of as many R, G, B triples, 0 to 1) by the gamma curve that takes the mean of its
/// middle to [`DIM`], if that mean is lower. The middle shows the face whatever the background.
pub(super) fn brighten(crop: &mut [f32], side: usize) {
    let gamma = gamma_for(middle_mean(crop, side));
    if gamma >= 1.0 {
        return;
    }
    let curve: Vec<f32> = (0..=LEVELS).map(|level| (level as f32 / LEVELS as f32).powf(gamma)).collect();
    for value in crop {
        // The nearest level; `as` saturates.
        *value = curve[((*value * LEVELS as f32 + 0.5) as usize).min(LEVELS)];
    }
}

fn gamma_for(mean: f32) -> f32 {
    // The mean of a curve is not the curve of the mean, but near it.
    if mean >= DIM { 1.0 } else { (DIM.ln() / mean.max(f32::MIN_POSITIVE).ln()).max(LEAST_GAMMA) }
}

/// Mean of the middle half of the crop in each direction.
fn middle_mean(crop: &[f32], side: usize) -> f32 {
    let (from, to) = (side / 4, side * 3 / 4);
    let rows = crop.chunks_exact(side * 3).skip(from).take(to - from);
    mean(rows.map(|row| mean(row[from * 3..to * 3].iter().copied())).collect::<Vec<_>>().into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 64;

    fn brightened(level: f32) -> f32 {
        let mut crop = vec![level; SIDE * SIDE * 3];
        brighten(&mut crop, SIDE);
        crop[0]
    }

    #[test]
    fn dim_crops_are_brightened_and_others_stay_as_they_are() {
        let cases = [(0.9, 0.9), (0.36, 0.36), (0.2, DIM), (0.13, DIM), (0.04, 0.2), (0.0, 0.0)];
        for (level, expected) in cases {
            let got = brightened(level);
            assert!((got - expected).abs() < 0.005, "{level} came to {got}, expected {expected}");
        }
    }

    #[test]
    fn a_bright_background_does_not_keep_a_face_dim() {
        let mut crop = vec![1.0; SIDE * SIDE * 3];
        for row in crop.chunks_exact_mut(SIDE * 3).skip(SIDE / 4).take(SIDE / 2) {
            row[SIDE / 4 * 3..SIDE * 3 / 4 * 3].fill(0.2);
        }
        brighten(&mut crop, SIDE);
        let middle = crop[(SIDE * SIDE / 2 + SIDE / 2) * 3];
        assert!((middle - DIM).abs() < 0.005, "{middle}");
        assert_eq!(crop[0], 1.0);
    }
}
