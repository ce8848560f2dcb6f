//! One round: what the lids and the head do after a cue was revealed in, the outcome out. Knows times but no pixels.

use super::turn::{RestingHead, Turn, TurnWatch, tenths};
use super::{Cue, Gesture, Outcome};
use crate::blink::{Blink, BlinkUpdate, EyeState};
use crate::thresholds::PromptThresholds;

/// Follows one round from sample to sample.
#[derive(Clone, Debug)]
pub struct Round {
    cue: Cue,
    received_ms: u32,
    /// From when on the delay counts: eyes and head could be seen all along since then.
    ready_ms: u32,
    asked_ms: Option<u32>,
    /// First closed sample of the current eye closure.
    closed_since_ms: Option<u32>,
    tone_ms: Option<u32>,
    eye_closures: Vec<Blink>,
    resting_head: RestingHead,
    /// Where the head rested when the gesture was asked for, in tenths of a degree.
    rest: Option<i32>,
    /// Since when the head has been away from there.
    away_since_ms: Option<u32>,
    /// The turn that is asked for.
    turn: Option<TurnWatch>,
}

/// The stage of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is asked for yet.
    Waiting,
    /// The gesture is asked for.
    Asked,
    /// The tone has sounded: the eyes may open, the head may come back.
    Tone,
}

impl Round {
    /// A round whose cue was received at `received_ms` of the recording.
    pub fn new(cue: Cue, received_ms: u32) -> Round {
        Round {
            cue,
            received_ms,
            ready_ms: received_ms,
            asked_ms: None,
            closed_since_ms: None,
            tone_ms: None,
            eye_closures: Vec::new(),
            resting_head: RestingHead::default(),
            rest: None,
            away_since_ms: None,
            turn: None,
        }
    }

    /// The cue.
    pub fn cue(&self) -> &Cue {
        &self.cue
    }

    /// When the cue was received.
    pub fn received_ms(&self) -> u32 {
        self.received_ms
    }

    /// When the gesture was asked for: the first sample after the delay with open eyes and a head that rests.
    pub fn asked_ms(&self) -> Option<u32> {
        self.asked_ms
    }

    /// The eye closures of the gesture so far.
    pub fn eye_closures(&self) -> &[Blink] {
        &self.eye_closures
    }

    /// The turn, if one was asked for and the head is back.
    pub fn turn(&self) -> Option<Turn> {
        self.turn.as_ref()?.turn()
    }

    /// The stage of the round.
    pub fn stage(&self) -> Stage {
        let tone_ms = self.tone_ms.or_else(|| self.turn.as_ref()?.tone_ms());
        match (self.asked_ms, tone_ms) {
            (None, _) => Stage::Waiting,
            (_, None) => Stage::Asked,
            _ => Stage::Tone,
        }
    }

    /// Takes the next sample. `yaw` is that of the head in tenths of a degree, if it could be read. The round is over
    /// once this has returned an outcome.
    pub fn push(
        &mut self,
        t_ms: u32,
        update: &BlinkUpdate,
        yaw: Option<i32>,
        limits: &PromptThresholds,
    ) -> Option<Outcome> {
        // What was recorded before the cue was received says nothing about the answer.
        if t_ms < self.received_ms {
            return None;
        }
        let Some(asked_ms) = self.asked_ms else { return self.wait(t_ms, update, yaw, limits) };
        if let Some(turn) = &mut self.turn {
            return turn.push(t_ms, yaw, self.cue.hold_ms, limits);
        }
        if self.sways(t_ms, yaw, limits) {
            return Some(Outcome::Missed);
        }
        self.follow_lids(t_ms, update.state);
        let outcome = match update.eye_closure {
            Some(eye_closure) => self.judge(asked_ms, eye_closure, limits),
            None => self.judge_time(asked_ms, t_ms, limits),
        };
        if update.state != EyeState::Closed && update.state != EyeState::Opening {
            self.closed_since_ms = None;
        }
        outcome
    }

    /// Before the gesture is asked for. What cannot be seen starts the delay anew, so that nobody can choose the moment at
    /// which it ends.
    fn wait(
        &mut self,
        t_ms: u32,
        update: &BlinkUpdate,
        yaw: Option<i32>,
        limits: &PromptThresholds,
    ) -> Option<Outcome> {
        let is_turn = self.cue.gesture.is_turn();
        let turned = self.resting_head.push(t_ms, yaw, limits);
        let rest = if is_turn { self.resting_head.frontal(limits) } else { self.resting_head.rest(limits) };
        let closure = update.eye_closure.filter(|&eye_closure| self.counts(eye_closure, limits));
        let (old, new) = (closure.is_some_and(|c| c.start_ms < self.received_ms), closure.is_some());
        let can_be_seen = rest.is_some() && (is_turn || update.state != EyeState::Unknown);
        if !can_be_seen || old {
            self.ready_ms = t_ms;
        }
        let due_ms = self.ready_ms + self.cue.delay_ms;
        let eyes_are_open = update.state == EyeState::Open && update.eye_closure.is_none();
        let stays_closed = !is_turn && !eyes_are_open && t_ms > due_ms + limits.max_stray_ms;
        if turned || (new && !old) || stays_closed {
            return Some(Outcome::Early);
        }
        if t_ms >= due_ms && (is_turn || eyes_are_open) {
            (self.asked_ms, self.rest) = (Some(t_ms), rest);
            self.turn = rest.filter(|_| is_turn).map(|rest| TurnWatch::new(self.cue.gesture, rest, t_ms));
        }
        let latest_ms = self.received_ms + self.cue.delay_ms + limits.patience_ms;
        (self.asked_ms.is_none() && t_ms > latest_ms).then_some(Outcome::Missed)
    }

    /// Whether an eye closure says anything about the gesture. Everyone blinks while their head turns or before they
    /// close their eyes for longer.
    fn counts(&self, eye_closure: Blink, limits: &PromptThresholds) -> bool {
        match self.cue.gesture {
            Gesture::Once | Gesture::Twice => true,
            Gesture::Hold => eye_closure.end_ms - eye_closure.start_ms > limits.max_stray_ms,
            Gesture::TurnLeft | Gesture::TurnRight => false,
        }
    }

    /// Whether the head has been away from where it rested for a moment. One sample may be misread, and heads twitch in a
    /// blink.
    fn sways(&mut self, t_ms: u32, yaw: Option<i32>, limits: &PromptThresholds) -> bool {
        let (Some(rest), Some(yaw)) = (self.rest, yaw) else { return false };
        if (yaw - rest).abs() <= tenths(limits.max_sway_deg) {
            self.away_since_ms = None;
            return false;
        }
        t_ms >= *self.away_since_ms.get_or_insert(t_ms) + limits.settled_ms
    }

    fn follow_lids(&mut self, t_ms: u32, state: EyeState) {
        if state != EyeState::Closed {
            return;
        }
        let since_ms = *self.closed_since_ms.get_or_insert(t_ms);
        if self.cue.gesture == Gesture::Hold && self.tone_ms.is_none() && t_ms >= since_ms + self.cue.hold_ms {
            self.tone_ms = Some(t_ms);
        }
    }

    /// The eyes have opened again.
    fn judge(&mut self, asked_ms: u32, eye_closure: Blink, limits: &PromptThresholds) -> Option<Outcome> {
        if !self.counts(eye_closure, limits) {
            return None;
        }
        let latest_ms = match self.eye_closures.last() {
            None if eye_closure.start_ms < asked_ms + limits.min_response_ms => return Some(Outcome::Early),
            None => asked_ms + limits.max_response_ms,
            Some(last) => last.end_ms + limits.max_between_ms,
        };
        self.eye_closures.push(eye_closure);
        if eye_closure.start_ms > latest_ms {
            return Some(Outcome::Missed);
        }
        if self.cue.gesture == Gesture::Hold {
            let window = limits.min_tone_response_ms..=limits.max_tone_response_ms;
            let heard = self.tone_ms.is_some_and(|tone_ms| {
                eye_closure.end_ms.checked_sub(tone_ms).is_some_and(|response_ms| window.contains(&response_ms))
            });
            return (!heard).then_some(Outcome::Missed);
        }
        if eye_closure.end_ms - eye_closure.start_ms > limits.max_short_ms {
            return Some(Outcome::Missed);
        }
        // One blink too many: people blink.
        (self.eye_closures.len() > self.wanted()).then_some(Outcome::Early)
    }

    /// No eye closure ended with this sample; the time may be up.
    fn judge_time(&self, asked_ms: u32, t_ms: u32, limits: &PromptThresholds) -> Option<Outcome> {
        let is_hold = self.cue.gesture == Gesture::Hold;
        let last_end_ms = self.eye_closures.last().map(|eye_closure| eye_closure.end_ms);
        if let (true, Some(end_ms)) = (is_hold, last_end_ms) {
            return (t_ms >= end_ms + limits.settled_ms).then_some(Outcome::Done);
        }
        if let Some(since_ms) = self.closed_since_ms {
            return (t_ms > since_ms + limits.patience_ms).then_some(Outcome::Missed);
        }
        match last_end_ms {
            Some(end_ms) if self.eye_closures.len() == self.wanted() => {
                (t_ms >= end_ms + limits.quiet_ms).then_some(Outcome::Done)
            }
            // Lids that began to close in time take a while to be closed.
            Some(end_ms) => (t_ms > end_ms + limits.max_between_ms + limits.closing_ms).then_some(Outcome::Missed),
            None => (t_ms > asked_ms + limits.max_response_ms + limits.closing_ms).then_some(Outcome::Missed),
        }
    }

    /// Number of eye closures in the gesture.
    fn wanted(&self) -> usize {
        if self.cue.gesture == Gesture::Twice { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests;
