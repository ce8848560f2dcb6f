//! What every attempt needs: the free face, and the engine as browsers run it.

use std::path::Path;

use anyhow::Context as _;
use engine_compact::{FILE_NAME, Models};
use fastrand::Rng;

use crate::attend::{Attended, Shutter, attend};
use crate::camera::Camera;
use crate::face::Face;
use crate::person::{Person, Playing};
use crate::visitor::Visitor;

/// A face and an engine.
pub struct Studio {
    face: Face,
    models: Models,
}

impl Studio {
    /// Loads both; `models` is the folder of the model files.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn open(models: &Path) -> anyhow::Result<Studio> {
        let pack = models.join(FILE_NAME);
        let pack = std::fs::read(&pack).with_context(|| format!("cannot read {}", pack.display()))?;
        Ok(Studio { face: Face::free(models)?, models: Models::load(&pack)? })
    }

    /// Somebody attends a challenge for this visitor, in real time.
    ///
    /// # Errors
    /// The server refuses something, or the engine fails.
    pub fn attend(&self, visitor: &Visitor, rng: &mut Rng) -> anyhow::Result<Attended> {
        let mut person = Person::new(&self.face, rng.fork());
        self.attend_before(visitor, &mut person, rng)
    }

    /// As [`Studio::attend`], without prompts and as fast as the frames can be analysed. It is true only once as much time
    /// has passed as it lasted.
    ///
    /// # Errors
    /// As [`Studio::attend`].
    pub fn attend_quickly(&self, visitor: &Visitor, rng: &mut Rng) -> anyhow::Result<Attended> {
        let mut person = Person::new(&self.face, rng.fork());
        attend(visitor, &mut person, Shutter::Pretended(0.0), self.models.networks(), rng)
    }

    /// As [`Studio::attend`], but a recording is played into the camera.
    ///
    /// # Errors
    /// As [`Studio::attend`].
    pub fn play(&self, visitor: &Visitor, playing: Playing, rng: &mut Rng) -> anyhow::Result<Attended> {
        let mut person = Person::recorded(&self.face, rng.fork(), playing);
        self.attend_before(visitor, &mut person, rng)
    }

    /// As [`Studio::attend`], with whatever stands before this camera.
    ///
    /// # Errors
    /// As [`Studio::attend`], and if the camera fails.
    pub fn attend_before(&self, visitor: &Visitor, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<Attended> {
        attend(visitor, camera, Shutter::real(), self.models.networks(), rng)
    }
}
