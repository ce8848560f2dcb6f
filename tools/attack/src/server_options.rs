//! The server that is started for an attack, and its command line options.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tempfile::TempDir;
use test_client::ServerProcess;

/// Options of a server that is started for an attack.
#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// Runtime for the server's networks: tract or compact
    #[arg(long, default_value = "tract")]
    runtime: String,
    /// Use this database, which should be empty, instead of SQLite in the server's folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The server's program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder for the server's data, instead of a temporary one
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// A running server.
pub(crate) struct RunningServer {
    pub(crate) process: ServerProcess,
    /// Removed after the server has ended.
    _temporary: TempDir,
}

impl ServerOptions {
    /// Starts a server with this challenge policy.
    ///
    /// # Errors
    /// If the program is missing or does not start.
    pub(crate) fn start(&self, policy: &str) -> anyhow::Result<RunningServer> {
        let mut settings = vec![("CHALLENGE_POLICY", policy), ("ENGINE_RUNTIME", &self.runtime)];
        settings.extend(self.database_url.as_deref().map(|url| ("DATABASE_URL", url)));
        let folder = self.folder.as_ref().map(|folder| folder.join(policy));
        RunningServer::start(self.program.as_deref(), folder.as_deref(), &settings)
    }
}

impl RunningServer {
    /// Starts a server in `folder` or in a temporary folder.
    ///
    /// # Errors
    /// If the program is missing or does not start.
    pub(crate) fn start(
        program: Option<&Path>,
        folder: Option<&Path>,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<RunningServer> {
        let program = ServerProcess::program(program)?;
        let temporary = TempDir::new().context("cannot create a temporary folder")?;
        let folder = match folder {
            Some(folder) => std::path::absolute(folder)?,
            None => temporary.path().to_owned(),
        };
        std::fs::create_dir_all(&folder)?;
        Ok(RunningServer { process: ServerProcess::start(&program, &folder, settings)?, _temporary: temporary })
    }
}
