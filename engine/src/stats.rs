//! Statistics over lists of numbers.

/// Arithmetic mean; 0 for an empty list.
pub(crate) fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len();
    if count > 0 { values.sum::<f32>() / count as f32 } else { 0.0 }
}

/// Standard deviation of the whole population; 0 for an empty list.
pub(crate) fn deviation(values: &[f32]) -> f32 {
    let center = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - center).powi(2))).sqrt()
}

/// Median, the upper of the two middle values for an even number; 0 for an empty list.
pub(crate) fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The nearest-rank percentile; 0 for an empty list.
pub(crate) fn percentile(mut values: Vec<f32>, percent: usize) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

/// Pearson's correlation; 0 if one side is flat.
pub(crate) fn correlation(pairs: &[(f32, f32)]) -> f32 {
    let mean_a = mean(pairs.iter().map(|p| p.0));
    let mean_b = mean(pairs.iter().map(|p| p.1));
    let (mut cross, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for &(a, b) in pairs {
        let (a, b) = (a - mean_a, b - mean_b);
        cross += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    let scale = (square_a * square_b).sqrt();
    if scale > 0.0 { cross / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_small_lists_match_those_computed_by_hand() {
        assert_eq!(mean([1.0, 2.0, 6.0].into_iter()), 3.0);
        assert_eq!(median(vec![5.0, 1.0, 2.0]), 2.0);
        assert_eq!(deviation(&[1.0, 3.0]), 1.0);
        assert_eq!([0, 50, 90, 100].map(|percent| percentile(vec![4.0, 1.0, 3.0, 2.0], percent)), [1.0, 2.0, 4.0, 4.0]);
        assert_eq!(percentile(Vec::new(), 90), 0.0);
        assert_eq!((mean([].into_iter()), median(Vec::new()), deviation(&[])), (0.0, 0.0, 0.0));
    }

    #[test]
    fn correlation_is_1_for_a_scaled_copy_and_0_for_a_flat_side() {
        let scaled: Vec<(f32, f32)> = (0..9).map(|i| (i as f32, 7.0 + 3.0 * i as f32)).collect();
        assert!((correlation(&scaled) - 1.0).abs() < 1e-6);
        let flat: Vec<(f32, f32)> = (0..9).map(|i| (i as f32, 7.0)).collect();
        assert_eq!(correlation(&flat), 0.0);
    }
}
