//! Films that know nothing of the cues: fixed loops that play from a random moment on, and curves of random gestures.

use fastrand::Rng;

use super::play::{Face, Look};

/// Time between two entries of a loop's table, in milliseconds.
const STEP_MS: f64 = 10.0;
/// Time that the lids take to close or open, and a head to turn.
const LID_MS: f64 = 30.0;
const HEAD_MS: f64 = 250.0;
/// How far heads turn, in degrees.
const TURN_DEG: f64 = 16.0;

/// A gesture in a film.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scene {
    /// The eyes are closed for so long, in milliseconds.
    Closed(f64),
    /// The head is turned to this side (1: left, −1: right) for so long.
    Turned(f64, f64),
    /// Nothing can be read for so long.
    Hidden(f64),
}

/// A film: scenes, each with the time from the end of the one before (negative: they overlap).
pub(super) type Script = Vec<(f64, Scene)>;

/// How long a scene takes.
fn lasts_ms(scene: Scene) -> f64 {
    match scene {
        Scene::Closed(ms) | Scene::Hidden(ms) => ms,
        Scene::Turned(_, ms) => ms + 2.0 * HEAD_MS,
    }
}

/// A script as a table of looks.
#[derive(Clone, Debug)]
pub(super) struct Film {
    looks: Vec<Look>,
    /// Where it starts, in entries of the table.
    start: f64,
}

impl Film {
    /// A loop of this script.
    pub(super) fn looped(script: &Script) -> Film {
        let period_ms: f64 = script.iter().map(|&(gap_ms, scene)| gap_ms + lasts_ms(scene)).sum();
        let mut looks = vec![Look::default(); (period_ms.max(200.0) / STEP_MS) as usize];
        let mut at_ms = 0.0;
        for &(gap_ms, scene) in script {
            at_ms += gap_ms;
            draw(&mut looks, at_ms, scene);
            at_ms += lasts_ms(scene);
        }
        Film { looks, start: 0.0 }
    }

    /// The same film from a random moment on.
    pub(super) fn started_anywhere(&self, rng: &mut Rng) -> Film {
        Film { looks: self.looks.clone(), start: self.looks.len() as f64 * rng.f64() }
    }
}

fn draw(looks: &mut [Look], at_ms: f64, scene: Scene) {
    let lasts_ms = lasts_ms(scene);
    let ramp_ms = if matches!(scene, Scene::Turned(..)) { HEAD_MS } else { LID_MS };
    let len = looks.len() as i64;
    for step in 0..(lasts_ms / STEP_MS) as i64 {
        let t_ms = step as f64 * STEP_MS;
        let share = (t_ms / ramp_ms).min((lasts_ms - t_ms) / ramp_ms).clamp(0.0, 1.0) as f32;
        let look = &mut looks[((at_ms / STEP_MS) as i64 + step).rem_euclid(len) as usize];
        match scene {
            Scene::Closed(_) => look.lids = look.lids.max(share),
            Scene::Hidden(_) => look.hidden = true,
            Scene::Turned(side, _) => look.yaw = (side * TURN_DEG) as f32 * share,
        }
    }
}

impl Face for Film {
    fn look(&mut self, t_ms: f64) -> Look {
        self.looks[(t_ms / STEP_MS + self.start) as usize % self.looks.len()]
    }
}

/// How often a curve of random gestures makes which, and how it spaces them.
#[derive(Clone, Debug)]
pub(super) struct Blind {
    /// Weights of once, twice, held, a turn to the left and one to the right.
    pub(super) weights: [f64; 5],
    /// Least and greatest pause between two gestures, in milliseconds.
    pub(super) pause_ms: (f64, f64),
    /// Least and greatest time that eyes are held closed, and a head stays turned.
    pub(super) hold_ms: (f64, f64),
    pub(super) stay_ms: (f64, f64),
}

impl Blind {
    /// A curve for one attempt.
    pub(super) fn film(&self, rng: &mut Rng) -> Film {
        const CURVE_MS: f64 = 60_000.0;
        let (mut script, mut at_ms) = (Script::new(), 0.0);
        while at_ms < CURVE_MS {
            let pause_ms = between(rng, self.pause_ms);
            let scenes = match pick(rng, &self.weights) {
                0 => vec![(pause_ms, Scene::Closed(200.0))],
                1 => vec![(pause_ms, Scene::Closed(200.0)), (300.0, Scene::Closed(200.0))],
                2 => vec![(pause_ms, Scene::Closed(between(rng, self.hold_ms)))],
                3 => vec![(pause_ms, Scene::Turned(1.0, between(rng, self.stay_ms)))],
                _ => vec![(pause_ms, Scene::Turned(-1.0, between(rng, self.stay_ms)))],
            };
            at_ms += scenes.iter().map(|&(gap_ms, scene)| gap_ms + lasts_ms(scene)).sum::<f64>();
            script.extend(scenes);
        }
        Film::looped(&script)
    }
}

fn pick(rng: &mut Rng, weights: &[f64]) -> usize {
    let mut at = rng.f64() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        at -= weight;
        if at < 0.0 {
            return index;
        }
    }
    weights.len() - 1
}

fn between(rng: &mut Rng, (a, b): (f64, f64)) -> f64 {
    a + (b - a) * rng.f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_shows_its_scenes_again_and_again() {
        let script =
            vec![(1000.0, Scene::Closed(500.0)), (500.0, Scene::Turned(-1.0, 500.0)), (0.0, Scene::Hidden(500.0))];
        let mut film = Film::looped(&script);
        for period in [0.0, 3500.0] {
            let mut look = |t_ms: f64| film.look(period + t_ms);
            assert_eq!((look(500.0).lids, look(1250.0).lids, look(1750.0).lids), (0.0, 1.0, 0.0));
            assert_eq!((look(1750.0).yaw, look(2500.0).yaw), (0.0, -16.0));
            assert!(!look(2900.0).hidden && look(3250.0).hidden);
        }
    }
}
