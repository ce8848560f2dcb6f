//! A clock that is set forward and back while users are on their way. libfaketime fakes the server's wall clock; its monotonic
//! clock stays true.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::report::{ATTEMPTS, FaultReport, KEY};
use super::retry::retry_once;
use super::settings::FaultTest;
use crate::simulator::PersonSimulator;
use crate::upload::{Decision, SubmitOutcome};
use crate::users::UserPool;

/// The clock's errors in seconds, one after the other. The smallest step is shorter than the server's check interval.
const STEPS: [&str; 8] = ["+30", "-30", "+3600", "+86400", "-86400", "+0", "-5", "+0"];
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn test(
    test: &FaultTest,
    library: &Path,
    simulator: &PersonSimulator,
    report: &mut FaultReport,
) -> anyhow::Result<()> {
    let offset = test.folder.join("clock-offset");
    std::fs::write(&offset, "+0\n")?;
    let (library, file) = (library.to_string_lossy(), offset.to_string_lossy().into_owned());
    let server = test.serve(
        "clock",
        &[
            ("LD_PRELOAD", &library),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ],
    )?;
    let pool = UserPool::new(&server, simulator, &mut Rng::new())?;
    let (mut verified, mut expired) = (0, 0);
    for step in STEPS {
        let users = pool.ready_users(test.people)?;
        std::fs::write(&offset, format!("{step}\n"))?;
        for ready in &users {
            match retry_once(|| ready.client.submit(KEY, &ready.submission)) {
                Ok(SubmitOutcome::Decided(Decision { verified: true, attempts_left: ATTEMPTS, .. })) => {
                    verified += 1;
                    report.check_evidence(&server, std::slice::from_ref(ready))?;
                }
                // The challenge, link or session counts as expired: the user starts over.
                Ok(SubmitOutcome::Refused(response)) if [401, 410].contains(&response.status) => expired += 1,
                other => report.problems.push(format!("clock {step}: {other:?}")),
            }
        }
        // A user who arrives after the step is verified.
        let users = pool.ready_users(1)?;
        report.submit(&users[0]);
        report.check_all_are_verified(&users, TIMEOUT);
        report.check_evidence(&server, &users)?;
    }
    let failed = server.events()?.iter().filter(|event| event["status"] != "VERIFIED").count();
    if failed > 0 {
        report.problems.push(format!("{failed} users failed because of the clock"));
    }
    let figures = json!({ "steps_s": STEPS, "verified_at_once": verified, "come_again": expired });
    report.faults.insert("clock stepped", figures);
    Ok(())
}
