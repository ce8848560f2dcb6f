//! The draw: the cues so far and their outcomes in, the next cue out. The caller supplies the randomness.

use super::{Cue, Gesture, Outcome};
use crate::thresholds::PromptThresholds;

/// What comes next in a prompted challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another round.
    Cue(Cue),
    /// Every step is done.
    Complete,
    /// Too many rounds failed.
    Exhausted,
}

/// Draws what comes after `rounds`. `turn`: whether one of the steps is a turn of the head. `random` returns 32 random
/// bits per call. `limits`: the rules of the policy ([`Policy::rules`](super::Policy::rules)).
pub fn next_cue(
    turn: bool,
    rounds: impl IntoIterator<Item = (Cue, Outcome)>,
    mut random: impl FnMut() -> u32,
    limits: &PromptThresholds,
) -> Next {
    let (mut round, mut early, mut missed) = (0, 0, 0);
    let mut done = Vec::new();
    // The gesture that continues because it came early.
    let mut going_on = None;
    for (cue, outcome) in rounds {
        round += 1;
        going_on = (outcome == Outcome::Early).then_some(cue.gesture);
        match (outcome, cue.gesture) {
            (Outcome::Done, gesture) => done.push(gesture),
            (Outcome::Early, Gesture::Once | Gesture::Twice) => early += 1,
            _ => missed += 1,
        }
    }
    let steps = limits.steps(turn);
    let step = done.len() as u32;
    if step >= steps {
        return Next::Complete;
    }
    if early > limits.max_early || missed > limits.max_missed {
        return Next::Exhausted;
    }
    let gesture = going_on.unwrap_or_else(|| {
        let to_turn = turn && !done.iter().any(|gesture| gesture.is_turn());
        // Every step that is left is the turn equally often.
        if to_turn && below(random(), steps - step) == 0 {
            if below(random(), 2) == 0 { Gesture::TurnLeft } else { Gesture::TurnRight }
        } else {
            let holds = if turn { limits.min_holds } else { limits.min_holds_without_turn };
            closure(&done, steps - step - u32::from(to_turn), holds, &mut random, &limits.weights)
        }
    });
    let mut between = |least: u32, most: u32| least + below(random(), most - least + 1);
    let blinks = matches!(gesture, Gesture::Once | Gesture::Twice);
    let most_ms = if blinks { limits.max_blink_delay_ms } else { limits.max_delay_ms };
    let delay_ms = between(limits.min_delay_ms, most_ms);
    let hold_ms = if gesture.is_turn() {
        between(limits.min_turn_hold_ms, limits.max_turn_hold_ms)
    } else {
        between(limits.min_hold_ms, limits.max_hold_ms)
    };
    Next::Cue(Cue { round, step, gesture, delay_ms, hold_ms })
}

/// Draws a gesture of the lids. `left` of them are still to be made, and `holds` must be held in all. It is not that of
/// the step before, unless no other can be drawn.
fn closure(done: &[Gesture], left: u32, holds: u32, random: &mut impl FnMut() -> u32, weights: &[u32; 3]) -> Gesture {
    let held = done.iter().filter(|gesture| **gesture == Gesture::Hold).count() as u32;
    let must_hold = held + left <= holds;
    let weights = [Gesture::Once, Gesture::Twice, Gesture::Hold].into_iter().zip(*weights);
    let others: Vec<(Gesture, u32)> =
        weights.filter(|(gesture, weight)| *weight > 0 && !must_hold && done.last() != Some(gesture)).collect();
    let mut at = below(random(), others.iter().map(|(_, weight)| weight).sum());
    for (gesture, weight) in others {
        if at < weight {
            return gesture;
        }
        at -= weight;
    }
    Gesture::Hold
}

/// A random number below `end`, or 0. With 2³² values the bias is too small to matter here.
fn below(random: u32, end: u32) -> u32 {
    ((u64::from(random) * u64::from(end)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Policy;
    use crate::thresholds::Thresholds;

    /// Draws a whole challenge in which `outcome` decides how each round ends.
    fn draw(
        policy: Policy,
        turn: bool,
        seed: u32,
        mut outcome: impl FnMut(Cue) -> Outcome,
    ) -> (Vec<(Cue, Outcome)>, Next) {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.rotate_left(16)
        };
        let mut rounds = Vec::new();
        loop {
            match next_cue(turn, rounds.iter().copied(), &mut random, policy.rules(&Thresholds::V8)) {
                Next::Cue(cue) => rounds.push((cue, outcome(cue))),
                end => return (rounds, end),
            }
        }
    }

    #[test]
    fn the_steps_have_one_turn_and_enough_long_closures_and_no_two_in_a_row_are_alike() {
        let mut seen = std::collections::HashSet::new();
        for (policy, turn) in [(Policy::Prompted, true), (Policy::Prompted, false), (Policy::ToneGuided, true)] {
            let limits = policy.rules(&Thresholds::V8);
            for seed in 0..500 {
                let (rounds, end) = draw(policy, turn, seed, |_| Outcome::Done);
                let gestures: Vec<Gesture> = rounds.iter().map(|(cue, _)| cue.gesture).collect();
                assert_eq!((gestures.len(), end), (limits.steps(turn) as usize, Next::Complete));
                let count = |of: fn(&Gesture) -> bool| gestures.iter().filter(|gesture| of(gesture)).count();
                assert_eq!(count(|gesture| gesture.is_turn()), usize::from(turn));
                assert!(count(|gesture| *gesture == Gesture::Hold) >= limits.min_holds as usize);
                let repeats = gestures.windows(2).any(|two| two[0] == two[1] && two[0] != Gesture::Hold);
                assert!(!repeats, "{gestures:?}");
                for (number, (cue, _)) in rounds.iter().enumerate() {
                    assert_eq!((cue.round, cue.step), (number as u32, number as u32));
                    let holds = if cue.gesture.is_turn() {
                        limits.min_turn_hold_ms..=limits.max_turn_hold_ms
                    } else {
                        limits.min_hold_ms..=limits.max_hold_ms
                    };
                    assert!((limits.min_delay_ms..=limits.max_delay_ms).contains(&cue.delay_ms), "{cue:?}");
                    assert!(holds.contains(&cue.hold_ms), "{cue:?}");
                }
                seen.insert((turn, gestures));
            }
        }
        let turns_at = |at: usize| seen.iter().filter(|(_, gestures)| gestures[at].is_turn()).count();
        assert!((0..3).all(|at| turns_at(at) > 2), "the turn may come at any time");
    }

    #[test]
    fn an_early_gesture_draws_another_delay_and_a_miss_another_gesture() {
        for seed in 0..100 {
            let mut failures = vec![Outcome::Missed, Outcome::Early];
            let (rounds, end) = draw(Policy::Prompted, true, seed, |cue| {
                let blinks = matches!(cue.gesture, Gesture::Once | Gesture::Twice);
                failures.pop_if(|failure| *failure == Outcome::Missed || blinks).unwrap_or(Outcome::Done)
            });
            assert_eq!(end, Next::Complete);
            for two in rounds.windows(2) {
                let [(cue, outcome), (next, _)] = two else { unreachable!() };
                assert_eq!(next.step, cue.step + u32::from(*outcome == Outcome::Done));
                assert!(*outcome != Outcome::Early || next.gesture == cue.gesture, "an early blink keeps the gesture");
            }
        }
    }

    #[test]
    fn too_many_failed_rounds_end_the_challenge_and_only_blinks_come_early_by_accident() {
        let limits = Thresholds::V8.prompted;
        for seed in 0..100 {
            let (rounds, end) = draw(Policy::Prompted, true, seed, |_| Outcome::Missed);
            assert_eq!((rounds.len() as u32, end), (limits.max_missed + 1, Next::Exhausted));
            let (rounds, end) = draw(Policy::Prompted, true, seed, |_| Outcome::Early);
            let blinks = matches!(rounds[0].0.gesture, Gesture::Once | Gesture::Twice);
            let most = if blinks { limits.max_early } else { limits.max_missed };
            assert_eq!((rounds.len() as u32, end), (most + 1, Next::Exhausted), "{:?}", rounds[0].0.gesture);
        }
    }

    #[test]
    fn tone_guided_challenges_ask_only_for_gestures_that_a_tone_ends() {
        for turn in [true, false] {
            let (rounds, end) = draw(Policy::ToneGuided, turn, 7, |_| Outcome::Done);
            assert_eq!(end, Next::Complete);
            let ended_by_tone = |gesture: Gesture| gesture == Gesture::Hold || gesture.is_turn();
            assert!(rounds.iter().all(|(cue, _)| ended_by_tone(cue.gesture)));
        }
    }
}
