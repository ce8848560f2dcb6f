//! The measurements, each on a server started for it.

use std::path::PathBuf;

use fastrand::Rng;
use test_client::{PersonSimulator, ServerProcess, UserPool};

use crate::checks::Checks;
use crate::registrations::Registrations;
use crate::report::Report;
use crate::soak::Soak;
use crate::verifications::Verifications;
use crate::{checks, overload, people, registrations, soak, submissions, usage, verifications};

/// What to measure with, and how much.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The server's program.
    pub(crate) program: PathBuf,
    /// Folder with the model files.
    pub(crate) models: PathBuf,
    /// Folder for the servers' data.
    pub(crate) folder: PathBuf,
    /// Runtime for the server's networks: `tract` or `compact`.
    pub(crate) runtime: String,
    /// An empty database to use instead of SQLite.
    pub(crate) database_url: Option<String>,
    /// Duration of each timed part.
    pub(crate) seconds: u64,
    /// Number of submissions sent one by one, and again at capacity.
    pub(crate) submissions: usize,
    /// Number of people in real time, for each policy.
    pub(crate) people: usize,
}

impl Plan {
    /// Measures everything, and prints progress to standard error.
    ///
    /// # Errors
    /// If the server does not start, or answers a request with an unexpected error.
    pub(crate) fn run(&self) -> anyhow::Result<Report> {
        let simulator = PersonSimulator::load(&self.models)?;
        let mut rng = Rng::new();
        // The policy is a setting of the server, so this needs a server of its own.
        eprintln!("people who follow the cues, in real time");
        let server = self.serve("prompted")?;
        let prompted = people::attend_all(&server, &simulator, self.people, &mut rng)?;
        eprintln!("{prompted:?}");
        drop(server);
        let server = self.serve("natural")?;
        eprintln!("people who blink naturally, in real time");
        let natural = people::attend_all(&server, &simulator, self.people, &mut rng)?;
        eprintln!("{natural:?}");
        let pool = UserPool::new(&server, &simulator, &mut rng)?;
        // Before the registrations, which leave thousands of unread mails in the queue.
        eprintln!("whole verifications, {} s", self.seconds);
        let verifications = verifications::measure(&pool, self.seconds)?;
        eprintln!("registrations and links, {} s each", self.seconds);
        let registrations = registrations::measure(&pool, server.pid(), self.seconds)?;
        eprintln!("submissions one by one, then at capacity");
        let submissions = submissions::measure(&pool, server.pid(), self.submissions)?;
        eprintln!("four times the capacity, {} s", self.seconds);
        let overload = overload::measure(&pool, &submissions, self.seconds)?;
        Ok(Report {
            runtime: self.runtime.clone(),
            cores: test_client::cores(),
            people: [("prompted".to_owned(), prompted), ("natural".to_owned(), natural)].into(),
            registrations,
            verifications,
            submissions,
            overload,
            memory: usage::memory(server.pid())?,
        })
    }

    /// Measures only registrations and links.
    ///
    /// # Errors
    /// See [`Plan::run`].
    pub(crate) fn registrations(&self) -> anyhow::Result<Registrations> {
        let (server, pool) = self.serve_pool()?;
        registrations::measure(&pool, server.pid(), self.seconds)
    }

    /// Measures only checks that a site makes and reads.
    ///
    /// # Errors
    /// See [`Plan::run`].
    pub(crate) fn checks(&self) -> anyhow::Result<Checks> {
        checks::measure(&self.serve("natural")?, self.seconds)
    }

    /// Measures only whole verifications, without other mails in the queue.
    ///
    /// # Errors
    /// See [`Plan::run`].
    pub(crate) fn verifications(&self) -> anyhow::Result<Verifications> {
        let (_server, pool) = self.serve_pool()?;
        verifications::measure(&pool, self.seconds)
    }

    /// Verifies people for some minutes and watches the server's memory.
    ///
    /// # Errors
    /// See [`Plan::run`].
    pub(crate) fn soak(&self, minutes: u64) -> anyhow::Result<Soak> {
        let (server, pool) = self.serve_pool()?;
        soak::measure(&pool, server.pid(), minutes)
    }

    /// A server that does not prompt, and users for it.
    fn serve_pool(&self) -> anyhow::Result<(ServerProcess, UserPool)> {
        let server = self.serve("natural")?;
        let pool = UserPool::new(&server, &PersonSimulator::load(&self.models)?, &mut Rng::new())?;
        Ok((server, pool))
    }

    fn serve(&self, policy: &str) -> anyhow::Result<ServerProcess> {
        let folder = self.folder.join(policy);
        std::fs::create_dir_all(&folder)?;
        let mut settings = vec![("CHALLENGE_POLICY", policy), ("ENGINE_RUNTIME", &self.runtime)];
        settings.extend(self.database_url.as_deref().map(|url| ("DATABASE_URL", url)));
        ServerProcess::start(&self.program, &folder, &settings)
    }
}
