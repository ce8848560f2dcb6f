//! Whoever decides about attempts: the engine on a pretended clock, or a server.

use engine::prompt::Policy;
use engine::{Issued, Scorer, Verdict};
use engine_compact::Models;
use fastrand::Rng;
use test_client::{Camera, cores};

use crate::attempts::Clips;
use crate::forge::{self, Sent};
use crate::rehearse::{Conditions, Rehearsed, rehearse};
use crate::report::Count;

/// Decides about attempts.
pub(crate) trait Verifier: Sync {
    /// How many attempts it takes at a time.
    fn at_once(&self) -> usize;

    /// One attempt, before this camera.
    ///
    /// # Errors
    /// If camera, engine or server fail.
    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<Outcome>;

    /// Every forgery, made of these submissions or like them.
    ///
    /// # Errors
    /// As [`Verifier::attempt`].
    fn forgeries(&self, honest: &[Honest], clips: &Clips) -> anyhow::Result<Vec<Count>>;
}

/// How an attempt ended.
pub(crate) struct Outcome {
    pub(crate) accepted: bool,
    /// The reason, or why there was no verdict, in words.
    pub(crate) how: String,
    /// What was submitted, if anything was.
    pub(crate) sent: Option<Sent>,
    /// What it was judged by, where that is known.
    pub(crate) issued: Option<Issued>,
}

/// An honest submission that was accepted.
pub(crate) struct Honest {
    /// The clip that shows the person.
    pub(crate) person: String,
    pub(crate) sent: Sent,
    /// As [`Outcome::issued`].
    pub(crate) issued: Option<Issued>,
}

/// Browser, network and server as the engine's own client and decision, on a pretended clock: thousands of attempts take
/// minutes.
pub(crate) struct Rehearsal {
    pub(crate) models: Models,
    pub(crate) round_trip_ms: f64,
    pub(crate) rate: f64,
}

impl Verifier for Rehearsal {
    fn at_once(&self) -> usize {
        cores()
    }

    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<Outcome> {
        let conditions = Conditions { policy: Policy::Prompted, round_trip_ms: self.round_trip_ms, rate: self.rate };
        let Rehearsed { verdict, sent } = rehearse(camera, &|| self.models.networks(), conditions, rng)?;
        let how = match verdict {
            Verdict::Accepted => "accepted",
            Verdict::Rejected(reason) => reason.code(),
        };
        let (issued, sent) = sent.unzip();
        Ok(Outcome { accepted: verdict == Verdict::Accepted, how: how.to_owned(), sent, issued })
    }

    fn forgeries(&self, honest: &[Honest], _: &Clips) -> anyhow::Result<Vec<Count>> {
        forge::all(honest, &mut Scorer::new(self.models.networks()))
    }
}
