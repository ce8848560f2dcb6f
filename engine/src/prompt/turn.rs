//! The head in a round: the yaw of each sample in; whether the head rests, and how it turned and came back, out. Knows
//! times and tenths of a degree, but no pixels.

use std::collections::VecDeque;

use super::{Gesture, Outcome};
use crate::thresholds::PromptThresholds;

/// A turn that was made as asked: the times of the samples that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// [`Gesture::TurnLeft`] or [`Gesture::TurnRight`].
    pub gesture: Gesture,
    /// The last sample before the head began to turn.
    pub rest_ms: u32,
    /// The sample with the head turned furthest.
    pub peak_ms: u32,
    /// The first sample with the head back where it was.
    pub back_ms: u32,
}

impl Turn {
    /// The times of the samples that show it, in order.
    pub fn times(&self) -> [u32; 3] {
        [self.rest_ms, self.peak_ms, self.back_ms]
    }
}

impl Gesture {
    /// The sign of the yaw of a head that turns as asked; `None` for gestures of the lids.
    pub fn side(self) -> Option<i32> {
        match self {
            Gesture::TurnLeft => Some(1),
            Gesture::TurnRight => Some(-1),
            Gesture::Once | Gesture::Twice | Gesture::Hold => None,
        }
    }

    /// Whether the head turns.
    pub fn is_turn(self) -> bool {
        self.side().is_some()
    }
}

/// Watches the head while nothing is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct RestingHead {
    /// Time and yaw of the latest samples.
    recent: VecDeque<(u32, i32)>,
    /// The yaw nearest to the camera so far, without its sign.
    least: Option<i32>,
}

impl RestingHead {
    /// Takes the next sample. Returns whether the head has turned away since it was seen nearer to the camera.
    pub(super) fn push(&mut self, t_ms: u32, yaw: Option<i32>, limits: &PromptThresholds) -> bool {
        while self.recent.front().is_some_and(|&(t, _)| t + limits.rest_ms < t_ms) {
            self.recent.pop_front();
        }
        let Some(yaw) = yaw else { return false };
        self.recent.push_back((t_ms, yaw));
        let least = self.least.map_or(yaw.abs(), |least| least.min(yaw.abs()));
        self.least = Some(least);
        yaw.abs() - least >= tenths(limits.min_turn_deg)
    }

    /// Where the head rests, if it does: it was read during the last moments and hardly moved.
    pub(super) fn rest(&self, limits: &PromptThresholds) -> Option<i32> {
        let mut yaws: Vec<i32> = self.recent.iter().map(|&(_, yaw)| yaw).collect();
        yaws.sort_unstable();
        let spread = yaws.last()? - yaws.first()?;
        (yaws.len() > 1 && spread <= tenths(limits.max_jitter_deg)).then(|| yaws[yaws.len() / 2])
    }

    /// The same for a head that is about to turn, which must face the camera.
    pub(super) fn frontal(&self, limits: &PromptThresholds) -> Option<i32> {
        self.rest(limits).filter(|yaw| yaw.abs() <= tenths(limits.max_rest_deg))
    }
}

/// Follows a turn from the sample in which it was asked for.
#[derive(Clone, Debug)]
pub(super) struct TurnWatch {
    gesture: Gesture,
    /// Yaw at rest.
    rest: i32,
    asked_ms: u32,
    rest_ms: u32,
    /// When the head began to turn.
    begun_ms: Option<u32>,
    /// When it was turned far enough.
    turned_ms: Option<u32>,
    /// When it was asked to come back.
    tone_ms: Option<u32>,
    /// When it left the side.
    left_ms: Option<u32>,
    /// When it was back.
    back_ms: Option<u32>,
    /// How far it was turned at most, and when.
    peak: (i32, u32),
}

impl TurnWatch {
    pub(super) fn new(gesture: Gesture, rest: i32, asked_ms: u32) -> TurnWatch {
        let (begun_ms, turned_ms, tone_ms, left_ms, back_ms) = (None, None, None, None, None);
        let peak = (0, asked_ms);
        TurnWatch { gesture, rest, asked_ms, rest_ms: asked_ms, begun_ms, turned_ms, tone_ms, left_ms, back_ms, peak }
    }

    /// When the head was asked to come back.
    pub(super) fn tone_ms(&self) -> Option<u32> {
        self.tone_ms
    }

    /// The turn, once the head is back.
    pub(super) fn turn(&self) -> Option<Turn> {
        let TurnWatch { gesture, rest_ms, peak: (_, peak_ms), .. } = *self;
        self.back_ms.map(|back_ms| Turn { gesture, rest_ms, peak_ms, back_ms })
    }

    /// Takes the next sample. `hold_ms`: how long to stay turned.
    pub(super) fn push(
        &mut self,
        t_ms: u32,
        yaw: Option<i32>,
        hold_ms: u32,
        limits: &PromptThresholds,
    ) -> Option<Outcome> {
        if let Some(turned_ms) = self.turned_ms
            && self.tone_ms.is_none()
            && t_ms >= turned_ms + hold_ms
        {
            self.tone_ms = Some(t_ms);
        }
        let side = self.gesture.side().unwrap_or(1);
        let turned = yaw.map(|yaw| side * (yaw - self.rest));
        if turned.is_some_and(|turned| turned < -tenths(limits.max_sway_deg)) {
            return Some(Outcome::Missed);
        }
        match (self.turned_ms, self.left_ms) {
            (None, _) => self.turn_away(t_ms, turned, limits),
            (_, None) => self.stay(t_ms, turned, limits),
            (_, Some(left_ms)) => self.come_back(left_ms, t_ms, turned, limits),
        }
    }

    fn turn_away(&mut self, t_ms: u32, turned: Option<i32>, limits: &PromptThresholds) -> Option<Outcome> {
        if let Some(turned) = turned {
            if turned < tenths(limits.turn_onset_deg) {
                (self.begun_ms, self.rest_ms) = (None, t_ms);
            } else {
                self.begun_ms.get_or_insert(t_ms);
            }
            if self.begun_ms > Some(self.asked_ms + limits.max_turn_response_ms) {
                return Some(Outcome::Missed);
            }
            if turned >= tenths(limits.min_turn_deg) {
                // Whether it came too early shows only now: heads that rest sway, too.
                if self.begun_ms < Some(self.asked_ms + limits.min_response_ms) {
                    return Some(Outcome::Early);
                }
                (self.turned_ms, self.peak) = (Some(t_ms), (turned, t_ms));
            }
        }
        let latest_ms = self.begun_ms.unwrap_or(self.asked_ms + limits.max_turn_response_ms) + limits.max_turning_ms;
        (t_ms > latest_ms).then_some(Outcome::Missed)
    }

    fn stay(&mut self, t_ms: u32, turned: Option<i32>, limits: &PromptThresholds) -> Option<Outcome> {
        if let Some(turned) = turned {
            if turned > self.peak.0 {
                self.peak = (turned, t_ms);
            }
            if turned < tenths(limits.leave_deg).max(self.peak.0 / 2) {
                self.left_ms = Some(t_ms);
            }
        }
        match (self.tone_ms, self.left_ms) {
            (Some(tone_ms), None) => (t_ms > tone_ms + limits.max_turn_response_ms).then_some(Outcome::Missed),
            (Some(tone_ms), Some(left_ms)) => {
                let window = limits.min_tone_response_ms..=limits.max_turn_response_ms;
                let in_time = left_ms.checked_sub(tone_ms).is_some_and(|response_ms| window.contains(&response_ms));
                if in_time { self.come_back(left_ms, t_ms, turned, limits) } else { Some(Outcome::Missed) }
            }
            (None, Some(_)) => Some(Outcome::Missed),
            (None, None) => None,
        }
    }

    fn come_back(
        &mut self,
        left_ms: u32,
        t_ms: u32,
        turned: Option<i32>,
        limits: &PromptThresholds,
    ) -> Option<Outcome> {
        if self.back_ms.is_none() && turned.is_some_and(|turned| turned <= tenths(limits.back_deg)) {
            self.back_ms = Some(t_ms);
        }
        match self.back_ms {
            Some(back_ms) => (t_ms >= back_ms + limits.settled_ms).then_some(Outcome::Done),
            None => (t_ms > left_ms + limits.max_turning_ms).then_some(Outcome::Missed),
        }
    }
}

/// Degrees in the unit of recorded yaws.
pub(super) fn tenths(degrees: i32) -> i32 {
    degrees * 10
}
