//! Overload detection: how many submissions a second are rejected, and when each of them should be retried.

use std::time::{Duration, Instant};

/// Averaging time of the rejection rate that sets the retry delay.
const SLOW: Duration = Duration::from_secs(2);
/// Averaging time of the rate that notices overload early, before many submissions that would have to wait are
/// admitted. Overload lasts as long as either rate says so.
const FAST: Duration = Duration::from_millis(400);
/// Rejections a second, per worker, that count as overload. With two workers, a worker that becomes free then gets its
/// next submission within a tenth of a second.
const OVERLOAD_PER_S: f64 = 5.0;
/// Retries a second, per worker, to aim for: each rejection costs CPU time that admitted submissions need.
const TARGET_PER_S: f64 = 4.0;
/// Shortest and longest retry delay. The page gives up after 150 s.
const MIN_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(20);

/// Tracks the rate of rejections.
#[derive(Debug)]
pub(super) struct OverloadDetector {
    slow: Rate,
    fast: Rate,
}

impl OverloadDetector {
    pub(super) fn new() -> OverloadDetector {
        OverloadDetector { slow: Rate::over(SLOW), fast: Rate::over(FAST) }
    }

    pub(super) fn count_rejection(&mut self, now: Instant) {
        self.slow.count(now);
        self.fast.count(now);
    }

    /// Whether rejections are so frequent that nobody should wait for a worker or start an upload.
    pub(super) fn is_overloaded(&self, now: Instant, workers: usize) -> bool {
        self.slow.per_second(now).max(self.fast.per_second(now)) >= OVERLOAD_PER_S * workers as f64
    }

    /// Retry delay; grows with the rejection rate. With `n` clients retrying, the rate settles at √(n × target) a
    /// second; a delay that brought it down to the target would outlast the overload.
    pub(super) fn retry_delay(&self, now: Instant, workers: usize) -> Duration {
        let times = self.slow.per_second(now) / (TARGET_PER_S * workers as f64);
        Duration::from_secs_f64(times.min(MAX_DELAY.as_secs_f64())).clamp(MIN_DELAY, MAX_DELAY)
    }
}

/// An exponentially decaying event rate.
#[derive(Debug)]
struct Rate {
    /// The age at which an event's weight has fallen to 1/e.
    decay: Duration,
    last: Option<Instant>,
    /// The weighted count at `last`.
    count: f64,
}

impl Rate {
    fn over(decay: Duration) -> Rate {
        Rate { decay, last: None, count: 0.0 }
    }

    fn count(&mut self, now: Instant) {
        self.count = self.count_at(now) + 1.0;
        self.last = Some(now);
    }

    fn per_second(&self, now: Instant) -> f64 {
        self.count_at(now) / self.decay.as_secs_f64()
    }

    fn count_at(&self, now: Instant) -> f64 {
        let ago = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.count * (-ago.as_secs_f64() / self.decay.as_secs_f64()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state after ten seconds of `per_s` rejections a second.
    fn rejecting(per_s: u32, start: Instant) -> (OverloadDetector, Instant) {
        let mut overload = OverloadDetector::new();
        let times = (0..per_s * 10).map(|n| start + Duration::from_secs(1) * n / per_s);
        let last = times.inspect(|&at| overload.count_rejection(at)).last();
        (overload, last.unwrap_or(start))
    }

    #[test]
    fn the_retry_delay_grows_with_the_rejection_rate() {
        let start = Instant::now();
        let cases = [(0, false, 1.0), (3, false, 1.0), (20, true, 2.5), (80, true, 10.0), (1000, true, 20.0)];
        for (per_s, is_overloaded, delay) in cases {
            let (overload, now) = rejecting(per_s, start);
            assert_eq!(overload.is_overloaded(now, 2), is_overloaded, "{per_s} a second");
            let seconds = overload.retry_delay(now, 2).as_secs_f64();
            assert!((seconds / delay - 1.0).abs() < 0.1, "{per_s} a second: {seconds} s");
        }
    }

    #[test]
    fn overload_is_noticed_early_and_few_rejections_are_no_overload() {
        let start = Instant::now();
        let noticed_after = |per_s: u32| {
            let mut overload = OverloadDetector::new();
            (1..per_s * 10).find(|&n| {
                let now = start + Duration::from_secs(1) * n / per_s;
                overload.count_rejection(now);
                overload.is_overloaded(now, 2)
            })
        };
        assert_eq!(noticed_after(60), Some(5), "at 60 a second, in less than a tenth of one");
        assert_eq!(noticed_after(7), None);
    }

    #[test]
    fn overload_ends_and_more_workers_bear_more() {
        let (overload, now) = rejecting(20, Instant::now());
        assert!(overload.is_overloaded(now, 2) && !overload.is_overloaded(now, 8));
        assert!(!overload.is_overloaded(now + Duration::from_secs(4), 2));
    }
}
