//! Simulates a person at the camera page: draws the frames that the camera sees, and analyses them with the same engine as
//! the browser.

mod camera;
mod camera_page;
mod face;
mod head;
mod person;

use std::path::Path;

use anyhow::Context as _;
use engine_compact::{FILE_NAME, Models};
use fastrand::Rng;

pub use camera::Camera;
pub use camera_page::AttemptOutcome;
use camera_page::FrameClock;
pub use face::Face;
pub use head::Head;
pub use person::{Person, ReplayMode};

use crate::user::UserClient;

/// The frames of one face and the engine's networks, shared by all attempts.
pub struct PersonSimulator {
    face: Face,
    models: Models,
}

impl PersonSimulator {
    /// Loads the networks and draws the frames, from the folder of the model files.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn load(models: &Path) -> anyhow::Result<PersonSimulator> {
        let pack = models.join(FILE_NAME);
        let pack = std::fs::read(&pack).with_context(|| format!("cannot read {}", pack.display()))?;
        Ok(PersonSimulator { face: Face::portrait(models)?, models: Models::load(&pack)? })
    }

    /// Makes one attempt in real time: a person who follows the prompts.
    ///
    /// # Errors
    /// A request or the engine failed.
    pub fn attempt(&self, user: &UserClient, rng: &mut Rng) -> anyhow::Result<AttemptOutcome> {
        let mut person = Person::new(&self.face, rng.fork());
        self.attempt_with_camera(user, &mut person, rng)
    }

    /// Makes one attempt without prompts, as fast as the frames can be analysed. It may be submitted only after as much time
    /// as the recording claims to have lasted.
    ///
    /// # Errors
    /// A request or the engine failed.
    pub fn attempt_fast(&self, user: &UserClient, rng: &mut Rng) -> anyhow::Result<AttemptOutcome> {
        let mut person = Person::new(&self.face, rng.fork());
        camera_page::attempt(user, &mut person, FrameClock::Simulated(0.0), self.models.networks(), rng)
    }

    /// Makes one attempt in real time with a recording in place of the person.
    ///
    /// # Errors
    /// A request or the engine failed.
    pub fn replay(&self, user: &UserClient, mode: ReplayMode, rng: &mut Rng) -> anyhow::Result<AttemptOutcome> {
        let mut person = Person::recorded(&self.face, rng.fork(), mode);
        self.attempt_with_camera(user, &mut person, rng)
    }

    /// Makes one attempt in real time with this camera.
    ///
    /// # Errors
    /// A request, the engine or the camera failed.
    pub fn attempt_with_camera(
        &self,
        user: &UserClient,
        camera: &mut dyn Camera,
        rng: &mut Rng,
    ) -> anyhow::Result<AttemptOutcome> {
        camera_page::attempt(user, camera, FrameClock::real(), self.models.networks(), rng)
    }
}
