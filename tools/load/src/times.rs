//! Times and what is said of them.

use std::time::Duration;

use serde::Serialize;

/// How long something took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// How many were measured.
    pub count: usize,
    /// Half took no longer, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// None took longer.
    pub max_ms: f64,
}

impl Times {
    /// Of these.
    pub(crate) fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        // The smallest that so many are no greater than.
        let share = |share: f64| {
            let rank = (times.len() as f64 * share).ceil() as usize;
            times.get(rank.max(1) - 1).map_or(0.0, |time| (time.as_secs_f64() * 1e4).round() / 10.0)
        };
        Times { count: times.len(), p50_ms: share(0.5), p99_ms: share(0.99), max_ms: share(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_smallest_time_that_so_many_do_not_exceed() {
        let of = |count: u64| Times::of((1..=count).rev().map(Duration::from_millis).collect());
        let cases = [(1, 1.0, 1.0, 1.0), (100, 50.0, 99.0, 100.0), (200, 100.0, 198.0, 200.0), (0, 0.0, 0.0, 0.0)];
        for (count, p50, p99, max) in cases {
            let times = of(count);
            assert_eq!((times.p50_ms, times.p99_ms, times.max_ms), (p50, p99, max), "of {count}");
        }
    }
}
