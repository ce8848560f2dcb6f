//! A user who submits until there is a decision.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::moments::Counts;
use crate::server_process::ServerProcess;
use crate::upload::{Decision, SubmitOutcome};
use crate::users::ReadyUser;

/// The idempotency key of every submission.
const KEY: &str = "crash";

pub(super) struct Submitter {
    pub(super) ready: ReadyUser,
    began: bool,
    pub(super) interrupted: bool,
    /// Whether a dead server's claim was ever in the way.
    pub(super) waited: bool,
    /// Whether one was in the way at the last request.
    pub(super) is_claimed: bool,
    pub(super) answer: Option<FinalAnswer>,
}

pub(super) enum FinalAnswer {
    Decision(Decision),
    /// An error that a retry does not help with.
    Refusal(String),
}

impl Submitter {
    pub(super) fn new(ready: ReadyUser) -> Submitter {
        Submitter { ready, began: false, interrupted: false, waited: false, is_claimed: false, answer: None }
    }

    /// Continues with a server that was restarted.
    pub(super) fn reconnect(&mut self, server: &ServerProcess) {
        self.ready.client.http = server.http.clone();
    }

    /// Submits once, or resumes.
    fn submit(&mut self, counts: &Counts) {
        let ReadyUser { client, submission, .. } = &self.ready;
        let outcome = if self.began {
            client.resume(KEY, submission)
        } else {
            client.upload(KEY, submission).and_then(|refused| match refused {
                Some(refused) => Ok(refused),
                None => {
                    counts.asked.fetch_add(1, Ordering::Relaxed);
                    client.decide(KEY, submission)
                }
            })
        };
        self.began = true;
        if matches!(outcome, Ok(SubmitOutcome::Decided(_))) {
            counts.answered.fetch_add(1, Ordering::Relaxed);
        }
        self.is_claimed = matches!(&outcome, Ok(SubmitOutcome::Later { code, .. }) if code == "submission_in_progress");
        match outcome {
            Ok(SubmitOutcome::Decided(decision)) => self.answer = Some(FinalAnswer::Decision(decision)),
            Ok(SubmitOutcome::Refused(response)) => self.answer = Some(FinalAnswer::Refusal(response.text)),
            Ok(SubmitOutcome::Later { .. }) => self.waited |= self.is_claimed,
            // No response: the server was killed.
            Err(_) => self.interrupted = true,
        }
    }
}

/// All submit at the same time, once each, while `meanwhile` runs. Returns how long that took.
pub(super) fn submit_all(
    submitters: &mut [Submitter],
    meanwhile: impl FnOnce(&Counts) -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let (start, counts) = (Instant::now(), Counts::default());
    std::thread::scope(|scope| {
        for submitter in submitters {
            scope.spawn(|| submitter.submit(&counts));
        }
        meanwhile(&counts)
    })?;
    Ok(start.elapsed())
}
