//! Curves over time: how a quantity leaves its rest value and returns. Seconds in, mostly 0 to 1 or −1 to 1 out.

use std::f32::consts::{PI, TAU};

use accuracy::prng::Prng;

/// Length of a sequence in seconds.
pub(super) const LENGTH_S: f32 = 2.6;

/// The print rests until this time, so that the engine can learn the open level, and again from [`REST_S`] on, so that it
/// can see the eyes reopen.
pub(super) const BEGIN_S: f32 = 0.85;
/// See [`BEGIN_S`].
pub(super) const REST_S: f32 = 2.0;

/// One curve.
#[derive(Clone, Copy, Debug)]
pub(super) enum Curve {
    /// Rises from 0 to 1, holds, and falls back.
    Pulse {
        /// When the rise starts.
        start: f32,
        /// Duration of the rise.
        rise: f32,
        /// How long it stays at 1.
        hold: f32,
        /// Duration of the fall.
        fall: f32,
    },
    /// Whole cycles of a sine.
    Swing {
        /// When the first cycle starts.
        start: f32,
        /// Duration of all cycles.
        length: f32,
        /// Number of cycles.
        cycles: f32,
    },
}

impl Curve {
    /// One pulse with a random speed and hold.
    pub(super) fn pulse(rng: &mut Prng) -> Curve {
        let rise = rng.between(0.06, 0.4);
        let fall = rng.between(0.06, 0.4);
        let hold = rng.between(0.0, REST_S - BEGIN_S - rise - fall - 0.05);
        Curve::Pulse { start: rng.between(BEGIN_S, REST_S - rise - hold - fall), rise, hold, fall }
    }

    /// Like [`Curve::pulse`], with a given rise, hold and fall in seconds.
    pub(super) fn pulse_of(rng: &mut Prng, rise: f32, hold: f32, fall: f32) -> Curve {
        Curve::Pulse { start: rng.between(BEGIN_S, REST_S - rise - hold - fall), rise, hold, fall }
    }

    /// Oscillates between the rests, at `low` to `high` cycles per second.
    pub(super) fn swing(rng: &mut Prng, low: f32, high: f32) -> Curve {
        let length = REST_S - BEGIN_S;
        Curve::Swing { start: BEGIN_S, length, cycles: (rng.between(low, high) * length).round().max(1.0) }
    }

    /// A pulse or a swing.
    pub(super) fn any(rng: &mut Prng) -> Curve {
        if rng.sign() > 0.0 { Curve::pulse(rng) } else { Curve::swing(rng, 0.9, 4.0) }
    }

    /// The value at `t` seconds.
    pub(super) fn at(&self, t: f32) -> f32 {
        match *self {
            Curve::Pulse { start, rise, hold, fall } => {
                let up = smooth((t - start) / rise.max(1e-3));
                let down = smooth((t - start - rise - hold) / fall.max(1e-3));
                up - down
            }
            Curve::Swing { start, length, cycles } => {
                let share = ((t - start) / length).clamp(0.0, 1.0);
                (TAU * cycles * share).sin()
            }
        }
    }
}

/// An unsteady hand: sines of `low` to `high` cycles per second, with an amplitude of about 1.
pub(super) struct Tremor([(f32, f32, f32); 4]);

impl Tremor {
    /// A random tremor.
    pub(super) fn new(rng: &mut Prng, low: f32, high: f32) -> Tremor {
        Tremor(std::array::from_fn(|_| (rng.between(0.3, 0.7), TAU * rng.between(low, high), rng.between(0.0, TAU))))
    }

    /// The value at `t` seconds.
    pub(super) fn at(&self, t: f32) -> f32 {
        self.0.iter().map(|(size, speed, phase)| size * (speed * t + phase).sin()).sum()
    }
}

/// Eases from 0 to 1.
fn smooth(share: f32) -> f32 {
    0.5 - 0.5 * (PI * share.clamp(0.0, 1.0)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_rests_before_and_after_and_moves_far_in_between() {
        let mut rng = Prng::named("courses");
        for _ in 0..100 {
            let curve = Curve::any(&mut rng);
            let values: Vec<f32> = (0..260).map(|i| curve.at(i as f32 * 0.01)).collect();
            let rests = values[..85].iter().chain(&values[200..]).all(|v| v.abs() < 1e-3);
            let greatest = values.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
            assert!(rests && greatest > 0.9, "{curve:?}: greatest {greatest}");
        }
    }

    #[test]
    fn a_pulse_holds_for_the_given_time() {
        let curve = Curve::Pulse { start: 1.0, rise: 0.1, hold: 0.3, fall: 0.2 };
        let cases = [(1.0, 0.0), (1.05, 0.5), (1.1, 1.0), (1.4, 1.0), (1.5, 0.5), (1.6, 0.0)];
        for (t, expected) in cases {
            assert!((curve.at(t) - expected).abs() < 1e-3, "at {t} s: {}", curve.at(t));
        }
    }
}
