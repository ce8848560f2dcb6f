//! The search itself: random films at first, then changes to the best ones, generation after generation.

use fastrand::Rng;

use super::film::{Blind, Film, Scene, Script};
use super::play::{Conditions, Played, Rules, play};

/// A film that can be changed a little.
pub(super) trait Candidate: Clone + Send + Sync {
    fn random(rng: &mut Rng, turn: bool) -> Self;
    /// This one with a change.
    fn changed(&self, rng: &mut Rng, turn: bool) -> Self;
    /// Makes films for attempts, each from another moment on.
    fn films(&self) -> impl Fn(&mut Rng) -> Film;
    /// What it shows, in a line.
    fn description(&self) -> String;
}

/// How large a search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) generations: u32,
    /// Candidates in each.
    pub(super) candidates: usize,
    /// Attempts of each candidate in each generation.
    pub(super) attempts: u32,
    pub(super) threads: usize,
}

/// A candidate and its attempts so far.
#[derive(Clone)]
pub(super) struct Tried<C> {
    pub(super) candidate: C,
    pub(super) attempts: u32,
    pub(super) passed: u32,
    /// Attempts that missed only one step.
    near: u32,
}

impl<C: Candidate> Tried<C> {
    fn new(candidate: C) -> Tried<C> {
        Tried { candidate, attempts: 0, passed: 0, near: 0 }
    }

    /// The share that passed, and a little for those that nearly did: it leads to better films while none passes.
    fn merit(&self) -> f64 {
        (f64::from(self.passed) + 0.03 * f64::from(self.near)) / f64::from(self.attempts.max(1))
    }

    /// Plays it in more attempts.
    pub(super) fn play(&mut self, attempts: u32, rules: Rules, conditions: Conditions, seed: u64) {
        let films = self.candidate.films();
        let mut rng = Rng::with_seed(seed);
        for _ in 0..attempts {
            let Played { passed, done, .. } = play(&mut films(&mut rng), rules, conditions, &mut rng);
            self.passed += u32::from(passed);
            self.near += u32::from(!passed && done > 0.6);
        }
        self.attempts += attempts;
    }
}

/// The best candidates that a search finds, best first, by the attempts of the search. Those favour the lucky, so the
/// caller plays them again.
pub(super) fn search<C: Candidate>(rules: Rules, conditions: Conditions, effort: Effort, seed: u64) -> Vec<Tried<C>> {
    let mut rng = Rng::with_seed(seed);
    let random = |rng: &mut Rng| Tried::new(C::random(rng, rules.turn));
    let mut all: Vec<Tried<C>> = (0..8 * effort.candidates).map(|_| random(&mut rng)).collect();
    for generation in 0..effort.generations {
        let seeds: Vec<u64> = all.iter().map(|_| rng.u64(..)).collect();
        let share = all.len().div_ceil(effort.threads);
        std::thread::scope(|scope| {
            for (tried, seeds) in all.chunks_mut(share).zip(seeds.chunks(share)) {
                scope.spawn(move || {
                    for (tried, seed) in tried.iter_mut().zip(seeds) {
                        tried.play(effort.attempts, rules, conditions, *seed);
                    }
                });
            }
        });
        all.sort_by(|a, b| b.merit().total_cmp(&a.merit()));
        all.truncate(effort.candidates / 4);
        if generation + 1 == effort.generations {
            break;
        }
        let parents = all.clone();
        for _ in 0..effort.candidates {
            // The better half has most descendants.
            let parent = &parents[rng.usize(..parents.len()).min(rng.usize(..parents.len()))];
            all.push(Tried::new(parent.candidate.changed(&mut rng, rules.turn)));
        }
        all.extend((0..effort.candidates / 8).map(|_| random(&mut rng)));
    }
    all
}

impl Candidate for Script {
    fn random(rng: &mut Rng, turn: bool) -> Script {
        let gap_ms = (200.0, between(rng, 500.0, 5000.0));
        (0..rng.usize(1..=8)).map(|_| (between(rng, gap_ms.0, gap_ms.1), scene(rng, turn))).collect()
    }

    fn changed(&self, rng: &mut Rng, turn: bool) -> Script {
        let mut script = self.clone();
        for _ in 0..rng.usize(1..=3) {
            let at = rng.usize(..script.len());
            match rng.u8(..8) {
                0 if script.len() < 12 => script.insert(at, (between(rng, -400.0, 4000.0), scene(rng, turn))),
                1 if script.len() > 1 => _ = script.remove(at),
                2 => script[at].1 = scene(rng, turn),
                3 => script[at].0 = between(rng, -400.0, 5000.0),
                4 | 5 => script[at].0 = (script[at].0 + between(rng, -400.0, 400.0)).clamp(-2000.0, 8000.0),
                6 => {
                    let other = rng.usize(..script.len());
                    script.swap(at, other);
                }
                _ => {
                    let change = between(rng, 0.75, 1.33);
                    match &mut script[at].1 {
                        Scene::Closed(ms) | Scene::Turned(_, ms) | Scene::Hidden(ms) => {
                            *ms = (*ms * change).clamp(60.0, 6000.0)
                        }
                    }
                }
            }
        }
        script
    }

    fn films(&self) -> impl Fn(&mut Rng) -> Film {
        let film = Film::looped(self);
        move |rng| film.started_anywhere(rng)
    }

    fn description(&self) -> String {
        let scene = |&(gap_ms, scene): &(f64, Scene)| {
            let what = match scene {
                Scene::Hidden(ms) => format!("hidden {:.1}", ms / 1000.0),
                Scene::Closed(ms) => format!("closed {:.1}", ms / 1000.0),
                Scene::Turned(side, ms) => format!("{} {:.1}", if side > 0.0 { "left" } else { "right" }, ms / 1000.0),
            };
            format!("{:.1}, {what}", gap_ms / 1000.0)
        };
        self.iter().map(scene).collect::<Vec<_>>().join(", ")
    }
}

fn scene(rng: &mut Rng, turn: bool) -> Scene {
    match rng.u8(..if turn { 9 } else { 6 }) {
        0 | 1 => Scene::Closed(200.0),
        5 => Scene::Hidden(between(rng, 100.0, 4000.0)),
        2..5 => Scene::Closed(between(rng, 500.0, 4500.0)),
        _ => Scene::Turned(if rng.bool() { 1.0 } else { -1.0 }, between(rng, 200.0, 4000.0)),
    }
}

impl Candidate for Blind {
    fn random(rng: &mut Rng, turn: bool) -> Blind {
        let weight = |rng: &mut Rng, can: bool| if can && rng.u8(..3) > 0 { rng.f64() } else { 0.0 };
        let mut weights: [f64; 5] = std::array::from_fn(|index| weight(rng, index < 3 || turn));
        weights[2] += 0.01;
        let range = |rng: &mut Rng, least: f64, most: f64| {
            let from = between(rng, least, most);
            (from, between(rng, from, most))
        };
        let (pause_ms, hold_ms) = (range(rng, 200.0, 5000.0), range(rng, 500.0, 4500.0));
        Blind { weights, pause_ms, hold_ms, stay_ms: range(rng, 200.0, 4000.0) }
    }

    fn changed(&self, rng: &mut Rng, turn: bool) -> Blind {
        let other = Blind::random(rng, turn);
        let mut changed = self.clone();
        match rng.u8(..5) {
            0 => {
                let at = rng.usize(..5);
                changed.weights[at] = other.weights[at];
            }
            1 => changed.pause_ms = other.pause_ms,
            2 => changed.hold_ms = other.hold_ms,
            3 => changed.stay_ms = other.stay_ms,
            _ => {
                let scale = |rng: &mut Rng, (a, b): (f64, f64)| {
                    let (a, b) = (a * between(rng, 0.8, 1.25), b * between(rng, 0.8, 1.25));
                    (a.min(b).max(60.0), a.max(b).max(60.0))
                };
                changed.pause_ms = scale(rng, changed.pause_ms);
                changed.hold_ms = scale(rng, changed.hold_ms);
                changed.stay_ms = scale(rng, changed.stay_ms);
            }
        }
        changed
    }

    fn films(&self) -> impl Fn(&mut Rng) -> Film {
        move |rng| self.film(rng)
    }

    fn description(&self) -> String {
        let range = |(a, b): (f64, f64)| format!("{:.1}–{:.1} s", a / 1000.0, b / 1000.0);
        let sum: f64 = self.weights.iter().sum();
        let shares = self.weights.map(|weight| format!("{:.0} %", 100.0 * weight / sum));
        format!(
            "once {}, twice {}, held {}, left {}, right {}; pauses {}, held {}, turned {}",
            shares[0],
            shares[1],
            shares[2],
            shares[3],
            shares[4],
            range(self.pause_ms),
            range(self.hold_ms),
            range(self.stay_ms),
        )
    }
}

fn between(rng: &mut Rng, a: f64, b: f64) -> f64 {
    a + (b - a) * rng.f64()
}
