//! Scoring of submissions: the engine, off the async threads, as many at a time as there are permits.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use engine::{Decision, Issued, Networks, Scorer, Submission, Thresholds};
use tokio::sync::Semaphore;

use crate::embedded;
use crate::runtime::{Models, Runtime};
use crate::verification::Upload;

/// Submissions that may wait for a permit, for each permit. More are turned away at once.
const WAITING_PER_PERMIT: usize = 4;

/// The loaded networks and the permits to run them.
#[derive(Clone)]
pub struct ScoringPool {
    models: Models,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

/// A submission could not be scored.
#[derive(Debug)]
pub enum ScoringError {
    /// Too many wait already.
    Busy,
    /// A fault of ours.
    Failed(String),
}

impl std::fmt::Debug for ScoringPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScoringPool").field("running", &self.running).finish_non_exhaustive()
    }
}

impl ScoringPool {
    /// Loads the networks inside the program.
    ///
    /// # Errors
    /// One is missing or damaged.
    pub fn load(runtime: Runtime, permits: usize) -> anyhow::Result<Self> {
        let read =
            |name: &str| embedded::model_file(name).map(Cow::into_owned).with_context(|| format!("{name} is missing"));
        Self::with_files(runtime, permits, read)
    }

    /// Loads the networks in a folder.
    ///
    /// # Errors
    /// One is missing or damaged.
    pub fn load_from(folder: &Path, runtime: Runtime, permits: usize) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        Self::with_files(runtime, permits, read)
    }

    fn with_files(
        runtime: Runtime,
        permits: usize,
        read: impl Fn(&str) -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            models: Models::read(runtime, read)?,
            running: Arc::new(Semaphore::new(permits)),
            admitted: Arc::new(Semaphore::new(permits * (1 + WAITING_PER_PERMIT))),
        })
    }

    /// A fresh set of networks, for the tools.
    pub fn networks(&self) -> Networks {
        self.models.networks()
    }

    /// Decides a submission.
    ///
    /// # Errors
    /// [`ScoringError`]; says nothing about the person.
    pub async fn decide(&self, issued: Issued, upload: Upload) -> Result<Decision, ScoringError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| ScoringError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| ScoringError::Busy)?;
        let networks = self.models.networks();
        let scoring = tokio::task::spawn_blocking(move || {
            // Held until the work ends, also if nobody waits for it any more.
            let _permits = (admitted, running);
            let Upload { transcript, open, closed, strip } = &upload;
            let submission = Submission { transcript, open, closed, strip };
            engine::decide(&issued, &submission, &mut Scorer::new(networks), &Thresholds::V2)
        });
        match scoring.await {
            Ok(decided) => decided.map_err(|error| ScoringError::Failed(error.to_string())),
            Err(error) => Err(ScoringError::Failed(format!("scoring broke off: {error}"))),
        }
    }
}
