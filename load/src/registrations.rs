//! Registrations and links: how many a second.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use crate::crowd::Crowd;
use crate::parallel::for_each;
use crate::times::Times;

/// People at a time.
const AT_ONCE: usize = 8;
/// Mails leave one by one, behind the registrations.
const MAILS: Duration = Duration::from_secs(600);

/// How fast.
#[derive(Clone, Debug, Serialize)]
pub struct Registrations {
    /// Registrations a second.
    pub registered_per_s: f64,
    /// Their times.
    pub registering: Times,
    /// Mails that were written a second, until the last had left.
    pub mails_per_s: f64,
    /// Link pages a second.
    pub links_per_s: f64,
    /// Their times.
    pub links: Times,
}

/// Registers people for so many seconds, waits for their mails, then opens links for as long.
pub(crate) fn measure(crowd: &Crowd, seconds: u64) -> anyhow::Result<Registrations> {
    let before = crowd.outbox().len()?;
    let start = Instant::now();
    let registering = again_and_again(seconds, || crowd.somebody().register()?.expect(202).map(drop))?;
    let registered = registering.len();
    let registered_per_s = per_second(registered, start);
    while crowd.outbox().len()? < before + registered {
        ensure!(start.elapsed() < MAILS, "the mails do not leave");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mails_per_s = per_second(registered, start);
    let start = Instant::now();
    let links = again_and_again(seconds, || {
        let page = crowd.site().get("/verify?token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")?;
        ensure!(page.status == 200, "a link's page: {}", page.status);
        Ok(())
    })?;
    let links_per_s = per_second(links.len(), start);
    Ok(Registrations {
        registered_per_s,
        registering: Times::of(registering),
        mails_per_s,
        links_per_s,
        links: Times::of(links),
    })
}

/// Does something on several threads until the time is over; how long each took.
fn again_and_again(seconds: u64, act: impl Fn() -> anyhow::Result<()> + Sync) -> anyhow::Result<Vec<Duration>> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let times = for_each(AT_ONCE, &[(); AT_ONCE], |()| {
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            act()?;
            times.push(start.elapsed());
        }
        Ok(times)
    })?;
    Ok(times.concat())
}

pub(crate) fn per_second(count: usize, start: Instant) -> f64 {
    (count as f64 / start.elapsed().as_secs_f64() * 10.0).round() / 10.0
}
