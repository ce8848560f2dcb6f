//! The verifiers that decide about attempts: the engine on a simulated clock, or a real server.

use engine::prompt::Policy;
use engine::{Issued, Scorer, Verdict};
use engine_compact::Models;
use fastrand::Rng;
use test_client::{Camera, cores};

use crate::attempts::ClipSet;
use crate::forge::{self, SignedParts};
use crate::report::Count;
use crate::simulate::{Conditions, SimulatedAttempt, simulate};

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
    /// The verdict's reason, or why there was no verdict.
    pub(crate) reason: String,
    /// The submission, if there was one.
    pub(crate) submission: Option<SignedParts>,
    /// What the server had issued for it, if known.
    pub(crate) issued: Option<Issued>,
}

/// An accepted submission by an honest person.
pub(crate) struct HonestSubmission {
    /// The clip that shows the person.
    pub(crate) person: String,
    pub(crate) submission: SignedParts,
    /// See [`AttemptResult::issued`].
    pub(crate) issued: Option<Issued>,
}

/// Browser, network and server, simulated with the engine's client and decision on a simulated clock. This way, thousands
/// of attempts take minutes.
pub(crate) struct Simulation {
    pub(crate) models: Models,
    pub(crate) round_trip_ms: f64,
    pub(crate) rate: f64,
}

impl Verifier for Simulation {
    fn at_once(&self) -> usize {
        cores()
    }

    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<AttemptResult> {
        let conditions = Conditions { policy: Policy::Prompted, round_trip_ms: self.round_trip_ms, rate: self.rate };
        let SimulatedAttempt { verdict, submission } = simulate(camera, &|| self.models.networks(), conditions, rng)?;
        let reason = match verdict {
            Verdict::Accepted => "accepted",
            Verdict::Rejected(reason) => reason.code(),
        };
        let (issued, submission) = submission.unzip();
        Ok(AttemptResult { accepted: verdict == Verdict::Accepted, reason: reason.to_owned(), submission, issued })
    }

    fn forgeries(&self, honest: &[HonestSubmission], _: &ClipSet) -> anyhow::Result<Vec<Count>> {
        forge::all(honest, &mut Scorer::new(self.models.networks()))
    }
}
