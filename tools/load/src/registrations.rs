//! Registrations and link pages per second.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::{UserPool, for_each};

use crate::times::Times;
use crate::usage;

/// Concurrent requests.
const AT_ONCE: usize = 16;
/// Mails are sent one by one, more slowly than people register.
const MAILS_TIMEOUT: Duration = Duration::from_secs(600);

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Registrations {
    /// Registrations.
    pub(crate) registering: Pace,
    /// Mails written per second, until the last one was sent.
    pub(crate) mails_per_s: f64,
    /// Link pages.
    pub(crate) links: Pace,
    /// Registrations and link pages alternating.
    pub(crate) both: Pace,
}

/// Figures of one kind of request, sent repeatedly.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Pace {
    /// Responses per second.
    pub(crate) per_s: f64,
    /// Response times.
    pub(crate) times: Times,
    /// The server's processor time per request in milliseconds, including its background work.
    pub(crate) server_cpu_ms: f64,
}

/// Registers people for some seconds, waits for their mails, opens links for as long, and then does both. The server has the
/// process ID `pid`.
pub(crate) fn measure(pool: &UserPool, pid: u32, seconds: u64) -> anyhow::Result<Registrations> {
    let register = || pool.new_user().register()?.expect(202).map(drop);
    let open = || {
        let page = pool.http().get("/verify?token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")?;
        ensure!(page.status == 200, "a link page: status {}", page.status);
        Ok(())
    };
    let before = pool.outbox().len()?;
    let start = Instant::now();
    let registering = pace(pid, seconds, |_| register())?;
    let registered = registering.times.count;
    wait_for_mails(pool, before + registered)?;
    let mails_per_s = per_second(registered, start);
    let links = pace(pid, seconds, |_| open())?;
    let before = pool.outbox().len()?;
    let both = pace(pid, seconds, |turn| if turn % 2 == 0 { register() } else { open() })?;
    // The next measurement needs an idle server. Each of the senders may have ended with either kind.
    wait_for_mails(pool, before + (both.times.count - AT_ONCE) / 2)?;
    Ok(Registrations { registering, mails_per_s, links, both })
}

fn wait_for_mails(pool: &UserPool, count: usize) -> anyhow::Result<()> {
    let start = Instant::now();
    while pool.outbox().len()? < count {
        ensure!(start.elapsed() < MAILS_TIMEOUT, "the mails are not sent");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Repeats an action on several threads until the time is over. The action receives the number of its repetition.
pub(crate) fn pace(pid: u32, seconds: u64, act: impl Fn(usize) -> anyhow::Result<()> + Sync) -> anyhow::Result<Pace> {
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
