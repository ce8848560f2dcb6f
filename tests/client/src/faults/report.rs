//! The report of a test, and the checks that add to it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::retry::retry_once;
use crate::server_process::ServerProcess;
use crate::upload::{Decision, SubmitOutcome};
use crate::users::ReadyUser;

/// The idempotency key of every submission.
pub(super) const KEY: &str = "fault";
/// Attempts of a session that may fail.
pub(super) const ATTEMPTS: u64 = 5;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FaultReport {
    /// Figures by fault.
    pub faults: BTreeMap<&'static str, Value>,
    /// Violations.
    pub problems: Vec<String>,
}

/// The allowed outcomes of a submission during a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DuringFault {
    Verified,
    /// The server asked for a retry.
    Later,
}

impl FaultReport {
    /// A user submits. Any other outcome than those allowed is a problem.
    pub(super) fn submit(&mut self, ready: &ReadyUser) -> Option<DuringFault> {
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
    pub(super) fn check_all_are_verified(&mut self, users: &[ReadyUser], timeout: Duration) {
        for ready in users {
            match retry_once(|| ready.client.resume_until_decided(KEY, &ready.submission, timeout)) {
                Ok(Decision { verified: true, attempts_left: ATTEMPTS, .. }) => {}
                other => self.problems.push(format!("{} in the end: {other:?}", ready.client.email)),
            }
        }
    }

    /// Each of these users has exactly one event, and all three of its captures exist.
    pub(super) fn check_evidence(&mut self, server: &ServerProcess, users: &[ReadyUser]) -> anyhow::Result<()> {
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
