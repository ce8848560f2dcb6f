//! Kills the server while users submit, at random moments and at those most likely to do damage (`moments`), restarts it on
//! the same data, and checks that every user's outcome is whole.
//!
//! What must hold after each start, seen from outside only:
//! - A VERIFIED user has an event whose captures can be decoded.
//! - A user who received a decision gets the same one again, and no challenge is decided twice.
//! - Nobody loses an attempt, since all of them are honest.
//! - An interrupted user gets a decision in the end, at the latest when the lease of the dead server's claim ends.

mod audit;
mod moments;
mod report;
mod submitter;

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

use self::audit::Audit;
use self::moments::{MOMENTS, Moment, Watch};
pub use self::report::CrashReport;
use self::submitter::{Submitter, submit_all};
use crate::server_process::ServerProcess;
use crate::simulator::PersonSimulator;
use crate::users::UserPool;

/// A claim's lease lasts a minute; then the next request may claim the challenge.
const LEASE_TIMEOUT: Duration = Duration::from_secs(75);

/// The settings of a test.
pub struct CrashTest<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder of the model files.
    pub models: &'a Path,
    /// The server's working folder.
    pub folder: &'a Path,
    /// The server's settings, apart from the policy.
    pub settings: Vec<(&'a str, &'a str)>,
    /// How often the server is killed.
    pub kills: usize,
    /// New users for each kill, who submit at the same time.
    pub people: usize,
    /// Seeds the random moments.
    pub seed: u64,
    /// Ends the leases of dead claims in the database while the server is stopped. `None` waits for them.
    pub pass_leases: Option<&'a dyn Fn()>,
}

impl CrashTest<'_> {
    /// Runs the test.
    ///
    /// # Errors
    /// The server does not start, or fails without being killed.
    pub fn run(&self) -> anyhow::Result<CrashReport> {
        let mut rng = Rng::with_seed(self.seed);
        let mut server = self.start()?;
        let mut pool = UserPool::new(&server, &PersonSimulator::load(self.models)?, &mut Rng::new())?;
        let mut audit = Audit::new();
        let mut submitters: Vec<Submitter> = Vec::new();
        let mut usual = Duration::ZERO;
        // Round 0 runs without a kill, to measure how long a round takes.
        for round in 0..=self.kills {
            submitters.extend(pool.ready_users(self.people)?.into_iter().map(Submitter::new));
            if round == 0 {
                usual = submit_all(&mut submitters, |_| Ok(()))?;
            } else {
                let mut watch = Watch::begin(&server.data_dir())?;
                let moment = MOMENTS[round % MOMENTS.len()];
                submit_all(&mut submitters, |counts| {
                    let came = watch.wait(moment, 2 * usual, counts, &mut rng);
                    audit.count_kill(if came { moment } else { Moment::Any });
                    server.kill()
                })?;
                server = self.start()?;
            }
            pool.reconnect(&server);
            submitters.iter_mut().for_each(|submitter| submitter.reconnect(&server));
            audit.check(&server, &submitters)?;
            audit.remove_decided(&mut submitters);
            if round % 10 == 0 {
                eprintln!("{round} kills; {} users not decided yet", submitters.len());
            }
        }
        if let Some(pass_leases) = self.pass_leases {
            server.kill()?;
            pass_leases();
            server = self.start()?;
            submitters.iter_mut().for_each(|submitter| submitter.reconnect(&server));
        }
        let start = Instant::now();
        while !submitters.is_empty() && start.elapsed() < LEASE_TIMEOUT {
            // As many at once as before; all together would overload the server.
            for few in submitters.chunks_mut(self.people.max(1)) {
                submit_all(few, |_| Ok(()))?;
            }
            audit.check(&server, &submitters)?;
            audit.remove_decided(&mut submitters);
            std::thread::sleep(Duration::from_millis(500));
        }
        audit.add_stuck(&submitters);
        Ok(audit.report(self.kills))
    }

    fn start(&self) -> anyhow::Result<ServerProcess> {
        let mut settings = vec![("CHALLENGE_POLICY", "natural")];
        settings.extend_from_slice(&self.settings);
        ServerProcess::start(self.program, self.folder, &settings)
    }
}
