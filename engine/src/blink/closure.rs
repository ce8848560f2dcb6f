//! A closure: both eyes closed, and not open again yet. Knows where it began, how deep it went, and whether it was a blink.

use std::collections::VecDeque;

use super::Blink;
use crate::thresholds::BlinkThresholds;

/// What was seen of a closure so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closure {
    /// First sample on the way down.
    start_ms: u32,
    /// Last sample before it.
    last_open_ms: u32,
    lowest: f32,
    lowest_ms: u32,
    /// Samples at or below the coarse limit of closed eyes.
    samples: u32,
    /// Samples of eyes that were not open, those on the way down among them.
    narrowed: u32,
    /// Samples lie so far apart that the deepest moment may have been missed.
    is_coarse: bool,
    /// The eyes were seen open before, not just opened from another closure, and closed fast: lids that sink slowly look
    /// down, or fall asleep.
    fast: bool,
}

impl Closure {
    /// The closure whose first closed sample is this one, after `history`: times and openness of the samples before.
    /// `opened_ms`: when the closure before it was over. `is_coarse`: the sample before lies far back.
    pub(super) fn begin(
        history: &VecDeque<(u32, f32)>,
        opened_ms: Option<u32>,
        (t_ms, openness): (u32, f32),
        is_coarse: bool,
        limits: &BlinkThresholds,
    ) -> Closure {
        // Open is what this person had just before, if that was less than their level.
        let highest = history.iter().map(|&(_, openness)| openness).fold(0.0, f32::max).min(1.0);
        let is_open = |&(_, openness): &(u32, f32)| openness >= limits.onset_ratio * highest;
        let last_open = history.iter().rposition(is_open);
        let start_ms = last_open.and_then(|i| history.get(i + 1)).map_or(t_ms, |&(t, _)| t);
        let on_the_way = history.iter().skip(last_open.map_or(history.len(), |i| i + 1));
        let is_from_open = last_open.is_some() && highest >= limits.open_ratio;
        let is_rested = opened_ms.is_none_or(|opened| start_ms - opened.min(start_ms) >= limits.refractory_ms);
        Closure {
            start_ms,
            last_open_ms: last_open.map_or(start_ms, |i| history[i].0),
            lowest: openness,
            lowest_ms: t_ms,
            samples: 1,
            narrowed: 1 + on_the_way.filter(|&&(_, openness)| openness < limits.open_ratio).count() as u32,
            is_coarse,
            fast: is_from_open && is_rested && t_ms - start_ms <= limits.max_closing_ms,
        }
    }

    /// Takes in the next sample.
    pub(super) fn take_in(&mut self, t_ms: u32, openness: f32, limits: &BlinkThresholds) {
        if openness < self.lowest {
            (self.lowest, self.lowest_ms) = (openness, t_ms);
        }
        self.samples += u32::from(openness <= limits.closed_ratio_coarse);
        self.narrowed += u32::from(openness < limits.open_ratio);
    }

    /// Whether the eyes are open again.
    pub(super) fn is_over(&self, openness: f32, limits: &BlinkThresholds) -> bool {
        openness >= limits.open_ratio.max(self.lowest + limits.min_rise)
    }

    /// How long it has lasted at `t_ms`.
    pub(super) fn lasted_ms(&self, t_ms: u32) -> u32 {
        t_ms - self.start_ms
    }

    /// What this was, with eyes that are open again at `end_ms`: a blink if it was short. `None` if the eyes were not
    /// closed fast from open, or not really closed.
    pub(super) fn ended(&self, end_ms: u32, limits: &BlinkThresholds) -> Option<Blink> {
        let long_enough = end_ms - self.last_open_ms >= limits.min_blink_ms;
        let counted = self.fast && long_enough && self.is_deep_enough(end_ms, limits);
        counted.then_some(Blink { start_ms: self.start_ms, closed_ms: self.lowest_ms, end_ms })
    }

    fn is_deep_enough(&self, end_ms: u32, limits: &BlinkThresholds) -> bool {
        if self.lasted_ms(end_ms) > limits.lasting_ms {
            return self.lowest <= limits.lasting_ratio;
        }
        if self.narrowed == 1 && !self.is_coarse {
            // Lids take longer than that to go down and come up; those of a print that swings seem down for a moment.
            return self.lowest <= limits.lone_ratio;
        }
        // Where several samples saw the lids down, the deepest moment was not missed.
        self.samples == 1 || self.lowest <= limits.closed_ratio
    }
}
