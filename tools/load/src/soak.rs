//! A long time of steady use: whether the server's memory grows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::for_each;

use test_client::UserPool as Crowd;
use crate::usage::{self, Resident};

/// People who are verified at a time, and the pause after each.
const PEOPLE: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(60);
const SAMPLE_EVERY: Duration = Duration::from_secs(30);
/// The bars of SR-40.
const MOST_MB: f64 = 512.0;
const MOST_GROWTH_MB_PER_H: f64 = 1.0;

/// What was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Soak {
    /// How long it took.
    pub minutes: u64,
    /// People who were verified.
    pub verified: usize,
    /// The memory twice a minute.
    pub memory_mb: Vec<Resident>,
    /// How much the server's own grew an hour, by a line through the second half.
    pub growth_mb_per_h: f64,
}

impl Soak {
    /// Whether both bars are met, by a server that was used.
    pub fn holds(&self) -> bool {
        let together = self.memory_mb.iter().map(|memory| memory.server + memory.workers);
        self.verified > 0 && together.fold(0.0, f64::max) < MOST_MB && self.growth_mb_per_h < MOST_GROWTH_MB_PER_H
    }
}

/// Verifies people for so many minutes, by the server that is process `pid`.
pub(crate) fn measure(crowd: &Crowd, pid: u32, minutes: u64) -> anyhow::Result<Soak> {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(60 * minutes);
    let (verified, samples) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let watch = || -> anyhow::Result<()> {
        std::thread::sleep(SAMPLE_EVERY);
        let memory = usage::resident(pid)?;
        let minutes = begin.elapsed().as_secs_f64() / 60.0;
        eprintln!("{minutes:.1} min: {} verified, {memory:?}", verified.load(Ordering::Relaxed));
        samples.lock().expect("no holder panics").push(memory);
        Ok(())
    };
    let verify = || -> anyhow::Result<()> {
        let ready = crowd.ready()?;
        std::thread::sleep(ready.due.saturating_duration_since(Instant::now()));
        let decided = ready.visitor.submit_until_decided("soak", &ready.parcel, PATIENCE)?;
        ensure!(decided.verified, "a copy was refused: {decided:?}");
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
    let memory_mb = samples.into_inner().expect("no holder panics");
    let own_mb: Vec<f64> = memory_mb.iter().map(|memory| memory.servers_own).collect();
    let per_sample = slope(&own_mb[own_mb.len() / 2..]);
    let growth_mb_per_h = (per_sample * 3600.0 / SAMPLE_EVERY.as_secs_f64() * 100.0).round() / 100.0;
    Ok(Soak { minutes, verified: verified.into_inner(), memory_mb, growth_mb_per_h })
}

/// Of the line through these values, one step apart, that leaves the least squares; none where there are fewer than two.
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
    fn the_slope_is_that_of_the_nearest_line() {
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
    fn memory_that_grows_or_is_too_much_does_not_hold() {
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
