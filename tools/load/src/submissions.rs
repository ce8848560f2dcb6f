//! Submissions: what one takes alone, how many a second there can be, and what each costs the server.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use serde::Serialize;
use test_client::{Sent, cores, for_each};

use test_client::{ReadyUser as Ready, UserPool as Crowd};
use crate::registrations::per_second;
use crate::times::Times;
use crate::usage;

/// Submissions at a time beyond one for each processor, where as many as possible are decided: one uploads, meanwhile.
const MORE_AT_ONCE: usize = 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// What they take.
#[derive(Clone, Debug, Serialize)]
pub struct Submissions {
    /// From the first chunk to the verdict, one at a time.
    pub alone: Times,
    /// Decided a second, several at a time.
    pub capacity_per_s: f64,
    /// Processor time for each, in milliseconds: of the server and its workers.
    pub cpu_ms: f64,
    /// Of that, the workers'.
    pub cpu_workers_ms: f64,
}

/// Sends so many one by one, then as many several at a time, to the server that is process `pid`.
pub(crate) fn measure(crowd: &Crowd, pid: u32, count: usize) -> anyhow::Result<Submissions> {
    let alone = crowd.gather(count)?.iter().map(timed).collect::<anyhow::Result<_>>()?;
    let people = crowd.gather(count)?;
    let (start, before) = (Instant::now(), usage::cpu(pid)?);
    for_each(cores() + MORE_AT_ONCE, &people, |ready| {
        let decided = ready.visitor.submit_until_decided("load", &ready.parcel, PATIENCE)?;
        ensure!(decided.verified, "a copy was refused: {decided:?}");
        Ok(())
    })?;
    let capacity_per_s = per_second(count, start);
    let after = usage::cpu(pid)?;
    let each = |used: Duration| (used.as_secs_f64() * 1e4 / count as f64).round() / 10.0;
    let workers = after.workers - before.workers;
    let (cpu_ms, cpu_workers_ms) = (each(after.server - before.server + workers), each(workers));
    Ok(Submissions { alone: Times::of(alone), capacity_per_s, cpu_ms, cpu_workers_ms })
}

fn timed(ready: &Ready) -> anyhow::Result<Duration> {
    let start = Instant::now();
    match ready.visitor.submit("load", &ready.parcel)? {
        Sent::Decided(decided) if decided.verified => Ok(start.elapsed()),
        sent => bail!("alone, and yet {sent:?}"),
    }
}
