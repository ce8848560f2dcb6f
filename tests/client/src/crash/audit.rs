//! Checks the server's events and the users' sessions after each start.

use std::collections::{BTreeMap, HashMap};

use engine::{Thresholds, jpeg};
use serde_json::Value;

use super::moments::Moment;
use super::report::CrashReport;
use super::submitter::{FinalAnswer, Submitter};
use crate::server_process::ServerProcess;
use crate::upload::Decision;

/// Attempts of a session that may fail.
const ATTEMPTS: u64 = 5;

pub(super) struct Audit {
    /// Event IDs by challenge ID.
    events: HashMap<String, String>,
    people: usize,
    interrupted: usize,
    waited: usize,
    moments: BTreeMap<&'static str, usize>,
    problems: Vec<String>,
}

impl Audit {
    pub(super) fn new() -> Audit {
        let (events, moments) = (HashMap::new(), BTreeMap::new());
        Audit { events, people: 0, interrupted: 0, waited: 0, moments, problems: Vec::new() }
    }

    pub(super) fn count_kill(&mut self, moment: Moment) {
        *self.moments.entry(moment.name()).or_default() += 1;
    }

    /// Checks the new events and everybody's session.
    pub(super) fn check(&mut self, server: &ServerProcess, submitters: &[Submitter]) -> anyhow::Result<()> {
        for event in server.events()? {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            match self.events.insert(text("challenge_id"), text("id")) {
                None => self.check_event(server, &event),
                Some(id) if id == text("id") => {}
                Some(_) => self.problems.push(format!("decided twice: {event}")),
            }
        }
        for submitter in submitters {
            let session = submitter.ready.client.session()?;
            let has_event = self.events.contains_key(&submitter.ready.submission.challenge);
            if (session["status"] == "VERIFIED") != has_event || session["attempts_left"] != ATTEMPTS {
                self.problems.push(format!("event {has_event}, session {session}"));
            }
            match &submitter.answer {
                None => {}
                Some(FinalAnswer::Decision(Decision { verified: true, attempts_left: ATTEMPTS, .. })) if has_event => {}
                Some(FinalAnswer::Decision(other)) => {
                    self.problems.push(format!("answer {other:?}, event {has_event}"))
                }
                Some(FinalAnswer::Refusal(text)) => self.problems.push(text.clone()),
            }
        }
        Ok(())
    }

    /// Everybody is honest, so each event must say VERIFIED and have two pictures.
    fn check_event(&mut self, server: &ServerProcess, event: &Value) {
        let readable = |name: &str| {
            let bytes = server.capture(event[name].as_str()?).ok()?;
            jpeg::decode(&bytes, &Thresholds::V8.capture).ok()
        };
        let has_both = ["open_capture_ref", "closed_capture_ref"].into_iter().all(|name| readable(name).is_some());
        if event["status"] != "VERIFIED" || !has_both {
            self.problems.push(format!("captures {has_both}: {event}"));
        }
    }

    /// Counts and removes those who have their final answer.
    pub(super) fn remove_decided(&mut self, submitters: &mut Vec<Submitter>) {
        for submitter in submitters.extract_if(.., |submitter| submitter.answer.is_some()) {
            self.people += 1;
            self.interrupted += usize::from(submitter.interrupted);
            self.waited += usize::from(submitter.waited);
        }
    }

    /// Reports those who never got an answer.
    pub(super) fn add_stuck(&mut self, submitters: &[Submitter]) {
        self.problems.extend(submitters.iter().map(|submitter| {
            let why = if submitter.is_claimed { "the claim does not end" } else { "the server was always busy" };
            format!("{} is stuck: {why}", submitter.ready.client.email)
        }));
    }

    pub(super) fn report(self, kills: usize) -> CrashReport {
        let Audit { events, people, interrupted, waited, moments, problems } = self;
        CrashReport { kills, moments, people, interrupted, waited, verified: events.len(), problems }
    }
}
