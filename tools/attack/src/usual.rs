//! The usual range of each signal: readings of accepted people in, percentiles out.

use engine::Record;
use serde::Serialize;

/// The signals of accepted people, one reading an attempt.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    sameness: Vec<f32>,
    wobble: Vec<f32>,
    depth: Vec<f32>,
}

impl Readings {
    /// Adds those of one attempt.
    pub(crate) fn add(&mut self, record: &Record) {
        let Some(strip) = &record.strip else { return };
        let signals = strip.signals.as_ref();
        self.sameness.extend(signals.and_then(|signals| signals.sameness));
        self.wobble.extend(signals.and_then(|signals| signals.wobble));
        self.depth.extend(strip.turn.map(|turn| turn.residual));
    }

    /// The range of each signal that was read.
    pub(crate) fn ranges(self) -> Vec<UsualRange> {
        let signals = [("sameness", self.sameness), ("wobble", self.wobble), ("depth", self.depth)];
        signals.into_iter().filter_map(|(signal, values)| UsualRange::of(signal, values)).collect()
    }
}

/// Percentiles of one signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct UsualRange {
    pub(crate) signal: &'static str,
    pub(crate) attempts: usize,
    pub(crate) p5: f32,
    pub(crate) median: f32,
    pub(crate) p95: f32,
}

impl UsualRange {
    /// `None` without values.
    fn of(signal: &'static str, mut values: Vec<f32>) -> Option<UsualRange> {
        values.sort_by(f32::total_cmp);
        let percentile = |percent: usize| values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let (p5, median, p95) = (percentile(5)?, percentile(50)?, percentile(95)?);
        Some(UsualRange { signal, attempts: values.len(), p5, median, p95 })
    }
}

/// Prints a table.
pub(crate) fn print(ranges: &[UsualRange]) {
    println!("\n| signal of accepted people | attempts | 5 % | median | 95 % |\n|---|---|---|---|---|");
    for UsualRange { signal, attempts, p5, median, p95 } in ranges {
        println!("| {signal} | {attempts} | {p5:.3} | {median:.3} | {p95:.3} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_nine_of_ten_values() {
        let values = (1..=40).rev().map(|i| i as f32).collect();
        let range = UsualRange { signal: "depth", attempts: 40, p5: 2.0, median: 20.0, p95: 38.0 };
        assert_eq!(UsualRange::of("depth", values), Some(range));
        assert_eq!(UsualRange::of("depth", Vec::new()), None);
    }
}
