//! Statistics of measured times.

use std::time::Duration;

use serde::Serialize;

/// Percentiles of measured times.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Times {
    /// Number of measurements.
    pub(crate) count: usize,
    /// Median in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99th percentile in milliseconds.
    pub(crate) p99_ms: f64,
    /// Maximum in milliseconds.
    pub(crate) max_ms: f64,
}

impl Times {
    /// Computes them with the nearest-rank method.
    pub(crate) fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        let percentile = |share: f64| {
            let rank = (times.len() as f64 * share).ceil() as usize;
            times.get(rank.max(1) - 1).map_or(0.0, |time| (time.as_secs_f64() * 1e4).round() / 10.0)
        };
        Times { count: times.len(), p50_ms: percentile(0.5), p99_ms: percentile(0.99), max_ms: percentile(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_smallest_time_that_this_share_does_not_exceed() {
        let of = |count: u64| Times::of((1..=count).rev().map(Duration::from_millis).collect());
        let cases = [(1, 1.0, 1.0, 1.0), (100, 50.0, 99.0, 100.0), (200, 100.0, 198.0, 200.0), (0, 0.0, 0.0, 0.0)];
        for (count, p50, p99, max) in cases {
            let times = of(count);
            assert_eq!((times.p50_ms, times.p99_ms, times.max_ms), (p50, p99, max), "of {count}");
        }
    }
}
