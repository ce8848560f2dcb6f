//! The crowd: how many submissions are turned away a second, and when each of them should come again.

use std::time::{Duration, Instant};

/// Those that were turned away count for about so long, when it comes to how long they stay away.
const MEMORY: Duration = Duration::from_secs(2);
/// And so long, when it comes to whether they are a crowd: it is to be seen as it gathers, before many have been taken who
/// wait. It is still there as long as either of the two says so.
const ATTENTION: Duration = Duration::from_millis(400);
/// For each worker, so many turned away a second make a crowd. A worker that becomes free then has the next within a tenth of
/// a second at most, be there two of them.
const CROWD_PER_S: f64 = 5.0;
/// Wanted of them a second for each worker: what turning them away costs is taken from those who were taken.
const WANTED_PER_S: f64 = 4.0;
/// Pauses. The page gives up after 150 s.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);

/// Counts those that are turned away.
#[derive(Debug)]
pub(super) struct Crowd {
    lately: Rate,
    just_now: Rate,
}

impl Crowd {
    pub(super) fn new() -> Crowd {
        Crowd { lately: Rate::over(MEMORY), just_now: Rate::over(ATTENTION) }
    }

    /// One more is turned away.
    pub(super) fn turn_away(&mut self, now: Instant) {
        self.lately.count(now);
        self.just_now.count(now);
    }

    /// Whether so many are turned away that nobody should wait, or upload in vain.
    pub(super) fn is_there(&self, now: Instant, workers: usize) -> bool {
        self.lately.per_second(now).max(self.just_now.per_second(now)) >= CROWD_PER_S * workers as f64
    }

    /// How long who is turned away should stay away: the longer, the more do not. Where `n` wait all in all, they settle at
    /// √(n × wanted) a second; a pause that brought that down to what is wanted would outlast the crowd.
    pub(super) fn pause(&self, now: Instant, workers: usize) -> Duration {
        let times = self.lately.per_second(now) / (WANTED_PER_S * workers as f64);
        Duration::from_secs_f64(times.min(LONGEST.as_secs_f64())).clamp(SHORTEST, LONGEST)
    }
}

/// How many a second, of late.
#[derive(Debug)]
struct Rate {
    /// Each counts the less the longer ago it was; after so long, 1/e.
    memory: Duration,
    last: Option<Instant>,
    /// So many at that moment.
    count: f64,
}

impl Rate {
    fn over(memory: Duration) -> Rate {
        Rate { memory, last: None, count: 0.0 }
    }

    fn count(&mut self, now: Instant) {
        self.count = self.count_at(now) + 1.0;
        self.last = Some(now);
    }

    fn per_second(&self, now: Instant) -> f64 {
        self.count_at(now) / self.memory.as_secs_f64()
    }

    fn count_at(&self, now: Instant) -> f64 {
        let ago = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.count * (-ago.as_secs_f64() / self.memory.as_secs_f64()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After so many a second for ten seconds.
    fn crowd(per_s: u32, start: Instant) -> (Crowd, Instant) {
        let mut crowd = Crowd::new();
        let times = (0..per_s * 10).map(|n| start + Duration::from_secs(1) * n / per_s);
        let last = times.inspect(|&at| crowd.turn_away(at)).last();
        (crowd, last.unwrap_or(start))
    }

    #[test]
    fn many_stay_away_longer_than_few() {
        let start = Instant::now();
        let cases = [(0, false, 1.0), (3, false, 1.0), (20, true, 2.5), (80, true, 10.0), (1000, true, 20.0)];
        for (per_s, is_crowd, pause) in cases {
            let (crowd, now) = crowd(per_s, start);
            assert_eq!(crowd.is_there(now, 2), is_crowd, "{per_s} a second");
            let seconds = crowd.pause(now, 2).as_secs_f64();
            assert!((seconds / pause - 1.0).abs() < 0.1, "{per_s} a second: {seconds} s");
        }
    }

    #[test]
    fn it_is_seen_as_it_gathers_and_few_are_none() {
        let start = Instant::now();
        let seen_after = |per_s: u32| {
            let mut crowd = Crowd::new();
            (1..per_s * 10).find(|&n| {
                let now = start + Duration::from_secs(1) * n / per_s;
                crowd.turn_away(now);
                crowd.is_there(now, 2)
            })
        };
        assert_eq!(seen_after(60), Some(5), "at 60 a second, in less than a tenth of one");
        assert_eq!(seen_after(7), None);
    }

    #[test]
    fn it_is_forgotten_and_more_workers_bear_more() {
        let (crowd, now) = crowd(20, Instant::now());
        assert!(crowd.is_there(now, 2) && !crowd.is_there(now, 8));
        assert!(!crowd.is_there(now + Duration::from_secs(4), 2));
    }
}
