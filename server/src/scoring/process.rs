//! The server's side of one worker: started, asked, and got rid of.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::limits::was_spinning;
use super::{Limits, wire};
use crate::runtime::Runtime;

/// Loading the networks takes about a second; on a machine that is busy with other things, many.
const START: Duration = Duration::from_secs(60);
/// A worker whose output has ended is on its way out. Nobody waits longer to see how it ends.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// What a worker is started from.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program; it is called with `score-worker` and settings.
    pub path: PathBuf,
    /// What runs the networks.
    pub runtime: Runtime,
    /// A folder with the models, instead of those inside the program.
    pub models_dir: Option<PathBuf>,
    /// What it may use.
    pub limits: Limits,
}

/// A running worker, ready for a submission. Ends when it is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Names the weights it scores with.
    pub(super) models: String,
}

/// A worker gave no answer and is gone.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It used up its processor time.
    #[error("it used up its processor time")]
    Spun,
    /// It ended, or said what no worker says.
    #[error("{0}")]
    Died(String),
    /// It let the time on the clock pass.
    #[error("it let the time pass")]
    Stalled,
}

impl Program {
    /// This very program, also after the file that it was started from has been replaced.
    ///
    /// # Errors
    /// The system does not say where it lies.
    pub fn this(runtime: Runtime, models_dir: Option<PathBuf>) -> io::Result<Program> {
        let own = PathBuf::from("/proc/self/exe");
        let path = if own.exists() { own } else { std::env::current_exe()? };
        Ok(Program { path, runtime, models_dir, limits: Limits::USUAL })
    }

    /// Starts a worker and waits until its networks are loaded.
    ///
    /// # Errors
    /// It cannot be started, or its models cannot be used.
    pub(super) async fn start(&self) -> anyhow::Result<Worker> {
        let mut child = self.command().spawn().context("the program cannot be started once more to score captures")?;
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(anyhow!("a scoring worker has no pipes"));
        };
        let hello = timeout(START, wire::read_message::<wire::Hello>(&mut output)).await;
        let hello = hello.context("a scoring worker did not start in time")?;
        let models = hello.context("a scoring worker did not start")?.map_err(|why| anyhow!(why));
        let models = models.with_context(|| match &self.models_dir {
            None => "the models inside the program cannot be used".to_owned(),
            Some(folder) => format!("the models in {} (MODELS_DIR) cannot be used", folder.display()),
        })?;
        Ok(Worker { child, input, output, models })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("score-worker");
        command.args(self.runtime.to_possible_value().map(|value| format!("--runtime={}", value.get_name())));
        command.arg(format!("--cpu-seconds={}", self.limits.cpu_s));
        command.arg(format!("--address-space={}", self.limits.address_space));
        if let Some(folder) = &self.models_dir {
            command.arg("--models-dir").arg(folder);
        }
        // No secrets in its environment, no way into the log for what it reads, no part in what a terminal sends.
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

impl Worker {
    /// Sends a request and waits for the answer, so long. After a failure the worker is gone.
    pub(super) async fn ask(mut self, request: &[u8], wall: Duration) -> Result<(Worker, wire::Answer), Failure> {
        let asking = async {
            self.input.write_all(request).await?;
            self.input.flush().await?;
            wire::read_message::<wire::Answer>(&mut self.output).await
        };
        match timeout(wall, asking).await {
            Ok(Ok(answer)) => Ok((self, answer)),
            Ok(Err(error)) => Err(self.autopsy(error).await),
            Err(_) => {
                self.kill().await;
                Err(Failure::Stalled)
            }
        }
    }

    /// Why there was no answer.
    async fn autopsy(mut self, error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::InvalidData {
            self.kill().await;
            return Failure::Died(error.to_string());
        }
        match timeout(LAST_BREATH, self.child.wait()).await {
            Ok(Ok(status)) if was_spinning(status) => Failure::Spun,
            Ok(Ok(status)) => Failure::Died(status.to_string()),
            Ok(Err(error)) => Failure::Died(error.to_string()),
            Err(_) => {
                self.kill().await;
                Failure::Died("it closed its output".to_owned())
            }
        }
    }

    async fn kill(&mut self) {
        // It fails only if there is nothing left to kill.
        let _ = self.child.kill().await;
    }
}
