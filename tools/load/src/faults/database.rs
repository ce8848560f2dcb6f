//! A database that is away for a while.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use fastrand::Rng;
use serde_json::json;
use test_client::Studio;

use super::door::{Door, Stand};
use super::{Faults, Found, Told, again};
use crate::crowd::Crowd;

/// To be verified after the fault is over.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two rounds of everybody.
const PACE: Duration = Duration::from_millis(500);
/// `/ready` keeps what it saw for a moment, and looks for longer than that.
const LOOKS: Duration = Duration::from_secs(20);

pub(super) fn away(faults: &Faults, url: &str, studio: &Studio, found: &mut Found) -> anyhow::Result<()> {
    let (before, rest) = url.split_once('@').context("the database's address names no user")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, behind) = rest.split_at(at);
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
    let door = Door::before(host)?;
    let url = format!("{before}@127.0.0.1:{}{behind}", door.port);
    let served = faults.serve("database", &[("DATABASE_URL", &url)])?;
    let crowd = Crowd::new(&served, studio, &mut Rng::new())?;
    let people = crowd.gather(faults.people)?;

    let start = Instant::now();
    door.set(Stand::Shut);
    let (mut answers, mut slowest) = (0_u32, Duration::ZERO);
    let mut ready_says = None;
    while start.elapsed() < faults.lasts {
        for ready in &people {
            let asked = Instant::now();
            if found.submit(ready) == Some(Told::Verified) {
                found.problems.push("decided without a database".to_owned());
            }
            slowest = slowest.max(asked.elapsed());
            answers += 1;
            if start.elapsed() > faults.lasts {
                break;
            }
        }
        std::thread::sleep(PACE);
        let registering = again(|| crowd.somebody().register())?;
        if registering.status != 503 || registering.retry_after.is_none() {
            found.problems.push(format!("registering: {} {}", registering.status, registering.text));
        }
        if again(|| served.site.get("/health"))?.status != 200 {
            found.problems.push("/health".to_owned());
        }
        ready_says = Some(again(|| served.site.get("/ready"))?.status);
    }
    if ready_says != Some(503) {
        found.problems.push(format!("/ready says {ready_says:?} while the database is away"));
    }
    door.set(Stand::Open);
    let back = Instant::now();
    found.all_are_verified(&people, PATIENCE);
    let all_after = back.elapsed();
    while served.site.get("/ready")?.status != 200 && back.elapsed() < LOOKS {
        std::thread::sleep(Duration::from_millis(200));
    }
    let ready_after = back.elapsed();
    if served.site.get("/ready")?.status != 200 {
        found.problems.push("/ready does not find the database again".to_owned());
    }
    found.have_evidence(&served, &people)?;
    let figures = json!({
        "away_s": faults.lasts.as_secs(), "told_to_come_again": answers, "slowest_answer_ms": slowest.as_millis() as u64,
        "people": people.len(), "all_verified_after_ms": all_after.as_millis() as u64,
        "ready_again_after_ms": ready_after.as_millis() as u64,
    });
    found.faults.insert("database away", figures);
    Ok(())
}
