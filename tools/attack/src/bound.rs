//! Confidence bounds: what a count says about the underlying rate.

/// The one-sided upper 95 % bound of a rate after `accepted` of `attempts` (Clopper & Pearson 1934): the rate at which this
/// count or a lower one would occur once in twenty times.
pub(crate) fn upper_bound(accepted: u32, attempts: u32) -> f64 {
    if accepted >= attempts {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most(accepted, attempts, middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

/// The probability of at most `accepted` of `attempts` at this rate.
fn at_most(accepted: u32, attempts: u32, rate: f64) -> f64 {
    let n = f64::from(attempts);
    // As logarithms: with many attempts, the first terms are too small for a number.
    let mut term = n * (1.0 - rate).ln();
    let mut sum = term.exp();
    for k in 1..=accepted {
        let k = f64::from(k);
        term += ((n - k + 1.0) / k * rate / (1.0 - rate)).ln();
        sum += term.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_of_150_bounds_the_rate_below_two_percent() {
        for (accepted, attempts, expected) in
            [(0, 150, 0.0198), (0, 42, 0.0688), (1, 100, 0.0466), (3, 3, 1.0), (2400, 20_000, 0.1239)]
        {
            let bound = upper_bound(accepted, attempts);
            assert!((bound - expected).abs() < 1e-4, "{accepted} of {attempts}: {bound}");
        }
    }
}
