//! Takes away what a server relies on, for a while, as users arrive: the database, the mail server (first unreachable, then
//! silent), and a correct clock.
//!
//! What must hold: users get a 503 with `Retry-After`, nobody is VERIFIED without an event and its captures, nobody loses an
//! attempt, and after the fault everybody is verified and every mail arrives exactly once.

mod clock;
mod database;
mod mail;
mod proxy;
mod report;
mod retry;
mod settings;
mod smtp_sink;

pub use self::report::FaultReport;
pub use self::settings::FaultTest;
use crate::simulator::PersonSimulator;

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
}
