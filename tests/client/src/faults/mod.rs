//! Takes away what a server relies on, for a while, as users arrive: the database, the mail server (first unreachable, then
//! silent), and a correct clock.
//!
//! What must hold: users get a 503 with `Retry-After`, nobody is VERIFIED without an event and its captures, nobody loses an
//! attempt, and after the fault everybody is verified and every mail arrives exactly once.

mod clock;
mod database;
mod mail;
mod proxy;
mod smtp_sink;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::server_process::ServerProcess;
use crate::simulator::PersonSimulator;
use crate::upload::{Decision, SubmitOutcome};
use crate::users::ReadyUser;

/// The idempotency key of every submission.
const KEY: &str = "fault";
/// Attempts of a session that may fail.
const ATTEMPTS: u64 = 5;

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

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FaultReport {
    /// Figures by fault.
    pub faults: BTreeMap<&'static str, Value>,
    /// Violations.
    pub problems: Vec<String>,
}

impl FaultTest<'_> {
    /// Tests all faults.
    ///
    /// # Errors
    /// A server does not start, or fails without a fault.
    pub fn run(&self) -> anyhow::Result<FaultReport> {
        let (simulator, mut report) = (PersonSimulator::load(self.models)?, FaultReport::default());
        if let Some(url) = self.database_url {
            eprintln!("database unreachable for {} s", self.lasts.as_secs());
            database::test(self, url, &simulator, &mut report)?;
        }
        eprintln!("mail server unreachable, then silent, {} s each", self.lasts.as_secs());
        mail::test(self, &mut report)?;
        if let Some(library) = &self.faketime {
            eprintln!("clock set forward and back");
            clock::test(self, library, &simulator, &mut report)?;
        }
        Ok(report)
    }

    /// Tests an unreachable database only.
    ///
    /// # Errors
    /// As [`FaultTest::run`].
    pub fn run_database(&self, url: &str) -> anyhow::Result<FaultReport> {
        let mut report = FaultReport::default();
        database::test(self, url, &PersonSimulator::load(self.models)?, &mut report)?;
        Ok(report)
    }

    /// Tests an unreachable and a silent mail server only.
    ///
    /// # Errors
    /// As [`FaultTest::run`].
    pub fn run_mails(&self) -> anyhow::Result<FaultReport> {
        let mut report = FaultReport::default();
        mail::test(self, &mut report)?;
        Ok(report)
    }

    fn serve(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<ServerProcess> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let mut all = vec![("CHALLENGE_POLICY", "natural")];
        all.extend_from_slice(&self.settings);
        all.extend_from_slice(settings);
        ServerProcess::start(self.program, &folder, &all)
    }
}

/// Repeats a request once if no response arrives. A server that refuses a body without reading it closes the connection, and the
/// next request may already be on its way there.
fn retry_once<T>(request: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    const PAUSE: Duration = Duration::from_millis(100);
    request().or_else(|_| {
        std::thread::sleep(PAUSE);
        request()
    })
}

/// The allowed outcomes of a submission during a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DuringFault {
    Verified,
    /// The server asked for a retry.
    Later,
}

impl FaultReport {
    /// A user submits. Any other outcome than those allowed is a problem.
    fn submit(&mut self, ready: &ReadyUser) -> Option<DuringFault> {
        match retry_once(|| ready.client.submit(KEY, &ready.submission)) {
            Ok(SubmitOutcome::Decided(Decision { verified: true, attempts_left: ATTEMPTS, .. })) => {
                Some(DuringFault::Verified)
            }
            Ok(SubmitOutcome::Later { .. }) => Some(DuringFault::Later),
            other => {
                self.problems.push(format!("{}: {other:?}", ready.client.email));
                None
            }
        }
    }

    /// Everybody resumes until they are verified, with all attempts left.
    fn check_all_are_verified(&mut self, users: &[ReadyUser], timeout: Duration) {
        for ready in users {
            match retry_once(|| ready.client.resume_until_decided(KEY, &ready.submission, timeout)) {
                Ok(Decision { verified: true, attempts_left: ATTEMPTS, .. }) => {}
                other => self.problems.push(format!("{} in the end: {other:?}", ready.client.email)),
            }
        }
    }

    /// Each of these users has exactly one event, and all three of its captures exist.
    fn check_evidence(&mut self, server: &ServerProcess, users: &[ReadyUser]) -> anyhow::Result<()> {
        let events = server.events()?;
        for ready in users {
            let own: Vec<&Value> =
                events.iter().filter(|event| event["challenge_id"] == ready.submission.challenge.as_str()).collect();
            let exists = |event: &Value, name: &str| {
                event[name].as_str().is_some_and(|reference| server.capture(reference).is_ok())
            };
            let names = ["open_capture_ref", "closed_capture_ref", "strip_ref"];
            let is_whole = own.len() == 1 && names.iter().all(|name| exists(own[0], name));
            if !is_whole {
                self.problems.push(format!("{}: {own:?}", ready.client.email));
            }
        }
        Ok(())
    }
}
