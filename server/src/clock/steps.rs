//! Detects that the clock was set while the server ran, by comparing the time of day with a monotonic clock. A check
//! that spans such a step has meaningless durations, which must not count against the person.
//!
//! Each server watches only its own machine.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{MINUTE_MS, now_ms};

/// Time between two comparisons.
const EVERY: Duration = Duration::from_secs(1);
/// A smaller difference is not a step: slewing changes a clock by at most half a millisecond per second (adjtimex(2)).
const LEAST_STEP_MS: i64 = 100;
/// Both clocks must be read within this time. Otherwise a pause of the process would look like a step.
const READ_WITHIN: Duration = Duration::from_millis(20);
/// Longest possible check.
const LONGEST_CHECK_MS: i64 = 15 * MINUTE_MS;

/// When the clock was last set.
#[derive(Debug, Default)]
pub struct ClockSteps(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The last reading of both clocks.
    read: Option<(i64, Instant)>,
    set: Option<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// The time of day if the clock had not been set.
    instead_of: i64,
    at: Instant,
}

impl ClockSteps {
    /// Whether the clock may have been set since `past`, a time of the last few minutes.
    pub fn since(&self, past: i64) -> bool {
        self.look();
        self.seen().set.is_some_and(|step| step.is_after(past, Instant::now()))
    }

    /// Compares both clocks once a second. Never returns.
    pub async fn watch(&self) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            self.look();
        }
    }

    fn look(&self) {
        let before = Instant::now();
        let wall = now_ms();
        if before.elapsed() < READ_WITHIN {
            self.read(wall, before);
        }
    }

    /// Compares a reading of both clocks with the one before.
    pub fn read(&self, wall: i64, steady: Instant) {
        let mut seen = self.seen();
        if let Some((last_wall, last_steady)) = seen.read {
            let expected = last_wall.saturating_add(between(last_steady, steady));
            if wall.abs_diff(expected) > LEAST_STEP_MS.unsigned_abs() {
                tracing::warn!(by_ms = wall.saturating_sub(expected), "the clock was set");
                seen.set = Some(Step { instead_of: expected, at: steady });
            }
        }
        seen.read = Some((wall, steady));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// Whether `past` may have been read before this step. After a small step back the same times occur twice, so the
    /// answer is then yes for both.
    fn is_after(self, past: i64, now: Instant) -> bool {
        let before = self.instead_of.saturating_sub(LONGEST_CHECK_MS)..=self.instead_of;
        before.contains(&past) && between(self.at, now) < LONGEST_CHECK_MS
    }
}

/// Milliseconds between two instants.
fn between(earlier: Instant, later: Instant) -> i64 {
    i64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time of day when the monotonic clock is zero.
    const BEGUN: i64 = 1_800_000_000_000;

    /// Reads the clock once a second for `seconds`, and sets it by `by` ms at the `at`th.
    fn watched(seconds: u64, at: u64, by: i64) -> (Mutex<Seen>, Instant) {
        let (steps, begun) = (ClockSteps::default(), Instant::now());
        for second in 0..=seconds {
            let wall = BEGUN + second.cast_signed() * 1000 + if second < at { 0 } else { by };
            steps.read(wall, begun + Duration::from_secs(second));
        }
        (steps.0, begun + Duration::from_secs(seconds))
    }

    #[test]
    fn times_from_before_a_step_are_told_apart_from_times_after_it() {
        // Seconds watched, when and by how much the clock was set, a time, and whether it may be from before the step.
        let cases = [
            (20, 10, 0, 5_000, false),
            (20, 10, 90, 5_000, false),
            (20, 10, -5_000, 5_000, true),
            (20, 10, -5_000, 9_000, true),
            (20, 10, -5_000, 10_500, false),
            (20, 10, 5_000, 5_000, true),
            (20, 10, 5_000, 15_001, false),
            (20, 10, -86_400_000, 9_000, true),
            (20, 10, -86_400_000, 11_000 - 86_400_000, false),
            (20, 10, 86_400_000, 9_000, true),
            (20, 10, 86_400_000, 11_000 + 86_400_000, false),
            (909, 10, -5_000, 9_000, true),
            (911, 10, -5_000, 9_000, false),
        ];
        for (seconds, at, by, past, expected) in cases {
            let (seen, now) = watched(seconds, at, by);
            let set = seen.into_inner().unwrap().set;
            assert_eq!(
                set.is_some_and(|step| step.is_after(BEGUN + past, now)),
                expected,
                "{seconds} {at} {by} {past}"
            );
        }
    }

    #[test]
    fn an_undisturbed_clock_reports_no_step() {
        let steps = ClockSteps::default();
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(2));
            assert!(!steps.since(now_ms() - 1000));
        }
    }
}
