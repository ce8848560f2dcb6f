//! Honest people as numbers: they answer every cue after a reaction time, and blink now and then without being asked.

use engine::Ask;
use fastrand::Rng;

use super::play::{Face, Look};

/// How long a blink takes, in milliseconds.
const BLINK_MS: (f64, f64) = (100.0, 400.0);
/// Between the two blinks of a pair.
const PAUSE_MS: (f64, f64) = (150.0, 500.0);
/// Time that lids take to close or to open.
const LID_MS: f64 = 30.0;
/// Unprompted blinks a second while the eyes are open.
const UNPROMPTED_PER_S: f64 = 0.2;
/// How far a head turns, in degrees as the mesh reads them, and how long that takes.
const TURN_DEG: (f64, f64) = (15.0, 28.0);
const TURN_MS: (f64, f64) = (250.0, 700.0);
/// Where a head rests, how far from there it comes back, and how far it sways, in degrees.
const REST_DEG: (f64, f64) = (-8.0, 8.0);
const BACK_DEG: (f64, f64) = (-3.0, 3.0);
const SWAY_DEG: f64 = 1.5;
/// The mesh's own error, in degrees.
const JITTER_DEG: f64 = 0.5;

/// A person.
pub(super) struct Person {
    rng: Rng,
    /// Least and greatest reaction time, in milliseconds.
    reaction_ms: (f64, f64),
    asked: Ask,
    /// Eye closures that are planned or under way: start and end. A held closure has no end yet.
    closures: Vec<(f64, f64)>,
    unprompted_ms: f64,
    rest: f64,
    sway: f64,
    /// The head's ways: when it begins to move, for how long, from where and to where.
    ways: Vec<(f64, f64, f64, f64)>,
}

impl Person {
    pub(super) fn new(reaction_ms: (f64, f64), mut rng: Rng) -> Person {
        let rest = between(&mut rng, REST_DEG);
        let sway = 7.0 * rng.f64();
        let unprompted_ms = after(0.0, &mut rng);
        let (closures, ways) = (Vec::new(), Vec::new());
        Person { rng, reaction_ms, asked: Ask::Fetch, closures, unprompted_ms, rest, sway, ways }
    }

    fn answer(&mut self, t_ms: f64, ask: Ask) {
        let at_ms = t_ms + between(&mut self.rng, self.reaction_ms);
        match ask {
            Ask::Once => {
                let lasts_ms = between(&mut self.rng, BLINK_MS);
                self.closures.push((at_ms, at_ms + lasts_ms));
            }
            Ask::Twice => {
                let end_ms = at_ms + between(&mut self.rng, BLINK_MS);
                let again_ms = end_ms + between(&mut self.rng, PAUSE_MS);
                let lasts_ms = between(&mut self.rng, BLINK_MS);
                self.closures.extend([(at_ms, end_ms), (again_ms, again_ms + lasts_ms)]);
            }
            Ask::Hold => self.closures.push((at_ms, f64::INFINITY)),
            Ask::Tone => self.open_at(at_ms),
            Ask::TurnLeft | Ask::TurnRight => {
                let side = if ask == Ask::TurnLeft { 1.0 } else { -1.0 };
                let to = side * between(&mut self.rng, TURN_DEG);
                self.move_head(at_ms, to);
            }
            Ask::TurnBack => {
                let to = between(&mut self.rng, BACK_DEG);
                self.move_head(at_ms, to);
            }
            // Nothing more is wanted: what has not begun is left out, and the head comes back.
            Ask::Wait | Ask::Fetch => {
                self.closures.retain(|closure| closure.0 <= t_ms);
                self.open_at(at_ms);
                if self.ways.last().is_some_and(|way| way.3.abs() > BACK_DEG.1) {
                    self.move_head(at_ms, 0.0);
                }
            }
        }
    }

    fn open_at(&mut self, at_ms: f64) {
        self.closures.iter_mut().filter(|closure| closure.1 == f64::INFINITY).for_each(|closure| closure.1 = at_ms);
    }

    fn move_head(&mut self, at_ms: f64, to: f64) {
        let from = self.turned(at_ms);
        let takes_ms = between(&mut self.rng, TURN_MS);
        self.ways = vec![self.ways.last().copied().unwrap_or((0.0, 1.0, 0.0, 0.0)), (at_ms, takes_ms, from, to)];
    }

    /// How far the head is turned from its rest.
    fn turned(&self, t_ms: f64) -> f64 {
        let way = self.ways.iter().rfind(|way| way.0 <= t_ms);
        way.map_or(0.0, |&(at_ms, takes_ms, from, to)| {
            let share = ((t_ms - at_ms) / takes_ms).clamp(0.0, 1.0);
            from + (to - from) * share * share * (3.0 - 2.0 * share)
        })
    }

    fn lids(&self, t_ms: f64) -> f32 {
        let down = |&(from, to): &(f64, f64)| ((t_ms - from) / LID_MS).min((to - t_ms) / LID_MS).clamp(0.0, 1.0);
        self.closures.iter().map(down).fold(0.0, f64::max) as f32
    }
}

impl Face for Person {
    fn hear(&mut self, t_ms: f64, ask: Ask) {
        if ask != self.asked {
            self.asked = ask;
            self.answer(t_ms, ask);
        }
    }

    fn look(&mut self, t_ms: f64) -> Look {
        if t_ms >= self.unprompted_ms {
            if self.lids(t_ms) <= 0.0 {
                let lasts_ms = between(&mut self.rng, BLINK_MS);
                self.closures.push((t_ms, t_ms + lasts_ms));
            }
            self.unprompted_ms = after(t_ms, &mut self.rng);
        }
        self.closures.retain(|closure| closure.1 > t_ms);
        let sway = SWAY_DEG * (t_ms / 1300.0 + self.sway).sin() + JITTER_DEG * (2.0 * self.rng.f64() - 1.0);
        Look { lids: self.lids(t_ms), yaw: (self.rest + self.turned(t_ms) + sway) as f32, hidden: false }
    }
}

fn between(rng: &mut Rng, (least, most): (f64, f64)) -> f64 {
    least + (most - least) * rng.f64()
}

fn after(t_ms: f64, rng: &mut Rng) -> f64 {
    t_ms - (1.0 - rng.f64()).ln() * 1000.0 / UNPROMPTED_PER_S
}
