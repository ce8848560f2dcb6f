//! The draw: the cues so far and their outcomes in, the next cue out. The caller supplies the randomness.

use super::{Cue, Gesture, Outcome, Policy};
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

/// Draws what comes after `rounds`. `random` returns 32 random bits per call.
pub fn next_cue(
    policy: Policy,
    rounds: impl IntoIterator<Item = (Cue, Outcome)>,
    mut random: impl FnMut() -> u32,
    limits: &PromptThresholds,
) -> Next {
    let (mut round, mut step, mut early, mut missed) = (0, 0, 0, 0);
    // The gesture of the previous step, which is not repeated, and the one that continues after an early blink.
    let (mut before, mut going_on) = (None, None);
    for (cue, outcome) in rounds {
        round += 1;
        going_on = None;
        match outcome {
            Outcome::Done => {
                step += 1;
                before = Some(cue.gesture);
            }
            Outcome::Early => {
                early += 1;
                going_on = Some(cue.gesture);
            }
            Outcome::Missed => missed += 1,
        }
    }
    if step >= limits.steps {
        return Next::Complete;
    }
    if early > limits.max_early || missed > limits.max_missed {
        return Next::Exhausted;
    }
    let gesture = match (policy, going_on) {
        (Policy::ToneGuided, _) => Gesture::Hold,
        (_, Some(gesture)) => gesture,
        _ => {
            let others: Vec<Gesture> =
                [Gesture::Once, Gesture::Twice, Gesture::Hold].into_iter().filter(|g| Some(*g) != before).collect();
            others[below(random(), others.len() as u32) as usize]
        }
    };
    let mut between = |least: u32, most: u32| least + below(random(), most - least + 1);
    let delay_ms = between(limits.min_delay_ms, limits.max_delay_ms);
    let hold_ms = between(limits.min_hold_ms, limits.max_hold_ms);
    Next::Cue(Cue { round, step, gesture, delay_ms, hold_ms })
}

/// A random number below `end`. With 2³² values the bias is too small to matter here.
fn below(random: u32, end: u32) -> u32 {
    ((u64::from(random) * u64::from(end)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thresholds::Thresholds;

    fn limits() -> PromptThresholds {
        Thresholds::V5.prompt
    }

    /// Draws a whole challenge in which `outcome` decides how each round ends.
    fn draw(policy: Policy, seed: u32, mut outcome: impl FnMut(u32) -> Outcome) -> (Vec<(Cue, Outcome)>, Next) {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.rotate_left(16)
        };
        let mut rounds = Vec::new();
        loop {
            match next_cue(policy, rounds.iter().copied(), &mut random, &limits()) {
                Next::Cue(cue) => rounds.push((cue, outcome(cue.round))),
                end => return (rounds, end),
            }
        }
    }

    #[test]
    fn three_steps_without_repeats_and_not_only_single_blinks() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..500 {
            let (rounds, end) = draw(Policy::Prompted, seed, |_| Outcome::Done);
            let gestures: Vec<Gesture> = rounds.iter().map(|(cue, _)| cue.gesture).collect();
            assert_eq!((gestures.len(), end), (3, Next::Complete));
            assert!(gestures.windows(2).all(|two| two[0] != two[1]), "{gestures:?}");
            assert!(gestures.iter().any(|gesture| *gesture != Gesture::Once));
            for (number, (cue, _)) in rounds.iter().enumerate() {
                assert_eq!((cue.round, cue.step), (number as u32, number as u32));
                assert!((800..=2500).contains(&cue.delay_ms) && (700..=1200).contains(&cue.hold_ms), "{cue:?}");
            }
            seen.insert(gestures);
        }
        assert_eq!(seen.len(), 12, "3 · 2 · 2 orders");
    }

    #[test]
    fn an_early_blink_draws_another_delay_and_a_miss_another_gesture() {
        for seed in 0..100 {
            let (rounds, end) = draw(Policy::Prompted, seed, |round| match round {
                1 => Outcome::Early,
                2 => Outcome::Missed,
                _ => Outcome::Done,
            });
            assert_eq!((rounds.len(), end), (5, Next::Complete));
            let steps: Vec<u32> = rounds.iter().map(|(cue, _)| cue.step).collect();
            assert_eq!(steps, [0, 1, 1, 1, 2]);
            assert_eq!(rounds[1].0.gesture, rounds[2].0.gesture, "an early blink keeps the gesture");
            assert_ne!(rounds[3].0.gesture, rounds[0].0.gesture, "a new draw does not repeat the step before");
        }
    }

    #[test]
    fn too_many_failed_rounds_end_the_challenge() {
        let (rounds, end) = draw(Policy::Prompted, 1, |_| Outcome::Missed);
        assert_eq!((rounds.len(), end), (3, Next::Exhausted));
        let (rounds, end) = draw(Policy::Prompted, 1, |_| Outcome::Early);
        assert_eq!((rounds.len(), end), (9, Next::Exhausted));
    }

    #[test]
    fn tone_guided_challenges_ask_only_for_held_eyes() {
        let (rounds, end) = draw(Policy::ToneGuided, 7, |_| Outcome::Done);
        assert_eq!(end, Next::Complete);
        assert!(rounds.iter().all(|(cue, _)| cue.gesture == Gesture::Hold));
    }
}
