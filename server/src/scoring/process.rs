//! The server's side of one worker process: starting it, asking it, killing it.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::limits::{Confinement, WorkerLimits, ran_out_of_cpu_time};
use super::wire;
use crate::runtime::Runtime;

/// Longest start. Loading the networks takes about a second; on a busy machine, many.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait for the exit status of a worker that has closed its output.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// How to start a worker.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable; it is called with `score-worker` and settings.
    pub path: PathBuf,
    /// What runs the networks.
    pub runtime: Runtime,
    /// A folder with models to use instead of the embedded ones.
    pub models_dir: Option<PathBuf>,
    /// Its resource limits.
    pub limits: WorkerLimits,
}

/// A running worker, ready for a submission. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Names the weights it scores with.
    pub(super) models: String,
    pub(super) confinement: Confinement,
}

/// Why a worker gave no answer. It is gone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WorkerFailure {
    #[error("it used up its CPU time")]
    OutOfCpuTime,
    /// It exited or broke the protocol.
    #[error("{0}")]
    Died(String),
    /// No answer within [`WorkerLimits::wall`].
    #[error("it timed out")]
    TimedOut,
}

impl Program {
    /// This very program, even after its executable file has been replaced.
    ///
    /// # Errors
    /// The system does not provide the path of the executable.
    pub fn this(runtime: Runtime, models_dir: Option<PathBuf>) -> io::Result<Program> {
        let own = PathBuf::from("/proc/self/exe");
        let path = if own.exists() { own } else { std::env::current_exe()? };
        Ok(Program { path, runtime, models_dir, limits: WorkerLimits::USUAL })
    }

    /// Starts a worker and waits until its networks are loaded.
    ///
    /// # Errors
    /// It cannot be started, or its models cannot be used.
    pub(super) async fn start(&self) -> anyhow::Result<Worker> {
        let mut child = self.command().spawn().context("cannot start a scoring worker")?;
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(anyhow!("a scoring worker has no pipes"));
        };
        let hello = timeout(START_TIMEOUT, wire::read_message::<wire::Hello>(&mut output)).await;
        let hello = hello.context("a scoring worker did not start in time")?;
        let greeting = hello.context("a scoring worker did not start")?.map_err(|why| anyhow!(why));
        let greeting = greeting.with_context(|| match &self.models_dir {
            None => "the models inside the program cannot be used".to_owned(),
            Some(folder) => format!("the models in {} (MODELS_DIR) cannot be used", folder.display()),
        })?;
        let wire::Greeting { models, confinement } = greeting;
        Ok(Worker { child, input, output, models, confinement })
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
        // No secrets in its environment, nothing that it reads can get into the log, no signals from the terminal.
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

impl Worker {
    /// Sends a request and waits for the answer, at most for `wall`. A worker that fails is dropped.
    pub(super) async fn ask(mut self, request: &[u8], wall: Duration) -> Result<(Worker, wire::Answer), WorkerFailure> {
        let asking = async {
            self.input.write_all(request).await?;
            self.input.flush().await?;
            wire::read_message::<wire::Answer>(&mut self.output).await
        };
        match timeout(wall, asking).await {
            Ok(Ok(answer)) => Ok((self, answer)),
            Ok(Err(error)) => Err(self.failure(error).await),
            Err(_) => {
                self.kill().await;
                Err(WorkerFailure::TimedOut)
            }
        }
    }

    /// Why there was no answer.
    async fn failure(mut self, error: io::Error) -> WorkerFailure {
        if error.kind() == io::ErrorKind::InvalidData {
            self.kill().await;
            return WorkerFailure::Died(error.to_string());
        }
        match timeout(EXIT_TIMEOUT, self.child.wait()).await {
            Ok(Ok(status)) if ran_out_of_cpu_time(status) => WorkerFailure::OutOfCpuTime,
            Ok(Ok(status)) => WorkerFailure::Died(status.to_string()),
            Ok(Err(error)) => WorkerFailure::Died(error.to_string()),
            Err(_) => {
                self.kill().await;
                WorkerFailure::Died("it closed its output".to_owned())
            }
        }
    }

    async fn kill(&mut self) {
        // Fails only if the process has already exited.
        let _ = self.child.kill().await;
    }
}
