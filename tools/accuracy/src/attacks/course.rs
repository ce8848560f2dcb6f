//! Courses over time: how a quantity leaves its rest and comes back to it. Seconds in, mostly 0 to 1 or −1 to 1 out.

use std::f32::consts::{PI, TAU};

use crate::prng::Prng;

/// Length of a sequence in seconds.
pub(super) const LENGTH_S: f32 = 2.6;

/// The print rests until here, so that an open level can be learnt, and again from [`REST_S`] on, so that a reopening can
/// be seen.
pub(super) const BEGIN_S: f32 = 0.85;
/// See [`BEGIN_S`].
pub(super) const REST_S: f32 = 2.0;

/// One course.
#[derive(Clone, Copy, Debug)]
pub(super) enum Course {
    /// From 0 to 1, held there, and back.
    Pulse {
        /// When it begins.
        start: f32,
        /// How long it rises.
        rise: f32,
        /// How long it stays at 1.
        hold: f32,
        /// How long it falls.
        fall: f32,
    },
    /// Whole cycles of a sine.
    Swing {
        /// When it begins.
        start: f32,
        /// How long it swings.
        length: f32,
        /// Cycles.
        cycles: f32,
    },
}

impl Course {
    /// There and back once: quickly or slowly, held for a moment or not.
    pub(super) fn pulse(chance: &mut Prng) -> Course {
        let rise = chance.between(0.06, 0.4);
        let fall = chance.between(0.06, 0.4);
        let hold = chance.between(0.0, REST_S - BEGIN_S - rise - fall - 0.05);
        Course::Pulse { start: chance.between(BEGIN_S, REST_S - rise - hold - fall), rise, hold, fall }
    }

    /// As [`Course::pulse`] with given times for the way up and down, and a given hold, in seconds.
    pub(super) fn pulse_of(chance: &mut Prng, rise: f32, hold: f32, fall: f32) -> Course {
        Course::Pulse { start: chance.between(BEGIN_S, REST_S - rise - hold - fall), rise, hold, fall }
    }

    /// Back and forth all the time, at `low` to `high` cycles a second.
    pub(super) fn swing(chance: &mut Prng, low: f32, high: f32) -> Course {
        let length = REST_S - BEGIN_S;
        Course::Swing { start: BEGIN_S, length, cycles: (chance.between(low, high) * length).round().max(1.0) }
    }

    /// One of the two.
    pub(super) fn any(chance: &mut Prng) -> Course {
        if chance.sign() > 0.0 { Course::pulse(chance) } else { Course::swing(chance, 0.9, 4.0) }
    }

    /// The value at `t`.
    pub(super) fn at(&self, t: f32) -> f32 {
        match *self {
            Course::Pulse { start, rise, hold, fall } => {
                let up = smooth((t - start) / rise.max(1e-3));
                let down = smooth((t - start - rise - hold) / fall.max(1e-3));
                up - down
            }
            Course::Swing { start, length, cycles } => {
                let share = ((t - start) / length).clamp(0.0, 1.0);
                (TAU * cycles * share).sin()
            }
        }
    }
}

/// A hand that cannot keep still: sines of `low` to `high` cycles a second, about 1 in size.
pub(super) struct Tremor([(f32, f32, f32); 4]);

impl Tremor {
    /// A tremor of its own.
    pub(super) fn new(chance: &mut Prng, low: f32, high: f32) -> Tremor {
        Tremor(std::array::from_fn(|_| {
            (chance.between(0.3, 0.7), TAU * chance.between(low, high), chance.between(0.0, TAU))
        }))
    }

    /// The value at `t`.
    pub(super) fn at(&self, t: f32) -> f32 {
        self.0.iter().map(|(size, speed, phase)| size * (speed * t + phase).sin()).sum()
    }
}

/// From 0 to 1 without a corner.
fn smooth(share: f32) -> f32 {
    0.5 - 0.5 * (PI * share.clamp(0.0, 1.0)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_course_rests_before_and_after_and_goes_far_between() {
        let mut chance = Prng::named("courses");
        for _ in 0..100 {
            let course = Course::any(&mut chance);
            let values: Vec<f32> = (0..260).map(|i| course.at(i as f32 * 0.01)).collect();
            let rests = values[..85].iter().chain(&values[200..]).all(|v| v.abs() < 1e-3);
            let greatest = values.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
            assert!(rests && greatest > 0.9, "{course:?}: greatest {greatest}");
        }
    }

    #[test]
    fn a_pulse_is_held_for_its_time() {
        let course = Course::Pulse { start: 1.0, rise: 0.1, hold: 0.3, fall: 0.2 };
        let cases = [(1.0, 0.0), (1.05, 0.5), (1.1, 1.0), (1.4, 1.0), (1.5, 0.5), (1.6, 0.0)];
        for (t, expected) in cases {
            assert!((course.at(t) - expected).abs() < 1e-3, "at {t} s: {}", course.at(t));
        }
    }
}
