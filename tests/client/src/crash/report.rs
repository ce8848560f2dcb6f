//! The report of a test.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct CrashReport {
    /// How often the server was killed.
    pub kills: usize,
    /// Kills by moment. A moment that did not come in time counts as `any`.
    pub moments: BTreeMap<&'static str, usize>,
    /// Users who submitted.
    pub people: usize,
    /// Users whose request a kill interrupted.
    pub interrupted: usize,
    /// Users who had to wait for the lease of a dead server's claim.
    pub waited: usize,
    /// Events of verified users.
    pub verified: usize,
    /// Violations.
    pub problems: Vec<String>,
}

impl CrashReport {
    /// Whether every user got the right outcome, and the kills interrupted somebody.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.verified == self.people && self.interrupted > 0
    }
}
