//! The clips of recorded people, and what each shows the camera. Each attempt has random numbers of its own, which are the
//! same in every run.

use std::path::{Path, PathBuf};

use accuracy::material::{CountedBlink, DoubtfulBlink, counted_blinks, doubtful_blinks, folders};
use accuracy::video::WholeClip;
use anyhow::ensure;
use engine_compact::Models;
use fastrand::Rng;
use test_client::Camera;

use crate::camera::{Photo, Replay};
use crate::person::{Person, Rehearsal};

/// The clips of recorded people.
pub(crate) struct ClipSet {
    files: Vec<PathBuf>,
    counted: Vec<CountedBlink>,
    doubtful: Vec<DoubtfulBlink>,
    models: Models,
    /// Attempts per clip and kind; half as many with photographs.
    pub(crate) runs: u64,
}

/// How a clip is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptKind {
    /// The clip plays in a loop.
    Replay,
    /// One of its frames is moved about as a photograph.
    Photo,
    /// Its person follows the cues.
    Honest,
    /// Its person follows the cues, and the submission is then forged in the way with this number.
    Forged(u8),
}

impl ClipSet {
    /// Finds the clips in a folder whose names contain `name_part`.
    ///
    /// # Errors
    /// If the folder lacks `videos/` or `blinks.csv`.
    pub(crate) fn open(material: &Path, name_part: &str, models: Models, runs: u64) -> anyhow::Result<ClipSet> {
        ensure!(material.join("videos").is_dir(), "{} has no folder videos", material.display());
        let (mut counted, mut doubtful, mut files) = (Vec::new(), Vec::new(), Vec::<PathBuf>::new());
        for folder in folders(material) {
            counted.extend(counted_blinks(&folder)?);
            doubtful.extend(doubtful_blinks(&folder)?);
            let entries = std::fs::read_dir(folder.join("videos"))?;
            let mut of_folder: Vec<PathBuf> =
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
            of_folder.sort();
            files.append(&mut of_folder);
        }
        files.retain(|file| file.to_string_lossy().contains(name_part));
        Ok(ClipSet { files, counted, doubtful, models, runs })
    }

    /// The clips. Each is decoded when its turn comes, since clips are large.
    pub(crate) fn clips(&self) -> impl Iterator<Item = anyhow::Result<WholeClip>> + '_ {
        self.files.iter().map(|file| WholeClip::load(file))
    }

    /// What the person in a clip can be made to do.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn rehearse<'a>(&self, clip: &'a WholeClip) -> anyhow::Result<Rehearsal<'a>> {
        Rehearsal::of(clip, (&self.counted, &self.doubtful), &self.models)
    }

    /// The camera for one attempt; `None` if the clip's person cannot follow cues. Only people who do need a rehearsal.
    pub(crate) fn camera<'a>(
        &self,
        clip: &'a WholeClip,
        rehearsal: Option<&'a Rehearsal<'a>>,
        kind: AttemptKind,
        rng: &mut Rng,
    ) -> Option<Box<dyn Camera + 'a>> {
        Some(match kind {
            AttemptKind::Replay => Box::new(Replay { clip, phase_ms: rng.f64() * clip.length_ms() }),
            AttemptKind::Photo => Box::new(Photo::new(&clip.frames[rng.usize(..clip.frames.len())], rng.fork())),
            AttemptKind::Honest | AttemptKind::Forged(_) => Box::new(Person::of(rehearsal?, rng.fork())?),
        })
    }
}

/// A generator that differs for every clip, run and kind, and is the same in every run of the program.
pub(crate) fn seeded(clip: &WholeClip, run: u64, kind: AttemptKind) -> Rng {
    let kind = match kind {
        AttemptKind::Replay => 17,
        AttemptKind::Photo => 3,
        AttemptKind::Honest => 5,
        AttemptKind::Forged(number) => 100 + u64::from(number),
    };
    let clip = clip.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Rng::with_seed(clip ^ (run * 15_485_863 + kind))
}
