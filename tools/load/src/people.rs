//! People who make an attempt in real time, each with rendered frames of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use test_client::{AttemptOutcome, PersonSimulator, ServerProcess, UserClient, for_each};

/// People at a time: each takes a sixth of a processor.
const AT_ONCE: usize = 6;
const TIMEOUT: Duration = Duration::from_secs(60);
/// Idempotency key of every submission.
const KEY: &str = "honest";

/// How many attempts were made and verified.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct People {
    pub(crate) attempts: usize,
    pub(crate) verified: usize,
    /// Number of the other attempts by reason.
    pub(crate) others: BTreeMap<String, usize>,
}

/// Makes `count` attempts in real time.
pub(crate) fn attend_all(
    server: &ServerProcess,
    simulator: &PersonSimulator,
    count: usize,
    rng: &mut Rng,
) -> anyhow::Result<People> {
    let outbox = server.outbox();
    let first = rng.u32(1 << 22..1 << 23);
    let people: Vec<_> = (first..).zip((0..count).map(|_| rng.fork())).collect();
    let reasons = for_each(AT_ONCE, &people, |(number, rng)| {
        let (mut user, mut rng) = (UserClient::new(&server.http, *number), rng.clone());
        user.open_session(&outbox, TIMEOUT)?;
        Ok(match simulator.attempt(&user, &mut rng)? {
            AttemptOutcome::Recorded(recorded) => {
                let decision = user.submit_until_decided(KEY, &recorded.sign(), TIMEOUT)?;
                if decision.verified { None } else { decision.reason }
            }
            AttemptOutcome::Unreadable(gate) => Some(format!("the face could not be read: {gate:?}")),
            AttemptOutcome::TimedOut => Some("the time was over".to_owned()),
            AttemptOutcome::Exhausted => Some("too many gestures were missed".to_owned()),
        })
    })?;
    let mut others = BTreeMap::new();
    reasons.into_iter().flatten().for_each(|reason| *others.entry(reason).or_default() += 1);
    let verified = count - others.values().sum::<usize>();
    Ok(People { attempts: count, verified, others })
}
