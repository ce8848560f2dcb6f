//! The list of attacks: every kind on every photograph, in the same order and with the same random numbers in every run.

use engine::geometry::Point;
use serde::Serialize;

use super::curve::Tremor;
use super::occlusion::Occlusion;
use super::photo::{FACE_WIDTH, Photo};
use super::rigid::Rigid;
use super::script::{Moment, Script};
use super::sheet::{HEIGHT, Placement, WIDTH};
use accuracy::prng::Prng;

/// How often each kind is tried on each photograph.
const ROUNDS: usize = 3;

/// What an attack requires, which determines what is expected of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Group {
    /// A print that is moved. It must never count as a blink.
    Rigid,
    /// A print whose eyes are covered. It must hardly ever count.
    Occlusion,
    /// A print with paper lids. It looks like a blink and is expected to count; included for comparison.
    NeedsSkill,
}

/// One kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The print moves.
    Rigid(Rigid, &'static str),
    /// The eyes are covered.
    Occlusion(Occlusion, &'static str),
    /// The photograph's own lids are pulled down by clip-maker's warp.
    PaperLids,
}

impl Kind {
    /// All kinds.
    pub(super) fn all() -> impl Iterator<Item = Kind> {
        let rigid = Rigid::ALL.into_iter().map(|(kind, name)| Kind::Rigid(kind, name));
        let occlusion = Occlusion::ALL.into_iter().map(|(kind, name)| Kind::Occlusion(kind, name));
        rigid.chain(occlusion).chain([Kind::PaperLids])
    }

    /// The name of the kind.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Rigid(_, name) | Kind::Occlusion(_, name) => name,
            Kind::PaperLids => "paper lids",
        }
    }

    /// The group of the kind.
    pub(super) fn group(self) -> Group {
        match self {
            Kind::Rigid(..) => Group::Rigid,
            Kind::Occlusion(..) => Group::Occlusion,
            Kind::PaperLids => Group::NeedsSkill,
        }
    }
}

/// One attack on one photograph.
pub(super) struct Sequence<'a> {
    /// The kind of attack.
    pub(super) kind: Kind,
    /// The print that is attacked with.
    pub(super) photo: &'a Photo,
    /// Number of the repetition, from 0.
    pub(super) round: usize,
}

impl Sequence<'_> {
    /// A name that is safe for files. It also seeds the random numbers.
    pub(super) fn name(&self) -> String {
        let kind = self.kind.name().replace(", ", "-").replace(' ', "-");
        format!("{kind}.{}.{}", self.photo.name, self.round)
    }

    /// What happens in front of the camera. `None` for paper lids, which clip-maker renders.
    pub(super) fn script(&self) -> Option<Script> {
        let mut rng = Prng::named(&self.name());
        let mut script = at_rest(&mut rng);
        script.changes.extend(match self.kind {
            Kind::Rigid(kind, _) => kind.changes(&mut rng),
            Kind::Occlusion(kind, _) => kind.changes(self.photo, &mut rng),
            Kind::PaperLids => return None,
        });
        Some(script)
    }
}

/// The attacks with `photos`: all, or a subset that still includes every kind and every photograph.
pub(super) fn sequences(photos: &[Photo], quick: bool) -> Vec<Sequence<'_>> {
    let mut sequences = Vec::new();
    for (k, kind) in Kind::all().enumerate() {
        let rounds = if quick || kind == Kind::PaperLids { 1 } else { ROUNDS };
        for round in 0..rounds {
            let chosen = photos.iter().enumerate().filter(|(p, _)| !quick || !(p + k).is_multiple_of(3));
            sequences.extend(chosen.map(|(_, photo)| Sequence { kind, photo, round }));
        }
    }
    sequences
}

/// A print held up to the camera: its face is 150 to 260 pixels wide, slightly off centre and never quite still.
pub(super) fn at_rest(rng: &mut Prng) -> Script {
    let scale = rng.between(150.0, 260.0) / FACE_WIDTH;
    let x = WIDTH as f32 / 2.0 + rng.between(-25.0, 25.0);
    let y = HEIGHT as f32 / 2.0 + rng.between(-15.0, 15.0);
    let placement = Placement {
        roll: rng.between(-0.05, 0.05),
        yaw: rng.between(-0.08, 0.08),
        pitch: rng.between(-0.08, 0.08),
        ..Placement::facing(Point::new(x, y), scale)
    };
    let [sway_x, sway_y] = std::array::from_fn(|_| Tremor::new(rng, 0.4, 1.5));
    Script {
        start: Moment { placement, occluders: Vec::new(), gain: 1.0, defocus: 0.0 },
        changes: vec![Box::new(move |t, m| {
            m.placement.center.x += 1.5 * sway_x.at(t);
            m.placement.center.y += 1.5 * sway_y.at(t);
        })],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn photos(count: usize) -> Vec<Photo> {
        (0..count).map(|_| Photo::of_pixels(2, vec![[0.0; 4]; 4], vec![Point::default(); 468])).collect()
    }

    #[test]
    fn the_quick_subset_still_tries_every_kind_and_every_photograph() {
        let photos = photos(17);
        let (all, quick) = (sequences(&photos, false), sequences(&photos, true));
        let kinds: HashSet<&str> = quick.iter().map(|sequence| sequence.kind.name()).collect();
        assert_eq!(kinds.len(), Kind::all().count());
        for photo in &photos {
            assert!(quick.iter().any(|sequence| std::ptr::eq(sequence.photo, photo)));
        }
        let count = |plan: &[Sequence], group| plan.iter().filter(|sequence| sequence.kind.group() == group).count();
        assert!(count(&all, Group::Rigid) >= 500 && count(&all, Group::Occlusion) >= 300);
        assert!(quick.len() < all.len() / 3);
    }

    #[test]
    fn a_sequence_is_the_same_each_time_and_differs_from_the_next() {
        let photos = photos(1);
        let pan = |round| Sequence { kind: Kind::Rigid(Rigid::Pan, "pan"), photo: &photos[0], round };
        let center = |sequence: Sequence| sequence.script().map(|script| script.at(1.4).placement.center);
        assert_eq!(center(pan(0)), center(pan(0)));
        assert_ne!(center(pan(0)), center(pan(1)));
    }
}
