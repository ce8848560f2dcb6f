//! A clock that is put forward, then back, while people are on their way. libfaketime tells the server the time; how much passes
//! between two moments stays true.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use test_client::{Decided, Sent, Studio};

use super::{ATTEMPTS, Faults, Found, KEY, again};
use crate::crowd::Crowd;

/// By how many seconds the clock is wrong, one after the other. The smallest step is shorter than a check.
const STEPS: [&str; 8] = ["+30", "-30", "+3600", "+86400", "-86400", "+0", "-5", "+0"];
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn step(faults: &Faults, library: &Path, studio: &Studio, found: &mut Found) -> anyhow::Result<()> {
    let offset = faults.folder.join("clock-offset");
    std::fs::write(&offset, "+0\n")?;
    let (library, file) = (library.to_string_lossy(), offset.to_string_lossy().into_owned());
    let served = faults.serve(
        "clock",
        &[
            ("LD_PRELOAD", &library),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ],
    )?;
    let crowd = Crowd::new(&served, studio, &mut Rng::new())?;
    let (mut verified, mut over) = (0, 0);
    for step in STEPS {
        let people = crowd.gather(faults.people)?;
        std::fs::write(&offset, format!("{step}\n"))?;
        for ready in &people {
            match again(|| ready.visitor.submit(KEY, &ready.parcel)) {
                Ok(Sent::Decided(Decided { verified: true, attempts_left: ATTEMPTS, .. })) => {
                    verified += 1;
                    found.have_evidence(&served, std::slice::from_ref(ready))?;
                }
                // Their challenge, link or session counts as over: they come again.
                Ok(Sent::Refused(answer)) if [401, 410].contains(&answer.status) => over += 1,
                other => found.problems.push(format!("clock {step}: {other:?}")),
            }
        }
        // And whoever comes now is verified.
        let people = crowd.gather(1)?;
        found.submit(&people[0]);
        found.all_are_verified(&people, PATIENCE);
        found.have_evidence(&served, &people)?;
    }
    let failed = served.events()?.iter().filter(|event| event["status"] != "VERIFIED").count();
    if failed > 0 {
        found.problems.push(format!("a clock failed {failed} people"));
    }
    found.faults.insert("clock stepped", json!({ "steps_s": STEPS, "verified_at_once": verified, "come_again": over }));
    Ok(())
}
