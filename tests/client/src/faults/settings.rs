//! The settings of a test, and the servers started with them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::server_process::ServerProcess;

/// The settings of a test.
pub struct FaultTest<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder of the model files.
    pub models: &'a Path,
    /// The servers' working folders are made in here.
    pub folder: &'a Path,
    /// The servers' settings, apart from those that a fault needs.
    pub settings: Vec<(&'a str, &'a str)>,
    /// A PostgreSQL database. `None` leaves out the fault of the database.
    pub database_url: Option<&'a str>,
    /// How long each fault lasts.
    pub lasts: Duration,
    /// Users for each fault.
    pub people: usize,
    /// The library libfaketime. `None` leaves out the fault of the clock.
    pub faketime: Option<PathBuf>,
}

impl FaultTest<'_> {
    /// Starts a server in a folder of this name.
    pub(super) fn serve(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<ServerProcess> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let mut all = vec![("CHALLENGE_POLICY", "natural")];
        all.extend_from_slice(&self.settings);
        all.extend_from_slice(settings);
        ServerProcess::start(self.program, &folder, &all)
    }
}
