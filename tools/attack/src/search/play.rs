//! One attempt over numbers alone: a face in, whether the engine's own rules let it pass and how long that took out.

use engine::prompt::{Next, Outcome, Policy, Round, Stage, next_cue};
use engine::{Ask, Blink, EyeState, PromptThresholds, Thresholds, blink::BlinkUpdate};
use fastrand::Rng;

/// Time for a challenge, as the server issues it.
const TIMEOUT_MS: f64 = 60_000.0;

/// What a camera sees of a face at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// How far the lids are down: 0 open, 1 closed.
    pub(super) lids: f32,
    /// Yaw in degrees.
    pub(super) yaw: f32,
    /// Whether nothing can be read.
    pub(super) hidden: bool,
}

/// Something in front of the camera.
pub(super) trait Face {
    /// How it looks at this time. Times increase.
    fn look(&mut self, t_ms: f64) -> Look;

    /// What is asked for from this time on. Films do not care.
    fn hear(&mut self, _t_ms: f64, _ask: Ask) {}
}

/// The rules of a challenge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) policy: Policy,
    pub(super) turn: bool,
}

impl Rules {
    /// Every set of rules with prompts.
    pub(super) const ALL: [Rules; 4] = [
        Rules { policy: Policy::Prompted, turn: true },
        Rules { policy: Policy::Prompted, turn: false },
        Rules { policy: Policy::ToneGuided, turn: true },
        Rules { policy: Policy::ToneGuided, turn: false },
    ];

    pub(super) fn name(self) -> String {
        format!("`{}`{}", self.policy.name(), if self.turn { "" } else { ", no turn" })
    }

    fn limits(self) -> &'static PromptThresholds {
        self.policy.rules(&Thresholds::V8)
    }
}

/// Camera and network of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    /// Frames per second.
    pub(super) rate: f64,
    /// Least and greatest time from the end of a round to the next cue's arrival, in milliseconds.
    pub(super) network_ms: (f64, f64),
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    pub(super) passed: bool,
    /// The share of steps that were done.
    pub(super) done: f32,
    /// From the first cue to the end.
    pub(super) took_ms: f64,
}

/// Plays a face against drawn cues.
pub(super) fn play(face: &mut impl Face, rules: Rules, conditions: Conditions, rng: &mut Rng) -> Played {
    let limits = rules.limits();
    let frame_ms = 1000.0 / conditions.rate;
    let mut rounds = Vec::new();
    let mut lids = Lids::default();
    let mut now_ms = frame_ms * rng.f64();
    let begun_ms = now_ms;
    let mut ended = false;
    while !ended && now_ms < TIMEOUT_MS {
        let Next::Cue(cue) = next_cue(rules.turn, rounds.iter().copied(), || rng.u32(..), limits) else { break };
        let (least, most) = conditions.network_ms;
        let received_ms = (now_ms + least + (most - least) * rng.f64()).ceil();
        let mut round: Option<Round> = None;
        loop {
            now_ms += frame_ms;
            if now_ms > TIMEOUT_MS {
                ended = true;
                break;
            }
            if round.is_none() && now_ms >= received_ms {
                round = Some(Round::new(cue, received_ms as u32));
            }
            let look = face.look(now_ms);
            let t_ms = now_ms as u32;
            let (update, yaw) = if look.hidden {
                (lids.unread(t_ms), None)
            } else {
                (lids.update(t_ms, look.lids), Some((look.yaw * 10.0).round() as i32))
            };
            let outcome = round.as_mut().and_then(|round| round.push(t_ms, &update, yaw, limits));
            face.hear(now_ms, if outcome.is_some() { Ask::Fetch } else { ask(round.as_ref()) });
            if let Some(outcome) = outcome {
                rounds.push((cue, outcome));
                break;
            }
        }
    }
    let done = rounds.iter().filter(|(_, outcome)| *outcome == Outcome::Done).count() as f32;
    let steps = limits.steps(rules.turn) as f32;
    Played { passed: done >= steps, done: done / steps, took_ms: now_ms - begun_ms }
}

fn ask(round: Option<&Round>) -> Ask {
    let Some(round) = round else { return Ask::Fetch };
    match round.stage() {
        Stage::Waiting => Ask::Wait,
        Stage::Asked => round.cue().gesture.into(),
        Stage::Tone if round.cue().gesture.is_turn() => Ask::TurnBack,
        Stage::Tone => Ask::Tone,
    }
}

fn state(state: EyeState) -> BlinkUpdate {
    BlinkUpdate { state, openness: None, blink: None, eye_closure: None }
}

/// What the blink detector would say of these lids.
#[derive(Debug, Default)]
struct Lids {
    since_ms: Option<u32>,
    deepest: (f32, u32),
    read_ms: u32,
}

/// Lids that are this far down are closed.
const CLOSED: f32 = 0.5;

/// The detector forgets what it saw before a gap longer than this.
const MAX_GAP_MS: u32 = 300;

impl Lids {
    /// A frame without readable eyes.
    fn unread(&mut self, t_ms: u32) -> BlinkUpdate {
        let known = if self.since_ms.is_some() { EyeState::Closed } else { EyeState::Open };
        let is_forgotten = t_ms - self.read_ms > MAX_GAP_MS;
        if is_forgotten {
            (self.since_ms, self.deepest) = (None, (0.0, t_ms));
        }
        state(if is_forgotten { EyeState::Unknown } else { known })
    }

    fn update(&mut self, t_ms: u32, lids: f32) -> BlinkUpdate {
        self.read_ms = t_ms;
        if lids <= 0.0 {
            let ended = self.since_ms.take().filter(|_| self.deepest.0 >= CLOSED);
            let eye_closure = ended.map(|start_ms| Blink { start_ms, closed_ms: self.deepest.1, end_ms: t_ms });
            self.deepest = (0.0, t_ms);
            return BlinkUpdate { eye_closure, ..state(EyeState::Open) };
        }
        self.since_ms.get_or_insert(t_ms);
        let was_closed = self.deepest.0 >= CLOSED;
        if lids > self.deepest.0 {
            self.deepest = (lids, t_ms);
        }
        match (lids >= CLOSED, was_closed) {
            (true, _) => state(EyeState::Closed),
            (false, true) => state(EyeState::Opening),
            (false, false) => state(EyeState::Closing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face that never moves.
    struct Still;

    impl Face for Still {
        fn look(&mut self, _: f64) -> Look {
            Look::default()
        }
    }

    #[test]
    fn a_face_that_never_moves_passes_no_rules() {
        for rules in Rules::ALL {
            let conditions = Conditions { rate: 25.0, network_ms: (60.0, 60.0) };
            let played = play(&mut Still, rules, conditions, &mut Rng::with_seed(1));
            assert!(!played.passed && played.done == 0.0, "{rules:?}");
        }
    }

    #[test]
    fn lids_that_close_and_open_are_one_closure() {
        let mut lids = Lids::default();
        let looks = [(0, 0.0), (40, 0.3), (80, 1.0), (120, 0.9), (160, 0.2), (200, 0.0), (240, 0.0)];
        let closures: Vec<Blink> =
            looks.iter().filter_map(|&(t, lids_at)| lids.update(t, lids_at).eye_closure).collect();
        assert_eq!(closures, [Blink { start_ms: 40, closed_ms: 80, end_ms: 200 }]);
    }
}
