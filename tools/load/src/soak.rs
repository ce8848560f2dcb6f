//! Soak test: does the server's memory grow under steady use?

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::{UserPool, for_each};

use crate::usage::{self, Resident};

/// Number of people verified at a time, and the pause after each.
const PEOPLE: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);
const DECISION_TIMEOUT: Duration = Duration::from_secs(60);
const SAMPLE_EVERY: Duration = Duration::from_secs(30);
/// The bars of SR-40.
const MAX_MB: f64 = 512.0;
const MAX_GROWTH_MB_PER_H: f64 = 1.0;

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Soak {
    /// Duration.
    pub(crate) minutes: u64,
    /// Number of people verified.
    pub(crate) verified: usize,
    /// Memory, sampled twice a minute.
    pub(crate) memory_mb: Vec<Resident>,
    /// Hourly growth of the server's own memory, from a line fitted to the second half.
    pub(crate) growth_mb_per_h: f64,
}

impl Soak {
    /// Whether both bars are met and people were verified at all.
    pub(crate) fn holds(&self) -> bool {
        let together = self.memory_mb.iter().map(|memory| memory.server + memory.workers);
        self.verified > 0 && together.fold(0.0, f64::max) < MAX_MB && self.growth_mb_per_h < MAX_GROWTH_MB_PER_H
    }
}

/// Verifies people for some minutes. The server has the process ID `pid`.
pub(crate) fn measure(pool: &UserPool, pid: u32, minutes: u64) -> anyhow::Result<Soak> {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(60 * minutes);
    let (verified, samples) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let watch = || -> anyhow::Result<()> {
        std::thread::sleep(SAMPLE_EVERY);
        let memory = usage::resident(pid)?;
        let minutes = begin.elapsed().as_secs_f64() / 60.0;
        eprintln!("{minutes:.1} min: {} verified, {memory:?}", verified.load(Ordering::Relaxed));
        samples.lock().expect("no thread panics while holding the lock").push(memory);
        Ok(())
    };
    let verify = || -> anyhow::Result<()> {
        let user = pool.ready_user()?;
        std::thread::sleep(user.due.saturating_duration_since(Instant::now()));
        let decision = user.client.submit_until_decided("soak", &user.submission, DECISION_TIMEOUT)?;
        ensure!(decision.verified, "a copy was rejected: {decision:?}");
        verified.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(PAUSE);
        Ok(())
    };
    for_each(PEOPLE + 1, &(0..=PEOPLE).collect::<Vec<_>>(), |&thread| {
        while Instant::now() < end {
            if thread == 0 { watch() } else { verify() }?;
        }
        Ok(())
    })?;
    let memory_mb = samples.into_inner().expect("no thread panics while holding the lock");
    let own_mb: Vec<f64> = memory_mb.iter().map(|memory| memory.servers_own).collect();
    let per_sample = slope(&own_mb[own_mb.len() / 2..]);
    let growth_mb_per_h = (per_sample * 3600.0 / SAMPLE_EVERY.as_secs_f64() * 100.0).round() / 100.0;
    Ok(Soak { minutes, verified: verified.into_inner(), memory_mb, growth_mb_per_h })
}

/// Slope of the least-squares line through values one step apart; 0 for fewer than two values.
fn slope(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let (middle, mean) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count.max(1.0));
    let (mut over, mut under) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - middle;
        over += x * (value - mean);
        under += x * x;
    }
    if under > 0.0 { over / under } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_least_squares_line() {
        let cases: [(&[f64], f64); 5] = [
            (&[], 0.0),
            (&[3.0], 0.0),
            (&[1.0, 3.0], 2.0),
            (&[5.0, 4.0, 3.0, 2.0], -1.0),
            (&[0.0, 1.0, 0.0, 1.0], 0.2),
        ];
        for (values, expected) in cases {
            assert!((slope(values) - expected).abs() < 1e-9, "{values:?}: {}", slope(values));
        }
    }

    #[test]
    fn the_bars_are_missed_by_memory_that_grows_or_is_too_large() {
        let soak = |server: f64, growth_mb_per_h| Soak {
            minutes: 60,
            verified: 1,
            memory_mb: [50.0, server, 50.0].map(|server| Resident { server, servers_own: 20.0, workers: 100.0 }).into(),
            growth_mb_per_h,
        };
        for (server, growth, expected) in
            [(400.0, 0.9, true), (412.0, 0.0, false), (50.0, 1.0, false), (50.0, -3.0, true)]
        {
            assert_eq!(soak(server, growth).holds(), expected, "{server} {growth}");
        }
    }
}
