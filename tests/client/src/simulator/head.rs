//! The head of a person who turns it when asked to, and back when asked to.

use std::f64::consts::PI;
use std::ops::Range;

use engine::Ask;
use fastrand::Rng;

/// From a prompt to the first movement, in milliseconds.
const LATENCY_MS: Range<f64> = 250.0..900.0;
const BACK_LATENCY_MS: Range<f64> = 200.0..600.0;
/// How long the head takes to turn, and to come back.
const TURNING_MS: f64 = 400.0;

/// A head that rests or turns.
#[derive(Clone, Debug, Default)]
pub struct Head {
    turn: Option<Turn>,
}

/// One turn. `back_ms` is not known yet while the head is held to the side.
#[derive(Clone, Copy, Debug)]
struct Turn {
    yaw: f64,
    from_ms: f64,
    back_ms: Option<f64>,
}

impl Head {
    /// Takes a new prompt. If it asks for a turn, the head will turn by an angle within `degrees`.
    pub fn answer(&mut self, t_ms: f64, ask: Option<Ask>, degrees: Range<f64>, rng: &mut Rng) {
        let side = match ask {
            Some(Ask::TurnLeft) => 1.0,
            Some(Ask::TurnRight) => -1.0,
            Some(Ask::TurnBack) => return self.come_back(t_ms + draw(rng, BACK_LATENCY_MS)),
            // The turn was not what was wanted, or nobody asks for the way back: the person stops waiting.
            _ => return self.come_back(t_ms),
        };
        let yaw = side * draw(rng, degrees);
        self.turn = Some(Turn { yaw, from_ms: t_ms + draw(rng, LATENCY_MS), back_ms: None });
    }

    /// How far the head is turned, in degrees; to the subject's own left if positive.
    pub fn yaw(&self, t_ms: f64) -> f64 {
        self.turn.map_or(0.0, |turn| turn.at(t_ms))
    }

    fn come_back(&mut self, at_ms: f64) {
        // A turn that has not begun yet does not begin any more.
        self.turn = self.turn.filter(|turn| turn.from_ms < at_ms);
        if let Some(turn) = &mut self.turn {
            turn.back_ms.get_or_insert(at_ms);
        }
    }
}

impl Turn {
    fn at(&self, t_ms: f64) -> f64 {
        let back = self.back_ms.map_or(0.0, |back_ms| eased((t_ms - back_ms) / TURNING_MS));
        self.yaw * eased((t_ms - self.from_ms) / TURNING_MS) * (1.0 - back)
    }
}

/// From 0 to 1 while `x` goes from 0 to 1, slowly at both ends.
fn eased(x: f64) -> f64 {
    (1.0 - (PI * x.clamp(0.0, 1.0)).cos()) / 2.0
}

fn draw(rng: &mut Rng, range: Range<f64>) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_turns_to_the_side_asked_for_stays_there_and_comes_back() {
        for (ask, side) in [(Ask::TurnLeft, 1.0), (Ask::TurnRight, -1.0)] {
            let (mut head, mut rng) = (Head::default(), Rng::with_seed(5));
            head.answer(1000.0, Some(ask), 20.0..21.0, &mut rng);
            assert_eq!(head.yaw(1200.0), 0.0);
            assert!((20.0..21.0).contains(&(side * head.yaw(2300.0))), "{}", head.yaw(2300.0));
            assert_eq!(head.yaw(2300.0), head.yaw(9000.0));
            head.answer(9000.0, Some(Ask::TurnBack), 20.0..21.0, &mut rng);
            assert_eq!(head.yaw(9150.0), head.yaw(2300.0));
            assert_eq!(head.yaw(10_000.0), 0.0);
        }
    }

    #[test]
    fn a_head_that_is_no_longer_asked_to_turn_does_not() {
        let (mut head, mut rng) = (Head::default(), Rng::with_seed(5));
        head.answer(1000.0, Some(Ask::TurnLeft), 20.0..21.0, &mut rng);
        head.answer(1100.0, Some(Ask::Wait), 20.0..21.0, &mut rng);
        assert_eq!(head.yaw(5000.0), 0.0);
    }
}
