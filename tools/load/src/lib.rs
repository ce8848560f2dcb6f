//! What a server bears, measured from outside: the program itself runs in a folder of its own, and people come to it over
//! HTTP (`visitor`).
//!
//! To make evidence takes longer than to judge it, and both happen on one machine here. So one attempt is recorded, and what
//! the crowd sends are its copies (`test_client::UserPool`): as much work for the server, next to none for us.

mod forgeries;
mod honest;
mod overload;
mod registrations;
pub mod report;
mod soak;
mod submissions;
mod times;
mod usage;
mod verifications;

use std::collections::BTreeMap;
use std::path::PathBuf;

use fastrand::Rng;
use test_client::{Playing, Served, Studio, UserPool as Crowd};

pub use forgeries::Forgeries;
pub use honest::People;
pub use registrations::Registrations;
use report::Report;
pub use soak::Soak;
pub use verifications::Verifications;

/// What is measured, and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub program: PathBuf,
    /// The folder of the model files.
    pub models: PathBuf,
    /// Where the server keeps what it keeps.
    pub folder: PathBuf,
    /// What runs the server's networks: `tract` or `compact`.
    pub runtime: String,
    /// Another database than SQLite in the folder; an empty one.
    pub database_url: Option<String>,
    /// Seconds of each part that is measured over a time.
    pub seconds: u64,
    /// Submissions that are sent one by one, and as many at capacity.
    pub submissions: usize,
    /// People who attend in real time, for each policy.
    pub people: usize,
}

impl Plan {
    /// Measures everything. Says on standard error what it is at.
    ///
    /// # Errors
    /// The server cannot be started or gives answers that no server gives that works.
    pub fn run(&self) -> anyhow::Result<Report> {
        let studio = Studio::open(&self.models)?;
        let mut rng = Rng::new();
        // A server that prompts is another server.
        eprintln!("people who follow the cues, in real time");
        let served = self.serve("prompted")?;
        let prompted = honest::attend_all(&served, &studio, self.people, None, &mut rng)?;
        eprintln!("{prompted:?}");
        drop(served);
        let served = self.serve("natural")?;
        eprintln!("people who blink, in real time");
        let natural = honest::attend_all(&served, &studio, self.people, None, &mut rng)?;
        eprintln!("{natural:?}");
        let crowd = Crowd::new(&served, &studio, &mut rng)?;
        // Before thousands of mails wait that nobody reads.
        eprintln!("whole verifications, {} s", self.seconds);
        let verifications = verifications::measure(&crowd, self.seconds)?;
        eprintln!("registrations and links, {} s each", self.seconds);
        let registrations = registrations::measure(&crowd, served.pid(), self.seconds)?;
        eprintln!("submissions one by one, then at capacity");
        let submissions = submissions::measure(&crowd, served.pid(), self.submissions)?;
        eprintln!("four times the capacity, {} s", self.seconds);
        let overload = overload::measure(&crowd, &submissions, self.seconds)?;
        Ok(Report {
            runtime: self.runtime.clone(),
            cores: test_client::cores(),
            people: [("prompted".to_owned(), prompted), ("natural".to_owned(), natural)].into(),
            registrations,
            verifications,
            submissions,
            overload,
            memory: usage::memory(served.pid())?,
        })
    }

    /// Measures registrations and links alone.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn registrations(&self) -> anyhow::Result<Registrations> {
        let served = self.serve("natural")?;
        let crowd = Crowd::new(&served, &Studio::open(&self.models)?, &mut Rng::new())?;
        registrations::measure(&crowd, served.pid(), self.seconds)
    }

    /// Measures whole verifications alone: no mails of others wait.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn verifications(&self) -> anyhow::Result<Verifications> {
        let served = self.serve("natural")?;
        let crowd = Crowd::new(&served, &Studio::open(&self.models)?, &mut Rng::new())?;
        verifications::measure(&crowd, self.seconds)
    }

    /// Plays so many recordings of people into the camera, each once and in a loop; says who was verified.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn inject(&self, count: usize) -> anyhow::Result<BTreeMap<String, People>> {
        let studio = Studio::open(&self.models)?;
        let served = self.serve("prompted")?;
        let played = |name: &str, playing: Playing| {
            let people = honest::attend_all(&served, &studio, count, Some(playing), &mut Rng::new())?;
            Ok((name.to_owned(), people))
        };
        [played("once", Playing::Once), played("looped", Playing::Looped)].into_iter().collect()
    }

    /// Sends so many submissions in which a bit is changed, and some that are forged otherwise.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn forge(&self, count: usize) -> anyhow::Result<BTreeMap<String, Forgeries>> {
        let served = self.serve("natural")?;
        let crowd = Crowd::new(&served, &Studio::open(&self.models)?, &mut Rng::new())?;
        forgeries::send_all(&crowd, count)
    }

    /// Verifies people for so many minutes and watches the memory.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn soak(&self, minutes: u64) -> anyhow::Result<Soak> {
        let served = self.serve("natural")?;
        let crowd = Crowd::new(&served, &Studio::open(&self.models)?, &mut Rng::new())?;
        soak::measure(&crowd, served.pid(), minutes)
    }

    fn serve(&self, policy: &str) -> anyhow::Result<Served> {
        let folder = self.folder.join(policy);
        std::fs::create_dir_all(&folder)?;
        let mut settings = vec![("CHALLENGE_POLICY", policy), ("ENGINE_RUNTIME", &self.runtime)];
        settings.extend(self.database_url.as_deref().map(|url| ("DATABASE_URL", url)));
        Served::start(&self.program, &folder, &settings)
    }
}
