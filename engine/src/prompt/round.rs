//! One round: what the lids do after a cue was revealed in, the outcome out. Knows times but no pixels.

use super::{Cue, Gesture, Outcome};
use crate::blink::{Blink, BlinkUpdate, EyeState};
use crate::thresholds::PromptThresholds;

/// Follows one round from sample to sample.
#[derive(Clone, Debug)]
pub struct Round {
    cue: Cue,
    received_ms: u32,
    asked_ms: Option<u32>,
    /// First closed sample of the current eye closure.
    closed_since_ms: Option<u32>,
    tone_ms: Option<u32>,
    eye_closures: Vec<Blink>,
}

/// The stage of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is asked for yet.
    Waiting,
    /// The gesture is asked for.
    Asked,
    /// The tone has sounded: the eyes may open.
    Tone,
}

impl Round {
    /// A round whose cue was received at `received_ms` of the recording.
    pub fn new(cue: Cue, received_ms: u32) -> Round {
        Round { cue, received_ms, asked_ms: None, closed_since_ms: None, tone_ms: None, eye_closures: Vec::new() }
    }

    /// The cue.
    pub fn cue(&self) -> &Cue {
        &self.cue
    }

    /// When the cue was received.
    pub fn received_ms(&self) -> u32 {
        self.received_ms
    }

    /// When the gesture was asked for: the first sample with open eyes after the delay.
    pub fn asked_ms(&self) -> Option<u32> {
        self.asked_ms
    }

    /// The eye closures since then.
    pub fn eye_closures(&self) -> &[Blink] {
        &self.eye_closures
    }

    /// The stage of the round.
    pub fn stage(&self) -> Stage {
        match (self.asked_ms, self.tone_ms) {
            (None, _) => Stage::Waiting,
            (_, None) => Stage::Asked,
            _ => Stage::Tone,
        }
    }

    /// Takes the next sample. The round is over once this has returned an outcome.
    pub fn push(&mut self, t_ms: u32, update: &BlinkUpdate, limits: &PromptThresholds) -> Option<Outcome> {
        let Some(asked_ms) = self.asked_ms else { return self.wait(t_ms, update, limits) };
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

    /// Before the gesture is asked for.
    fn wait(&mut self, t_ms: u32, update: &BlinkUpdate, limits: &PromptThresholds) -> Option<Outcome> {
        let due_ms = self.received_ms + self.cue.delay_ms;
        if update.eye_closure.is_some_and(|eye_closure| eye_closure.start_ms >= self.received_ms) {
            return Some(Outcome::Early);
        }
        if t_ms >= due_ms && update.state == EyeState::Open && update.eye_closure.is_none() {
            self.asked_ms = Some(t_ms);
        }
        (t_ms > due_ms + limits.patience_ms).then_some(Outcome::Missed)
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
        let latest_ms = match self.eye_closures.last() {
            None if eye_closure.start_ms < asked_ms + limits.min_response_ms => return Some(Outcome::Early),
            None => asked_ms + limits.max_response_ms,
            Some(last) => last.end_ms + limits.max_between_ms,
        };
        self.eye_closures.push(eye_closure);
        if eye_closure.start_ms > latest_ms {
            return Some(Outcome::Missed);
        }
        match self.cue.gesture {
            Gesture::Hold => {
                let heard = self.tone_ms.is_some_and(|tone_ms| {
                    let window = limits.min_tone_response_ms..=limits.max_response_ms;
                    eye_closure.end_ms.checked_sub(tone_ms).is_some_and(|response_ms| window.contains(&response_ms))
                });
                (!heard || self.eye_closures.len() > self.wanted()).then_some(Outcome::Missed)
            }
            Gesture::Once | Gesture::Twice => {
                let too_long = eye_closure.end_ms - eye_closure.start_ms > limits.max_short_ms;
                (too_long || self.eye_closures.len() > self.wanted()).then_some(Outcome::Missed)
            }
        }
    }

    /// No eye closure ended with this sample; the time may be up.
    fn judge_time(&self, asked_ms: u32, t_ms: u32, limits: &PromptThresholds) -> Option<Outcome> {
        if let Some(since_ms) = self.closed_since_ms {
            return (t_ms > since_ms + limits.patience_ms).then_some(Outcome::Missed);
        }
        let last_end_ms = self.eye_closures.last().map(|eye_closure| eye_closure.end_ms);
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
mod tests {
    use super::*;
    use crate::thresholds::Thresholds;

    const STEP_MS: usize = 10;

    /// Start and end of each eye closure, in milliseconds.
    type Closures<'a> = &'a [(u32, u32)];

    /// Plays eye closures against a gesture whose cue is received at 0 and due at 1000. The eyes count as closed from
    /// 50 ms after the start until 50 ms before the end.
    fn play(gesture: Gesture, closures: Closures) -> (Outcome, u32) {
        let cue = Cue { round: 0, step: 0, gesture, delay_ms: 1000, hold_ms: 800 };
        let limits = Thresholds::V5.prompt;
        let mut round = Round::new(cue, 0);
        for t_ms in (0..30_000).step_by(STEP_MS) {
            let inside = closures.iter().find(|(start, end)| (*start..*end).contains(&t_ms));
            let state = match inside {
                Some((start, end)) if (start + 50..end - 50).contains(&t_ms) => EyeState::Closed,
                Some((start, _)) if t_ms < start + 50 => EyeState::Closing,
                Some(_) => EyeState::Opening,
                None => EyeState::Open,
            };
            let ended = closures.iter().find(|(_, end)| *end == t_ms);
            let eye_closure =
                ended.map(|&(start_ms, end_ms)| Blink { start_ms, closed_ms: start_ms.midpoint(end_ms), end_ms });
            let update = BlinkUpdate { state, openness: None, blink: None, eye_closure };
            if let Some(outcome) = round.push(t_ms, &update, &limits) {
                return (outcome, t_ms);
            }
        }
        panic!("the round never ended");
    }

    #[test]
    fn each_gesture_is_told_from_the_others() {
        use Gesture::{Hold, Once, Twice};
        use Outcome::{Done, Early, Missed};
        let once: Closures = &[(1400, 1600)];
        let twice: Closures = &[(1400, 1600), (1900, 2100)];
        let held: Closures = &[(1400, 2700)];
        let cases: [(&str, Gesture, Closures, Outcome); 19] = [
            ("once", Once, once, Done),
            ("twice for once", Once, twice, Missed),
            ("held for once", Once, held, Missed),
            ("once for twice", Twice, once, Missed),
            ("twice", Twice, twice, Done),
            ("three times for twice", Twice, &[(1400, 1600), (1900, 2100), (2400, 2600)], Missed),
            ("the second too late", Twice, &[(1400, 1600), (2700, 2900)], Missed),
            ("held for twice", Twice, held, Missed),
            ("held", Hold, held, Done),
            ("opened before the tone", Hold, &[(1400, 2200)], Missed),
            ("opened with the tone", Hold, &[(1400, 2300)], Missed),
            ("opened long after the tone", Hold, &[(1400, 3900)], Missed),
            ("never opened", Hold, &[(1400, 29_000)], Missed),
            ("once for held", Hold, once, Missed),
            ("nothing", Once, &[], Missed),
            ("too late", Once, &[(2600, 2800)], Missed),
            ("before the cue", Once, &[(400, 600), (1400, 1600)], Early),
            ("over the cue", Once, &[(900, 1100)], Early),
            ("faster than anyone can react", Once, &[(1100, 1300)], Early),
        ];
        for (what, gesture, closures, expected) in cases {
            assert_eq!(play(gesture, closures).0, expected, "{what}");
        }
    }

    #[test]
    fn a_blink_that_began_before_the_cue_was_received_does_not_count() {
        let cue = Cue { round: 1, step: 0, gesture: Gesture::Once, delay_ms: 1000, hold_ms: 800 };
        let mut round = Round::new(cue, 5000);
        let eye_closure = Some(Blink { start_ms: 4950, closed_ms: 5000, end_ms: 5100 });
        let update = BlinkUpdate { state: EyeState::Open, openness: None, blink: None, eye_closure };
        assert_eq!(round.push(5100, &update, &Thresholds::V5.prompt), None);
        assert_eq!(round.stage(), Stage::Waiting);
    }

    #[test]
    fn a_gesture_ends_its_round_once_nothing_can_follow() {
        assert_eq!(play(Gesture::Once, &[(1400, 1600)]).1, 2200);
        assert_eq!(play(Gesture::Hold, &[(1400, 2700)]).1, 3300);
        assert_eq!(play(Gesture::Once, &[]).1, 1000 + 1500 + 320 + STEP_MS as u32);
    }

    #[test]
    fn unreadable_eyes_delay_the_cue_and_then_end_the_round() {
        let cue = Cue { round: 0, step: 0, gesture: Gesture::Once, delay_ms: 1000, hold_ms: 800 };
        let mut round = Round::new(cue, 0);
        let unread = BlinkUpdate { state: EyeState::Unknown, openness: None, blink: None, eye_closure: None };
        let limits = Thresholds::V5.prompt;
        assert_eq!(round.push(5000, &unread, &limits), None);
        assert_eq!(round.asked_ms(), None);
        assert_eq!(round.push(9010, &unread, &limits), Some(Outcome::Missed));
    }
}
