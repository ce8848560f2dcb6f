//! An eye closure: both eyes have closed and not opened again yet. Tracks where it began, how deep it went, and whether
//! it was a blink.

use std::collections::VecDeque;

use super::update::Blink;
use crate::thresholds::BlinkThresholds;

/// An eye closure as seen so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct EyeClosure {
    /// First sample of closing lids.
    start_ms: u32,
    /// Last sample before that.
    last_open_ms: u32,
    lowest: f32,
    lowest_ms: u32,
    /// Last closed sample.
    closed_ms: u32,
    /// Samples at or below the coarse limit for closed eyes.
    samples: u32,
    /// Samples of eyes that were not open, including closing ones.
    narrowed: u32,
    /// Since when the eyes have been at least half open again.
    held_since_ms: Option<u32>,
    /// Samples are so far apart that the deepest moment may have been missed.
    is_coarse: bool,
    /// The eyes could be read all along for the last moments.
    is_steady: bool,
    /// The eyes were seen open before (not just reopened after another eye closure) and closed fast: lids that sink
    /// slowly belong to someone who looks down or falls asleep.
    fast: bool,
}

impl EyeClosure {
    /// Starts with the first closed sample. `history`: times and openness of the samples before it. `opened_ms`: when
    /// the previous eye closure ended. `unread_ms`: when the eyes last could not be read.
    /// `is_coarse`: the previous sample is long ago.
    pub(super) fn begin(
        history: &VecDeque<(u32, f32)>,
        opened_ms: Option<u32>,
        unread_ms: Option<u32>,
        (t_ms, openness): (u32, f32),
        is_coarse: bool,
        limits: &BlinkThresholds,
    ) -> EyeClosure {
        // "Open" is relative to the opening just before, if that was less than the open level.
        let highest = history.iter().map(|&(_, openness)| openness).fold(0.0, f32::max).min(1.0);
        let is_open = |&(_, openness): &(u32, f32)| openness >= limits.onset_ratio * highest;
        let last_open = history.iter().rposition(is_open);
        let start_ms = last_open.and_then(|i| history.get(i + 1)).map_or(t_ms, |&(t, _)| t);
        let closing = history.iter().skip(last_open.map_or(history.len(), |i| i + 1));
        let is_from_open = last_open.is_some() && highest >= limits.from_ratio;
        let is_rested = opened_ms.is_none_or(|opened| start_ms - opened.min(start_ms) >= limits.refractory_ms);
        EyeClosure {
            start_ms,
            last_open_ms: last_open.map_or(start_ms, |i| history[i].0),
            lowest: openness,
            lowest_ms: t_ms,
            closed_ms: t_ms,
            samples: 1,
            narrowed: 1 + closing.filter(|&&(_, openness)| openness < limits.open_ratio).count() as u32,
            held_since_ms: None,
            is_coarse,
            is_steady: unread_ms.is_none_or(|unread| t_ms - unread >= limits.steady_ms),
            fast: is_from_open && is_rested && t_ms - start_ms <= limits.max_closing_ms,
        }
    }

    /// Adds the next sample.
    pub(super) fn push(&mut self, t_ms: u32, openness: f32, is_closed: bool, limits: &BlinkThresholds) {
        if is_closed {
            self.closed_ms = t_ms;
        }
        if openness < self.lowest {
            (self.lowest, self.lowest_ms) = (openness, t_ms);
        }
        let is_held = openness >= limits.held_ratio.max(self.lowest + limits.min_rise);
        self.held_since_ms = is_held.then(|| self.held_since_ms.unwrap_or(t_ms));
        self.samples += u32::from(openness <= limits.closed_ratio_coarse);
        self.narrowed += u32::from(openness < limits.open_ratio);
    }

    /// Whether the eyes are open again.
    pub(super) fn is_over(&self, t_ms: u32, openness: f32, limits: &BlinkThresholds) -> bool {
        openness >= limits.open_ratio.max(self.lowest + limits.min_rise)
            || self.held_since_ms.is_some_and(|since| t_ms - since >= limits.held_ms)
    }

    /// How long the eye closure has lasted at `t_ms`.
    fn lasted_ms(&self, t_ms: u32) -> u32 {
        t_ms - self.start_ms
    }

    /// Whether the lids have been half open for so long, after a blink at most, that this is their new level. Lids that were
    /// held closed take their time to open too.
    pub(super) fn is_new_level(&self, t_ms: u32, limits: &BlinkThresholds) -> bool {
        self.lasted_ms(t_ms) > limits.max_blink_ms + limits.relearn_ms && t_ms - self.closed_ms > limits.relearn_ms
    }

    /// The complete eye closure, with eyes that are open again at `end_ms`. `None` if the eyes did not close fast from
    /// open, or not fully.
    pub(super) fn ended(&self, end_ms: u32, limits: &BlinkThresholds) -> Option<Blink> {
        let long_enough = end_ms - self.last_open_ms >= limits.min_blink_ms;
        let counted = self.fast && long_enough && self.is_deep_enough(end_ms, limits);
        counted.then_some(Blink { start_ms: self.start_ms, closed_ms: self.lowest_ms, end_ms })
    }

    fn is_deep_enough(&self, end_ms: u32, limits: &BlinkThresholds) -> bool {
        let is_too_shallow = self.lowest > limits.shallow_ratio && !self.is_steady;
        if is_too_shallow || self.lowest > limits.depth_after(self.lasted_ms(end_ms)) {
            return false;
        }
        if self.narrowed == 1 && !self.is_coarse {
            // Real lids take longer than one sample to close and open. Those of a swinging print look closed for a
            // moment.
            let limit = if self.is_steady { limits.lone_ratio } else { limits.lone_unsteady_ratio };
            return self.lowest <= limit;
        }
        // If several samples saw closed lids, the deepest moment was not missed.
        self.samples == 1 || self.lowest <= limits.closed_ratio
    }
}
