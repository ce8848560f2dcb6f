//! Faults of what a server relies on, each for a while, with people who come meanwhile: a database that is away, a mail server that
//! is away or says nothing, a clock that is put forward and back.
//!
//! What must hold: people are told to come again (503 with `Retry-After`), nobody is VERIFIED without an event and its captures,
//! nobody loses an attempt, and after the fault everybody is verified and every mail arrives, once.

mod clock;
mod database;
mod door;
mod mailbox;
mod mails;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use test_client::{Decided, Sent, Served, Studio};

use crate::crowd::Ready;

/// Names everybody's submission.
const KEY: &str = "fault";
/// Failed attempts that a session has.
const ATTEMPTS: u64 = 5;

/// What is done.
pub struct Faults<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder of the model files.
    pub models: &'a Path,
    /// Where the server keeps what it keeps.
    pub folder: &'a Path,
    /// Settings beside those that this sets.
    pub settings: Vec<(&'a str, &'a str)>,
    /// A PostgreSQL database; without it none is taken away.
    pub database_url: Option<&'a str>,
    /// How long each fault lasts.
    pub lasts: Duration,
    /// People for each fault.
    pub people: usize,
    /// libfaketime; without it the clock stays as it is.
    pub faketime: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// Each fault, with figures.
    pub faults: BTreeMap<&'static str, Value>,
    /// What must not be.
    pub problems: Vec<String>,
}

impl Faults<'_> {
    /// Goes through all of them.
    ///
    /// # Errors
    /// The server cannot be started, or does not work even without a fault.
    pub fn run(&self) -> anyhow::Result<Found> {
        let (studio, mut found) = (Studio::open(self.models)?, Found::default());
        if let Some(url) = self.database_url {
            eprintln!("a database that is away for {} s", self.lasts.as_secs());
            database::away(self, url, &studio, &mut found)?;
        }
        eprintln!("a mail server that is away, then silent, {} s each", self.lasts.as_secs());
        mails::away_and_silent(self, &mut found)?;
        if let Some(library) = &self.faketime {
            eprintln!("a clock that is put forward and back");
            clock::step(self, library, &studio, &mut found)?;
        }
        Ok(found)
    }

    /// Only the database.
    ///
    /// # Errors
    /// As [`Faults::run`].
    pub fn run_database(&self, url: &str) -> anyhow::Result<Found> {
        let mut found = Found::default();
        database::away(self, url, &Studio::open(self.models)?, &mut found)?;
        Ok(found)
    }

    /// Only the mail server.
    ///
    /// # Errors
    /// As [`Faults::run`].
    pub fn run_mails(&self) -> anyhow::Result<Found> {
        let mut found = Found::default();
        mails::away_and_silent(self, &mut found)?;
        Ok(found)
    }

    fn serve(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<Served> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let mut all = vec![("CHALLENGE_POLICY", "natural")];
        all.extend_from_slice(&self.settings);
        all.extend_from_slice(settings);
        Served::start(self.program, &folder, &all)
    }
}

/// Asks again where no answer came: a server that refuses a body without reading it ends the connection, and the next request may
/// be on its way there already.
fn again<T>(ask: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    const PAUSE: Duration = Duration::from_millis(100);
    ask().or_else(|_| {
        std::thread::sleep(PAUSE);
        ask()
    })
}

/// What somebody got who submitted during a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Verified,
    /// To come again.
    Later,
}

impl Found {
    /// Somebody submits; whoever gets neither a decision nor a pause is a problem.
    fn submit(&mut self, ready: &Ready) -> Option<Told> {
        match again(|| ready.visitor.submit(KEY, &ready.parcel)) {
            Ok(Sent::Decided(Decided { verified: true, attempts_left: ATTEMPTS, .. })) => Some(Told::Verified),
            Ok(Sent::Later { .. }) => Some(Told::Later),
            other => {
                self.problems.push(format!("{}: {other:?}", ready.visitor.email));
                None
            }
        }
    }

    /// Everybody goes on until they are verified, with all their attempts.
    fn all_are_verified(&mut self, people: &[Ready], patience: Duration) {
        for ready in people {
            match again(|| ready.visitor.resume_until_decided(KEY, &ready.parcel, patience)) {
                Ok(Decided { verified: true, attempts_left: ATTEMPTS, .. }) => {}
                other => self.problems.push(format!("{} in the end: {other:?}", ready.visitor.email)),
            }
        }
    }

    /// Each of these people has one event that names three captures, which are there.
    fn have_evidence(&mut self, served: &Served, people: &[Ready]) -> anyhow::Result<()> {
        let events = served.events()?;
        for ready in people {
            let of: Vec<&Value> =
                events.iter().filter(|event| event["challenge_id"] == ready.parcel.challenge.as_str()).collect();
            let is_there = |event: &Value, name: &str| {
                event[name].as_str().is_some_and(|reference| served.capture(reference).is_ok())
            };
            let names = ["open_capture_ref", "closed_capture_ref", "strip_ref"];
            let is_whole = of.len() == 1 && names.iter().all(|name| is_there(of[0], name));
            if !is_whole {
                self.problems.push(format!("{}: {of:?}", ready.visitor.email));
            }
        }
        Ok(())
    }
}
