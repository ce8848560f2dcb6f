//! A database that is unreachable for a while.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use fastrand::Rng;
use serde_json::json;

use super::proxy::{Mode, Proxy};
use super::report::{DuringFault, FaultReport};
use super::retry::retry_once;
use super::settings::FaultTest;
use crate::simulator::PersonSimulator;
use crate::users::UserPool;

/// Everybody must be verified within this time after the fault.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Between two rounds in which everybody submits.
const PAUSE: Duration = Duration::from_millis(500);
/// `/ready` caches its result for a moment; this is longer.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn test(
    test: &FaultTest,
    url: &str,
    simulator: &PersonSimulator,
    report: &mut FaultReport,
) -> anyhow::Result<()> {
    let (before, rest) = url.split_once('@').context("the database URL has no user")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, after) = rest.split_at(at);
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
    let proxy = Proxy::to(host)?;
    let url = format!("{before}@127.0.0.1:{}{after}", proxy.port);
    let server = test.serve("database", &[("DATABASE_URL", &url)])?;
    let pool = UserPool::new(&server, simulator, &mut Rng::new())?;
    let users = pool.ready_users(test.people)?;

    let start = Instant::now();
    proxy.set(Mode::Closed);
    let (mut answers, mut slowest) = (0_u32, Duration::ZERO);
    let mut ready_status = None;
    while start.elapsed() < test.lasts {
        for ready in &users {
            let asked = Instant::now();
            if report.submit(ready) == Some(DuringFault::Verified) {
                report.problems.push("decided without a database".to_owned());
            }
            slowest = slowest.max(asked.elapsed());
            answers += 1;
            if start.elapsed() > test.lasts {
                break;
            }
        }
        std::thread::sleep(PAUSE);
        let registering = retry_once(|| pool.new_user().register())?;
        if registering.status != 503 || registering.retry_after.is_none() {
            report.problems.push(format!("registering: {} {}", registering.status, registering.text));
        }
        if retry_once(|| server.http.get("/health"))?.status != 200 {
            report.problems.push("/health".to_owned());
        }
        ready_status = Some(retry_once(|| server.http.get("/ready"))?.status);
    }
    if ready_status != Some(503) {
        report.problems.push(format!("/ready says {ready_status:?} while the database is unreachable"));
    }
    proxy.set(Mode::Open);
    let reopened = Instant::now();
    report.check_all_are_verified(&users, TIMEOUT);
    let all_after = reopened.elapsed();
    while server.http.get("/ready")?.status != 200 && reopened.elapsed() < READY_TIMEOUT {
        std::thread::sleep(Duration::from_millis(200));
    }
    let ready_after = reopened.elapsed();
    if server.http.get("/ready")?.status != 200 {
        report.problems.push("/ready does not recover".to_owned());
    }
    report.check_evidence(&server, &users)?;
    let figures = json!({
        "away_s": test.lasts.as_secs(), "told_to_come_again": answers, "slowest_answer_ms": slowest.as_millis() as u64,
        "people": users.len(), "all_verified_after_ms": all_after.as_millis() as u64,
        "ready_again_after_ms": ready_after.as_millis() as u64,
    });
    report.faults.insert("database away", figures);
    Ok(())
}
