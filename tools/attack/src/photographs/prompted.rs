//! Photographs whose eyes are covered when a prompt asks for it: does a whole prompted attempt pass?
//!
//! The attacker answers as a person would, with a strip of paper, a bar, a pencil, a card or a hand that moves in front of
//! the eyes and away again.

use accuracy::prng::Prng;
use engine::{Ask, Picture};
use engine_compact::Models;
use fastrand::Rng;
use test_client::{Camera, cores, for_each};

use super::occluder::Occluder;
use super::occlusion::Occlusion;
use super::photo::Photo;
use super::plan::at_rest;
use super::render::Renderer;
use super::script::Script;
use crate::report::Count;
use crate::simulation::{Conditions, Simulation};
use crate::verifier::Verifier as _;

/// The occluders that count as a blink now and then.
const KINDS: [Occlusion; 5] = [Occlusion::Bar, Occlusion::Pencil, Occlusion::Strip, Occlusion::Skin, Occlusion::Hand];

/// From a prompt to the first movement, the time covered, and the pause between two covers, in milliseconds.
const LATENCY_MS: (f32, f32) = (250.0, 900.0);
const COVERED_MS: (f32, f32) = (120.0, 350.0);
const PAUSE_MS: (f32, f32) = (150.0, 400.0);

/// How long the occluder takes to arrive or to leave, in milliseconds.
const MOVE_MS: f64 = 80.0;

/// Makes `attempts` prompted attempts with these photographs and counts the accepted ones of each kind. `turn`: whether a
/// turn of the head is asked for.
///
/// # Errors
/// If rendering or the engine fails.
pub(super) fn run(photos: &[Photo], models: Models, attempts: usize, turn: bool) -> anyhow::Result<Vec<Count>> {
    let simulation = Simulation { models, conditions: Conditions { turn, ..Conditions::default() } };
    let numbers: Vec<usize> = (0..attempts).collect();
    let results = for_each(cores(), &numbers, |&number| {
        let photo = &photos[number % photos.len()];
        let kind = KINDS[number / photos.len() % KINDS.len()];
        let mut camera = Cover::new(photo, kind, number);
        let result = simulation.attempt(&mut camera, &mut Rng::with_seed(number as u64))?;
        eprintln!("{}/{attempts}: {kind:?}, {}: {}", number + 1, photo.name, result.reason);
        anyhow::Ok((kind, result.accepted))
    })?;
    let names = Occlusion::ALL;
    Ok(KINDS
        .iter()
        .map(|kind| {
            let name = names.iter().find(|(other, _)| other == kind).map_or("", |(_, name)| name);
            let mut count = Count::new(&format!("covered on cue: {name}"));
            results.iter().filter(|(other, _)| other == kind).for_each(|&(_, accepted)| count.add(accepted));
            count
        })
        .collect())
}

/// A photograph in front of the camera, and an attacker who covers its eyes.
struct Cover<'a> {
    renderer: Renderer<'a>,
    rest: Script,
    occluder: Occluder,
    /// How far away the occluder waits, in pixels of the print.
    away: f32,
    rng: Prng,
    /// The prompt that is being answered.
    answering: Option<Ask>,
    /// When the eyes are covered; a hold has no end before the tone.
    covered_ms: Vec<(f64, f64)>,
    frames: usize,
}

impl<'a> Cover<'a> {
    fn new(photo: &'a Photo, kind: Occlusion, number: usize) -> Cover<'a> {
        let mut rng = Prng::named(&format!("covered on cue {number}"));
        let rest = at_rest(&mut rng);
        let occluder = kind.occluder(photo, &mut rng);
        let away = rng.sign() * (occluder.half.1 + rng.between(40.0, 120.0));
        let renderer = Renderer::new(photo);
        Cover { renderer, rest, occluder, away, rng, answering: None, covered_ms: Vec::new(), frames: 0 }
    }

    /// Plans the answer to a new prompt.
    fn answer(&mut self, t_ms: f64, ask: Option<Ask>) {
        let mut between = |(from, to): (f32, f32)| f64::from(self.rng.between(from, to));
        let starts_ms = t_ms + between(LATENCY_MS);
        match ask {
            Some(Ask::Once) => self.covered_ms = vec![(starts_ms, starts_ms + between(COVERED_MS))],
            Some(Ask::Twice) => {
                let ends_ms = starts_ms + between(COVERED_MS);
                let again_ms = ends_ms + between(PAUSE_MS);
                self.covered_ms = vec![(starts_ms, ends_ms), (again_ms, again_ms + between(COVERED_MS))];
            }
            Some(Ask::Hold) => self.covered_ms = vec![(starts_ms, f64::INFINITY)],
            Some(Ask::Tone) => self.covered_ms.iter_mut().for_each(|covered| covered.1 = starts_ms),
            _ => self.covered_ms.retain(|covered| covered.1.is_finite()),
        }
    }

    /// How far the occluder is from the eyes, as a share of its way.
    fn distance(&self, t_ms: f64) -> f32 {
        let before = |&(starts, ends): &(f64, f64)| ((starts - t_ms).max(t_ms - ends) / MOVE_MS).clamp(0.0, 1.0);
        self.covered_ms.iter().map(before).fold(1.0, f64::min) as f32
    }
}

impl Camera for Cover<'_> {
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture> {
        if ask != self.answering {
            self.answer(t_ms, ask);
            self.answering = ask;
        }
        self.frames += 1;
        let t_s = (t_ms / 1000.0) as f32;
        let mut start = self.rest.at(t_s);
        start.occluders.push(self.occluder.moved_across(self.away * self.distance(t_ms)));
        Ok(self.renderer.frame(&Script { start, changes: Vec::new() }, t_s, self.frames)?)
    }
}
