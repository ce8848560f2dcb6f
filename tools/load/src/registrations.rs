//! Registrations and links: how many a second.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::for_each;

use test_client::UserPool as Crowd;
use crate::times::Times;
use crate::usage;

/// People at a time.
const AT_ONCE: usize = 16;
/// Mails leave one by one, behind the registrations.
const MAILS: Duration = Duration::from_secs(600);

/// How fast.
#[derive(Clone, Debug, Serialize)]
pub struct Registrations {
    /// Registrations.
    pub registering: Pace,
    /// Mails that were written a second, until the last had left.
    pub mails_per_s: f64,
    /// Link pages.
    pub links: Pace,
    /// Registrations and link pages in turn.
    pub both: Pace,
}

/// One kind of request, again and again.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pace {
    /// Answers a second.
    pub per_s: f64,
    /// How long they took.
    pub times: Times,
    /// Processor time of the server for each, in milliseconds, with what it does behind them.
    pub server_cpu_ms: f64,
}

/// Registers people for so many seconds, waits for their mails, then opens links for as long, then both; from the server that is
/// process `pid`.
pub(crate) fn measure(crowd: &Crowd, pid: u32, seconds: u64) -> anyhow::Result<Registrations> {
    let register = || crowd.somebody().register()?.expect(202).map(drop);
    let open = || {
        let page = crowd.site().get("/verify?token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")?;
        ensure!(page.status == 200, "a link's page: {}", page.status);
        Ok(())
    };
    let before = crowd.outbox().len()?;
    let start = Instant::now();
    let registering = pace(pid, seconds, |_| register())?;
    let registered = registering.times.count;
    wait_for_mails(crowd, before + registered)?;
    let mails_per_s = per_second(registered, start);
    let links = pace(pid, seconds, |_| open())?;
    let before = crowd.outbox().len()?;
    let both = pace(pid, seconds, |turn| if turn % 2 == 0 { register() } else { open() })?;
    // Who comes next finds the server at rest. Each of the people may have ended with either.
    wait_for_mails(crowd, before + (both.times.count - AT_ONCE) / 2)?;
    Ok(Registrations { registering, mails_per_s, links, both })
}

fn wait_for_mails(crowd: &Crowd, count: usize) -> anyhow::Result<()> {
    let start = Instant::now();
    while crowd.outbox().len()? < count {
        ensure!(start.elapsed() < MAILS, "the mails do not leave");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Does something on several threads until the time is over; each counts its turns.
fn pace(pid: u32, seconds: u64, act: impl Fn(usize) -> anyhow::Result<()> + Sync) -> anyhow::Result<Pace> {
    let (begin, before) = (Instant::now(), usage::cpu(pid)?.server);
    let end = begin + Duration::from_secs(seconds);
    let times = for_each(AT_ONCE, &[(); AT_ONCE], |()| {
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            act(times.len())?;
            times.push(start.elapsed());
        }
        Ok(times)
    })?
    .concat();
    let (per_s, used) = (per_second(times.len(), begin), usage::cpu(pid)?.server - before);
    let server_cpu_ms = (used.as_secs_f64() * 1e5 / times.len().max(1) as f64).round() / 100.0;
    Ok(Pace { per_s, times: Times::of(times), server_cpu_ms })
}

pub(crate) fn per_second(count: usize, start: Instant) -> f64 {
    (count as f64 / start.elapsed().as_secs_f64() * 10.0).round() / 10.0
}
