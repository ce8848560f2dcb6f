//! Submissions: the time of a single one, how many can be decided per second, and what each costs the server.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use serde::Serialize;
use test_client::{ReadyUser, SubmitOutcome, UserPool, cores, for_each};

use crate::registrations::per_second;
use crate::times::Times;
use crate::usage;

/// To find the capacity, one submission per processor is sent at a time, and this many more, which upload meanwhile.
const MORE_AT_ONCE: usize = 1;
const DECISION_TIMEOUT: Duration = Duration::from_secs(60);
/// Idempotency key of every submission.
const KEY: &str = "load";

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Submissions {
    /// From the first chunk to the verdict, one at a time.
    pub(crate) alone: Times,
    /// Decisions per second with several submissions at a time.
    pub(crate) capacity_per_s: f64,
    /// Processor time of the server and its workers per submission, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// The workers' part of it.
    pub(crate) cpu_workers_ms: f64,
}

/// Sends `count` submissions one by one, then as many concurrently. The server has the process ID `pid`.
pub(crate) fn measure(pool: &UserPool, pid: u32, count: usize) -> anyhow::Result<Submissions> {
    let alone = pool.ready_users(count)?.iter().map(timed).collect::<anyhow::Result<_>>()?;
    let users = pool.ready_users(count)?;
    let (start, before) = (Instant::now(), usage::cpu(pid)?);
    for_each(cores() + MORE_AT_ONCE, &users, |user| {
        let decision = user.client.submit_until_decided(KEY, &user.submission, DECISION_TIMEOUT)?;
        ensure!(decision.verified, "a copy was rejected: {decision:?}");
        Ok(())
    })?;
    let capacity_per_s = per_second(count, start);
    let after = usage::cpu(pid)?;
    let each = |used: Duration| (used.as_secs_f64() * 1e4 / count as f64).round() / 10.0;
    let workers = after.workers - before.workers;
    let (cpu_ms, cpu_workers_ms) = (each(after.server - before.server + workers), each(workers));
    Ok(Submissions { alone: Times::of(alone), capacity_per_s, cpu_ms, cpu_workers_ms })
}

fn timed(user: &ReadyUser) -> anyhow::Result<Duration> {
    let start = Instant::now();
    match user.client.submit(KEY, &user.submission)? {
        SubmitOutcome::Decided(decision) if decision.verified => Ok(start.elapsed()),
        outcome => bail!("a single submission was not verified: {outcome:?}"),
    }
}
