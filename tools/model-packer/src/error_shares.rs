//! How the error of rounding one weight of a row is shared among the later weights, based on the inputs that occur.

/// Share of the inputs' mean variance that is added to the variance of each, so that directions that hardly occur in the
/// pictures are not treated as free. No other value was tried.
const DAMPING: f64 = 0.03;

/// For each weight of a row, the share of its error that each later weight takes over.
pub(crate) fn shares(samples: &[f32], mean: &[f64]) -> Vec<Vec<f64>> {
    let depth = mean.len();
    let mut covariance = vec![vec![0.0; depth]; depth];
    for sample in samples.chunks_exact(depth) {
        let off: Vec<f64> = sample.iter().zip(mean).map(|(&value, mean)| f64::from(value) - mean).collect();
        for (row, &a) in covariance.iter_mut().zip(&off) {
            row.iter_mut().zip(&off).for_each(|(sum, &b)| *sum += a * b);
        }
    }
    let damping = DAMPING * (0..depth).map(|i| covariance[i][i]).sum::<f64>() / depth as f64;
    (0..depth).for_each(|i| covariance[i][i] += damping.max(f64::MIN_POSITIVE));
    let lower = backward_factor(covariance);
    (0..depth)
        .map(|i| {
            // The optimal shares for an error of weight i solve H[i+1.., i+1..] · share = H[i+1.., i]. With H = Lᵀ·L this is
            // L[i+1.., i+1..] · share = L[i+1.., i].
            let mut share: Vec<f64> = Vec::with_capacity(depth - i - 1);
            for k in i + 1..depth {
                let known: f64 = share.iter().zip(&lower[k][i + 1..k]).map(|(share, l)| share * l).sum();
                share.push((lower[k][i] - known) / lower[k][k]);
            }
            share
        })
        .collect()
}

/// The lower triangular L with Lᵀ·L = `matrix`, which must be symmetric and positive definite.
fn backward_factor(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for k in (0..matrix.len()).rev() {
        let root = matrix[k][k].sqrt();
        matrix[k].iter_mut().take(k + 1).for_each(|value| *value /= root);
        matrix[k].iter_mut().skip(k + 1).for_each(|value| *value = 0.0);
        let row = matrix[k].clone();
        for (i, upper) in matrix.iter_mut().take(k).enumerate() {
            upper.iter_mut().take(k).zip(&row).for_each(|(value, r)| *value -= row[i] * r);
        }
    }
    matrix
}
