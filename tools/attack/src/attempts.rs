//! The attempts of each clip: what is played, as often as was asked for, each time by another chance that is the same every
//! time.

use std::path::{Path, PathBuf};

use fastrand::Rng;
use test_client::{Camera, for_each};

use crate::camera::{Photo, Replay};
use crate::clip::{self, Clip, CountedBlink};
use crate::person::Person;
use crate::verifier::{Outcome, Verifier};

/// The recorded people.
pub(crate) struct Clips {
    files: Vec<PathBuf>,
    counted: Vec<CountedBlink>,
    /// Attempts of each, for every kind; half as many with photographs.
    pub(crate) runs: u64,
}

/// What is done with a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is played in a loop.
    Replay,
    /// One of its frames is moved about.
    Photo,
    /// Its person follows the cues.
    Honest,
    /// The same, to forge what comes of it in the way of this number.
    Forged(u8),
}

impl Clips {
    /// Those in a folder whose names hold this text.
    ///
    /// # Errors
    /// The folder lacks `videos/` or `blinks.csv`.
    pub(crate) fn open(material: &Path, holding: &str, runs: u64) -> anyhow::Result<Clips> {
        let counted = clip::counted_blinks(material)?;
        let entries = std::fs::read_dir(material.join("videos"))?;
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.sort();
        files.retain(|file| file.to_string_lossy().contains(holding));
        Ok(Clips { files, counted, runs })
    }

    /// Each, decoded when its turn comes: they are large.
    pub(crate) fn each(&self) -> impl Iterator<Item = anyhow::Result<Clip>> + '_ {
        self.files.iter().map(|file| Clip::load(file))
    }

    /// All attempts of this kind with a clip; none where its person cannot follow cues.
    ///
    /// # Errors
    /// As [`Verifier::attempt`].
    pub(crate) fn attempt(&self, verifier: &dyn Verifier, clip: &Clip, kind: Kind) -> anyhow::Result<Vec<Outcome>> {
        // A photograph that is moved takes long to draw.
        let runs = if kind == Kind::Photo { self.runs.div_ceil(2) } else { self.runs };
        let act = |&run: &u64| {
            let mut rng = seeded(clip, run, kind);
            let Some(mut camera) = self.camera(clip, kind, &mut rng) else { return Ok(None) };
            verifier.attempt(camera.as_mut(), &mut rng).map(Some)
        };
        let outcomes = for_each(verifier.at_once(), &(0..runs).collect::<Vec<_>>(), act)?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// What stands before the camera.
    pub(crate) fn camera<'a>(&self, clip: &'a Clip, kind: Kind, rng: &mut Rng) -> Option<Box<dyn Camera + 'a>> {
        Some(match kind {
            Kind::Replay => Box::new(Replay { clip, phase_ms: rng.f64() * clip.length_ms() }),
            Kind::Photo => Box::new(Photo::new(&clip.frames[rng.usize(..clip.frames.len())], rng.fork())),
            Kind::Honest | Kind::Forged(_) => Box::new(Person::of(clip, &self.counted, rng.fork())?),
        })
    }
}

/// Chance that is another for every clip, run and kind, and the same every time.
pub(crate) fn seeded(clip: &Clip, run: u64, kind: Kind) -> Rng {
    let kind = match kind {
        Kind::Replay => 17,
        Kind::Photo => 3,
        Kind::Honest => 5,
        Kind::Forged(number) => 100 + u64::from(number),
    };
    let clip = clip.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Rng::with_seed(clip ^ (run * 15_485_863 + kind))
}
