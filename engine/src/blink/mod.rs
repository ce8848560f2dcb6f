//! Blink detection: eye-aspect-ratio samples in, completed blinks out. Knows no pixels, models or clocks.
//!
//! Both eyes are judged against the person's own open level, learnt from the last open samples and frozen while the lids
//! are down. A blink is both eyes closing fast from open, and opening again soon. Everything is in milliseconds, so that
//! 8 and 60 samples a second give the same answer, as far as a blink leaves a sample at all.

mod closure;
mod level;

use std::collections::VecDeque;

use closure::Closure;
use level::OpenLevel;
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
    /// The closure that this sample ended: as a blink, however long.
    pub closure: Option<Blink>,
}

/// Finds blinks in a series of samples.
#[derive(Clone, Debug)]
pub struct BlinkDetector {
    limits: BlinkThresholds,
    level: OpenLevel,
    /// Openness of the last samples outside a closure, to find where one began.
    history: VecDeque<(u32, f32)>,
    closure: Option<Closure>,
    state: EyeState,
    read_at_ms: Option<u32>,
    /// Since when the eyes have not been open.
    narrowed_since_ms: Option<u32>,
    /// When the last closure was over.
    opened_ms: Option<u32>,
}

impl BlinkDetector {
    /// A detector that has seen nothing.
    pub fn new(limits: BlinkThresholds) -> BlinkDetector {
        BlinkDetector {
            limits,
            level: OpenLevel::default(),
            history: VecDeque::new(),
            closure: None,
            state: EyeState::Unknown,
            read_at_ms: None,
            narrowed_since_ms: None,
            opened_ms: None,
        }
    }

    /// A detector that knows how far the eyes open, and takes them for open.
    pub(crate) fn with_level(limits: BlinkThresholds, level: EyeRatios) -> BlinkDetector {
        let level = OpenLevel::known(level);
        BlinkDetector { level, state: EyeState::Open, ..BlinkDetector::new(limits) }
    }

    /// Takes the next sample: `ears` is `None` where the eyes could not be read. Times must not go back.
    pub fn update(&mut self, t_ms: u32, ears: Option<EyeRatios>) -> BlinkUpdate {
        let since_read = self.read_at_ms.map_or(0, |last| t_ms - last);
        // Whatever the lids did in a long gap, nobody saw it: what had begun before is no blink any more.
        if since_read > self.limits.max_gap_ms {
            self.closure = None;
            self.narrowed_since_ms = None;
            self.history.clear();
            self.state = EyeState::Unknown;
        }
        let Some(ears) = ears else {
            return BlinkUpdate { state: self.state, openness: None, blink: None, closure: None };
        };
        self.read_at_ms = Some(t_ms);
        let Some(level) = self.level.get() else {
            self.level.learn(t_ms, ears, &self.limits);
            self.state = if self.level.get().is_some() { EyeState::Open } else { EyeState::Unknown };
            return BlinkUpdate { state: self.state, openness: None, blink: None, closure: None };
        };
        let right = ears.right / level.right;
        let left = ears.left / level.left;
        let openness = (right + left) / 2.0;
        let is_closed = openness <= self.closed_ratio(since_read)
            && right.max(left) <= self.limits.closed_each_ratio
            && ears.mean() <= self.limits.max_closed_ear;
        let closure = match self.closure {
            None if is_closed => {
                self.begin_closure(t_ms, openness, since_read);
                None
            }
            None => {
                self.watch_open(t_ms, openness, ears);
                None
            }
            Some(closure) => self.follow(closure, t_ms, openness, is_closed),
        };
        let blink = closure.filter(|closure| closure.end_ms - closure.start_ms <= self.limits.max_blink_ms);
        BlinkUpdate { state: self.state, openness: Some(openness), blink, closure }
    }

    /// The person's open level, once it is known.
    pub fn open_level(&self) -> Option<EyeRatios> {
        self.level.get()
    }

    /// The deepest moment of a blink often falls between two samples that lie far apart.
    fn closed_ratio(&self, since_read_ms: u32) -> f32 {
        let limits = &self.limits;
        if since_read_ms >= limits.coarse_ms { limits.closed_ratio_coarse } else { limits.closed_ratio }
    }

    /// No closure: the eyes are open, or narrowed, or on their way down.
    fn watch_open(&mut self, t_ms: u32, openness: f32, ears: EyeRatios) {
        let limits = &self.limits;
        self.state = if openness >= limits.onset_ratio { EyeState::Open } else { EyeState::Closing };
        self.history.push_back((t_ms, openness));
        while self.history.front().is_some_and(|&(t, _)| t_ms - t > limits.look_back_ms) {
            self.history.pop_front();
        }
        if openness >= limits.learn_ratio {
            self.narrowed_since_ms = None;
            self.level.learn(t_ms, ears, limits);
            return;
        }
        // Lids that stay half down are a new level, not a blink: somebody squints, or stared when it was learnt.
        self.level.consider(t_ms, ears, limits);
        let since = *self.narrowed_since_ms.get_or_insert(t_ms);
        if t_ms - since > limits.relearn_ms {
            self.level.adopt_narrowed(limits);
            self.narrowed_since_ms = None;
            // The history holds shares of the old level; of the new one, these eyes are open.
            self.history.clear();
            self.history.push_back((t_ms, 1.0));
        }
    }

    fn begin_closure(&mut self, t_ms: u32, openness: f32, since_read_ms: u32) {
        let is_coarse = since_read_ms >= self.limits.coarse_ms;
        self.closure = Some(Closure::begin(&self.history, self.opened_ms, (t_ms, openness), is_coarse, &self.limits));
        self.history.clear();
        self.state = EyeState::Closed;
    }

    /// Returns the closure that this sample ended.
    fn follow(&mut self, mut closure: Closure, t_ms: u32, openness: f32, is_closed: bool) -> Option<Blink> {
        let limits = &self.limits;
        closure.take_in(t_ms, openness, limits);
        if closure.is_over(openness, limits) {
            self.closure = None;
            self.opened_ms = Some(t_ms);
            self.history.push_back((t_ms, openness));
            self.state = EyeState::Open;
            return closure.ended(t_ms, limits);
        }
        self.closure = Some(closure);
        self.state = if is_closed { EyeState::Closed } else { EyeState::Opening };
        if !is_closed && closure.lasted_ms(t_ms) > limits.max_blink_ms + limits.relearn_ms {
            self.forget_level();
        }
        None
    }

    fn forget_level(&mut self) {
        self.level = OpenLevel::default();
        self.history.clear();
        (self.closure, self.narrowed_since_ms, self.state) = (None, None, EyeState::Unknown);
    }
}

#[cfg(test)]
mod tests;
