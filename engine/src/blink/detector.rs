//! The detector: one sample at a time in, what it changed out.

use std::collections::VecDeque;

use super::eye_closure::EyeClosure;
use super::level::OpenLevel;
use super::update::{Blink, BlinkUpdate, EyeState};
use crate::ear::EyeRatios;
use crate::thresholds::BlinkThresholds;

/// Finds blinks in a series of samples.
#[derive(Clone, Debug)]
pub struct BlinkDetector {
    limits: BlinkThresholds,
    level: OpenLevel,
    /// Openness of the latest samples outside an eye closure, to find where one began.
    history: VecDeque<(u32, f32)>,
    eye_closure: Option<EyeClosure>,
    state: EyeState,
    read_at_ms: Option<u32>,
    /// When the eyes last could not be read.
    unread_ms: Option<u32>,
    /// Since when the eyes have not been open.
    narrowed_since_ms: Option<u32>,
    /// When the last eye closure ended.
    opened_ms: Option<u32>,
}

impl BlinkDetector {
    /// A detector that has seen nothing.
    pub fn new(limits: BlinkThresholds) -> BlinkDetector {
        BlinkDetector {
            limits,
            level: OpenLevel::default(),
            history: VecDeque::new(),
            eye_closure: None,
            state: EyeState::Unknown,
            read_at_ms: None,
            unread_ms: None,
            narrowed_since_ms: None,
            opened_ms: None,
        }
    }

    /// A detector that knows the open level already and starts with open eyes.
    pub(crate) fn with_level(limits: BlinkThresholds, level: EyeRatios) -> BlinkDetector {
        let level = OpenLevel::known(level);
        BlinkDetector { level, state: EyeState::Open, ..BlinkDetector::new(limits) }
    }

    /// Takes the next sample. `ears` is `None` if the eyes could not be read. Times must not decrease.
    pub fn update(&mut self, t_ms: u32, ears: Option<EyeRatios>) -> BlinkUpdate {
        let since_read = self.read_at_ms.map_or(0, |last| t_ms - last);
        // Nobody saw what the lids did during a long gap, so an eye closure that began before it cannot count as a
        // blink.
        if since_read > self.limits.max_gap_ms {
            self.eye_closure = None;
            self.narrowed_since_ms = None;
            self.history.clear();
            self.state = EyeState::Unknown;
        }
        let Some(ears) = ears else {
            self.unread_ms = Some(t_ms);
            return BlinkUpdate::of_state(self.state);
        };
        self.read_at_ms = Some(t_ms);
        let Some(level) = self.level.get() else {
            self.level.learn(t_ms, ears, &self.limits);
            self.state = EyeState::Unknown;
            if self.level.get().is_some() {
                self.state = EyeState::Open;
                self.history.push_back((t_ms, 1.0));
            }
            return BlinkUpdate::of_state(self.state);
        };
        let right = ears.right / level.right;
        let left = ears.left / level.left;
        let openness = (right + left) / 2.0;
        let limits = &self.limits;
        let is_closed = openness <= limits.at_interval(since_read, limits.closed_ratio, limits.closed_ratio_coarse)
            && right.max(left) <= limits.closed_each_ratio
            && (right - left).abs() <= limits.max_eye_difference
            && ears.mean() <= limits.at_interval(since_read, limits.max_closed_ear, limits.max_closed_ear_coarse);
        let eye_closure = match self.eye_closure {
            None if is_closed => {
                self.begin_eye_closure(t_ms, openness, since_read);
                None
            }
            None => {
                self.watch_open(t_ms, openness, ears);
                None
            }
            Some(eye_closure) => self.follow(eye_closure, t_ms, openness, is_closed),
        };
        let blink = eye_closure.filter(|ended| ended.end_ms - ended.start_ms <= self.limits.max_blink_ms);
        BlinkUpdate { state: self.state, openness: Some(openness), blink, eye_closure }
    }

    /// The person's open level, once it is known.
    pub fn open_level(&self) -> Option<EyeRatios> {
        self.level.get()
    }

    /// Outside an eye closure: the eyes are open, narrowed or closing.
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
        // Lids that stay half closed are a new level, not a blink: the person squints, or stared while the level was
        // learnt.
        self.level.consider(t_ms, ears, limits);
        let since = *self.narrowed_since_ms.get_or_insert(t_ms);
        if t_ms - since > limits.relearn_ms {
            self.level.adopt_narrowed(limits);
            self.narrowed_since_ms = None;
            // The history holds shares of the old level; by the new one these eyes are open.
            self.history.clear();
            self.history.push_back((t_ms, 1.0));
        }
    }

    fn begin_eye_closure(&mut self, t_ms: u32, openness: f32, since_read_ms: u32) {
        let is_coarse = since_read_ms >= self.limits.lone_ms;
        let sample = (t_ms, openness);
        self.eye_closure =
            Some(EyeClosure::begin(&self.history, self.opened_ms, self.unread_ms, sample, is_coarse, &self.limits));
        self.history.clear();
        self.state = EyeState::Closed;
    }

    /// Follows an eye closure; returns it once this sample ended it.
    fn follow(&mut self, mut eye_closure: EyeClosure, t_ms: u32, openness: f32, is_closed: bool) -> Option<Blink> {
        let limits = &self.limits;
        eye_closure.push(t_ms, openness, is_closed, limits);
        if eye_closure.is_over(t_ms, openness, limits) {
            self.eye_closure = None;
            self.opened_ms = Some(t_ms);
            self.history.push_back((t_ms, openness));
            self.state = EyeState::Open;
            return eye_closure.ended(t_ms, limits);
        }
        self.eye_closure = Some(eye_closure);
        self.state = if is_closed { EyeState::Closed } else { EyeState::Opening };
        if !is_closed && eye_closure.is_new_level(t_ms, limits) {
            self.forget_level();
        }
        None
    }

    fn forget_level(&mut self) {
        self.level = OpenLevel::default();
        self.history.clear();
        (self.eye_closure, self.narrowed_since_ms, self.state) = (None, None, EyeState::Unknown);
    }
}
