//! Blink detection: eye-aspect-ratio samples in, completed blinks out. Knows no pixels, models or clocks.
//!
//! Both eyes are judged against the person's own open level, learnt from the last open samples and frozen while the
//! lids are down. Everything is in milliseconds, so that 8 and 60 samples a second give the same answer.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ear::EyeRatios;
use crate::thresholds::BlinkThresholds;

/// What the lids are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EyeState {
    /// No open level is known yet, or the eyes cannot be read.
    Unknown,
    /// Both eyes are open.
    Open,
    /// The lids have begun to come down.
    Closing,
    /// Both eyes are closed.
    Closed,
    /// The lids are coming up again.
    Opening,
}

/// A completed blink, in milliseconds of the samples' clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blink {
    /// First sample with the lids on their way down.
    pub start_ms: u32,
    /// Sample of deepest closure.
    pub closed_ms: u32,
    /// First sample with the eyes open again.
    pub end_ms: u32,
}

/// What one sample changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlinkUpdate {
    /// The lids after this sample.
    pub state: EyeState,
    /// Both eyes' mean opening as a share of the open level; `None` while that is unknown or the eyes unreadable.
    pub openness: Option<f32>,
    /// The blink that this sample completed.
    pub blink: Option<Blink>,
}

/// Finds blinks in a series of samples.
#[derive(Clone, Debug)]
pub struct BlinkDetector {
    limits: BlinkThresholds,
    open_samples: VecDeque<(u32, EyeRatios)>,
    level: Option<EyeRatios>,
    dip: Option<Dip>,
    state: EyeState,
    read_at_ms: Option<u32>,
}

/// Lids on their way down, or down, or on their way up.
#[derive(Clone, Copy, Debug)]
struct Dip {
    start_ms: u32,
    lowest: f32,
    lowest_ms: u32,
    /// Both eyes were closed, and soon enough after the start.
    closed: bool,
    /// The lids sank too slowly to be a blink.
    sank: bool,
}

impl BlinkDetector {
    /// A detector that has seen nothing.
    pub fn new(limits: BlinkThresholds) -> BlinkDetector {
        BlinkDetector {
            limits,
            open_samples: VecDeque::new(),
            level: None,
            dip: None,
            state: EyeState::Unknown,
            read_at_ms: None,
        }
    }

    /// Takes the next sample: `ears` is `None` where the eyes could not be read. Times must not go back.
    pub fn update(&mut self, t_ms: u32, ears: Option<EyeRatios>) -> BlinkUpdate {
        // Whatever the lids did in a long gap, nobody saw it: what had begun before is no blink any more.
        if self.read_at_ms.is_some_and(|last| t_ms - last > self.limits.max_gap_ms) {
            self.dip = None;
            self.state = EyeState::Unknown;
        }
        let Some(ears) = ears else { return BlinkUpdate { state: self.state, openness: None, blink: None } };
        self.read_at_ms = Some(t_ms);
        let Some(level) = self.level else {
            self.learn(t_ms, ears);
            self.state = if self.level.is_some() { EyeState::Open } else { EyeState::Unknown };
            return BlinkUpdate { state: self.state, openness: None, blink: None };
        };
        let right = ears.right / level.right;
        let left = ears.left / level.left;
        let openness = (right + left) / 2.0;
        let blink = self.judge(t_ms, openness, right.max(left));
        if self.dip.is_none() {
            self.learn(t_ms, ears);
        }
        BlinkUpdate { state: self.state, openness: Some(openness), blink }
    }

    /// The person's open level, once it is known.
    pub fn open_level(&self) -> Option<EyeRatios> {
        self.level
    }

    fn judge(&mut self, t_ms: u32, openness: f32, more_open_eye: f32) -> Option<Blink> {
        let limits = &self.limits;
        let is_closed = openness <= limits.closed_ratio && more_open_eye <= limits.closed_each_ratio;
        let Some(dip) = &mut self.dip else {
            if openness >= limits.onset_ratio {
                self.state = EyeState::Open;
                return None;
            }
            self.state = if is_closed { EyeState::Closed } else { EyeState::Closing };
            self.dip = Some(Dip { start_ms: t_ms, lowest: openness, lowest_ms: t_ms, closed: is_closed, sank: false });
            return None;
        };
        if openness < dip.lowest {
            (dip.lowest, dip.lowest_ms) = (openness, t_ms);
        }
        let lasted = t_ms - dip.start_ms;
        if is_closed {
            dip.sank |= !dip.closed && lasted > limits.max_closing_ms;
            dip.closed = true;
            self.state = EyeState::Closed;
            return None;
        }
        let back = if dip.closed { limits.open_ratio } else { limits.onset_ratio };
        if openness < back {
            self.state = if dip.closed { EyeState::Opening } else { EyeState::Closing };
            // Lids that stay half down are a new level, not a blink: somebody squints, or stared when the level was learnt.
            if lasted > limits.relearn_ms {
                self.forget_level();
            }
            return None;
        }
        let dip = self.dip.take()?;
        self.state = EyeState::Open;
        let counted = dip.closed && !dip.sank && (limits.min_blink_ms..=limits.max_blink_ms).contains(&lasted);
        counted.then_some(Blink { start_ms: dip.start_ms, closed_ms: dip.lowest_ms, end_ms: t_ms })
    }

    /// Adds an open sample and computes each eye's level anew: the upper quartile of what was seen lately, which a few
    /// low samples do not move.
    fn learn(&mut self, t_ms: u32, ears: EyeRatios) {
        self.open_samples.push_back((t_ms, ears));
        while self.open_samples.front().is_some_and(|&(t, _)| t_ms - t > self.limits.learn_ms) {
            self.open_samples.pop_front();
        }
        let first = self.open_samples.front().map_or(t_ms, |&(t, _)| t);
        let enough = self.open_samples.len() >= self.limits.settle_samples && t_ms - first >= self.limits.settle_ms;
        if self.level.is_none() && !enough {
            return;
        }
        let upper_quartile = |eye: fn(&EyeRatios) -> f32| {
            let mut values: Vec<f32> = self.open_samples.iter().map(|(_, ears)| eye(ears)).collect();
            values.sort_by(f32::total_cmp);
            values[(values.len() - 1) * 3 / 4]
        };
        let level = EyeRatios { right: upper_quartile(|e| e.right), left: upper_quartile(|e| e.left) };
        // Below this the lids cannot be told apart; a level learnt with closed eyes ends here.
        let readable = level.right >= self.limits.min_open_level && level.left >= self.limits.min_open_level;
        self.level = readable.then_some(level);
    }

    fn forget_level(&mut self) {
        self.open_samples.clear();
        (self.level, self.dip, self.state) = (None, None, EyeState::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thresholds::Thresholds;

    /// Runs the detector over (milliseconds, right, left) and gives the blinks it counted.
    fn blinks(samples: &[(u32, f32, f32)]) -> Vec<Blink> {
        let mut detector = BlinkDetector::new(Thresholds::V1.blink);
        let readable = |right: f32, left: f32| (right >= 0.0).then_some(EyeRatios { right, left });
        samples.iter().filter_map(|&(t, right, left)| detector.update(t, readable(right, left)).blink).collect()
    }

    /// Two seconds at `every_ms`: both eyes at 0.3, except from 1000 ms on for `closed_ms`, where they have `ears`.
    fn dip(every_ms: u32, closed_ms: u32, ears: (f32, f32)) -> Vec<(u32, f32, f32)> {
        (0..3000 / every_ms)
            .map(|i| i * every_ms)
            .map(|t| if (1000..1000 + closed_ms).contains(&t) { (t, ears.0, ears.1) } else { (t, 0.3, 0.3) })
            .collect()
    }

    #[test]
    fn a_blink_is_found_at_every_frame_rate() {
        for every_ms in [16, 33, 40, 66, 100, 125] {
            let found = blinks(&dip(every_ms, 250, (0.05, 0.06)));
            assert_eq!(found.len(), 1, "every {every_ms} ms: {found:?}");
            assert!(found[0].start_ms.abs_diff(1000) <= every_ms, "every {every_ms} ms: {found:?}");
        }
    }

    #[test]
    fn what_is_no_blink_is_not_counted() {
        let cases = [
            ("a wink of the right eye", dip(33, 250, (0.03, 0.29))),
            ("a squint", dip(33, 250, (0.2, 0.2))),
            ("a long sleep", dip(33, 1800, (0.05, 0.05))),
            ("a one-frame glitch at 60 frames a second", dip(16, 16, (0.05, 0.05))),
            ("eyes that cannot be read", dip(33, 400, (-1.0, -1.0))),
            ("eyes that never open", (0..90).map(|i| (i * 33, 0.05, 0.05)).collect()),
        ];
        for (what, samples) in cases {
            assert_eq!(blinks(&samples), [], "{what}");
        }
    }

    #[test]
    fn lids_that_sink_slowly_are_a_look_down() {
        let sinking = (0..60).map(|i| (i * 33, 0.3 - 0.004 * i as f32, 0.3 - 0.004 * i as f32));
        let samples: Vec<_> = sinking.chain((60..90).map(|i| (i * 33, 0.3, 0.3))).collect();
        assert_eq!(blinks(&samples), []);
    }

    #[test]
    fn a_level_learnt_from_a_stare_is_learnt_anew() {
        let ears = |t: u32| match t {
            0..600 => 0.42,
            600..800 | 3600..3800 => 0.05,
            _ => 0.27,
        };
        let samples: Vec<_> = (0..150).map(|i| i * 33).map(|t| (t, ears(t), ears(t))).collect();
        let found = blinks(&samples);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].start_ms >= 3600);
    }

    #[test]
    fn narrow_eyes_are_judged_by_their_own_level() {
        let narrow = |v: f32| v * 0.55;
        let samples: Vec<_> =
            dip(33, 200, (0.05, 0.05)).into_iter().map(|(t, r, l)| (t, narrow(r), narrow(l))).collect();
        assert_eq!(blinks(&samples).len(), 1);
    }

    #[test]
    fn a_short_loss_in_the_middle_of_a_blink_does_not_lose_it() {
        let mut samples = dip(33, 300, (0.05, 0.05));
        for sample in samples.iter_mut().filter(|s| (1100..1200).contains(&s.0)) {
            *sample = (sample.0, -1.0, -1.0);
        }
        assert_eq!(blinks(&samples).len(), 1);
    }

    #[test]
    fn a_blink_that_began_before_a_long_gap_is_not_counted() {
        let seen = |t: &u32| !(1050..1700).contains(t);
        let closed_into_the_gap = |t: u32| if (1000..1700).contains(&t) { 0.05 } else { 0.3 };
        let samples: Vec<_> =
            (0..90).map(|i| i * 33).filter(seen).map(|t| (t, closed_into_the_gap(t), closed_into_the_gap(t))).collect();
        assert_eq!(blinks(&samples), []);
    }

    #[test]
    fn two_blinks_in_a_row_are_two() {
        let mut samples = dip(33, 200, (0.05, 0.05));
        for sample in samples.iter_mut().filter(|s| (1400..1600).contains(&s.0)) {
            *sample = (sample.0, 0.05, 0.05);
        }
        assert_eq!(blinks(&samples).len(), 2);
    }
}
