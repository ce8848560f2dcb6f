//! Verifiers decide about attempts. There are two: the engine on a simulated clock, and a real server.

use engine::prompt::ServedRound;
use engine::{Issued, Record};
use fastrand::Rng;
use test_client::Camera;

use crate::clip_set::ClipSet;
use crate::report::Count;
use crate::signed_parts::SignedParts;

/// Decides about attempts.
pub(crate) trait Verifier: Sync {
    /// How many attempts it takes at a time.
    fn at_once(&self) -> usize;

    /// Makes one attempt with this camera.
    ///
    /// # Errors
    /// If the camera, the engine or the server fails.
    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<AttemptResult>;

    /// Tries every forgery, based on these submissions or on new ones like them.
    ///
    /// # Errors
    /// See [`Verifier::attempt`].
    fn forgeries(&self, honest: &[HonestSubmission], clips: &ClipSet) -> anyhow::Result<Vec<Count>>;
}

/// The result of an attempt.
pub(crate) struct AttemptResult {
    pub(crate) accepted: bool,
    /// Whether its signals mark it for review; false if that is not known.
    pub(crate) marked: bool,
    /// The verdict's reason, or why there was no verdict.
    pub(crate) reason: String,
    /// The submission, if there was one.
    pub(crate) submission: Option<SignedParts>,
    /// What the server had issued for it, if known.
    pub(crate) issued: Option<Issued>,
    /// What the decision rests on, if known.
    pub(crate) record: Option<Box<Record>>,
    /// The rounds that were served, if known.
    pub(crate) rounds: Vec<ServedRound>,
}

/// An accepted submission by an honest person.
pub(crate) struct HonestSubmission {
    /// The clip that shows the person.
    pub(crate) person: String,
    pub(crate) submission: SignedParts,
    /// See [`AttemptResult::issued`].
    pub(crate) issued: Option<Issued>,
}
