//! Whole verifications per second, from the registration to the verdict.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::{UserPool, cores, for_each};

use crate::times::Times;

/// Concurrent verifications per processor. Most of the time, people look into the camera.
const AT_ONCE_PER_CORE: usize = 16;
const DECISION_TIMEOUT: Duration = Duration::from_secs(60);

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verifications {
    /// Verified people per second.
    pub(crate) per_s: f64,
    /// From the registration to the verdict, including the time in front of the camera.
    pub(crate) times: Times,
}

/// Verifies people for some seconds.
pub(crate) fn measure(pool: &UserPool, seconds: u64) -> anyhow::Result<Verifications> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let at_once = AT_ONCE_PER_CORE * cores();
    let times = for_each(at_once, &vec![(); at_once], |()| {
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            let user = pool.ready_user()?;
            user.client.session()?;
            std::thread::sleep(user.due.saturating_duration_since(Instant::now()));
            let decision = user.client.submit_until_decided("load", &user.submission, DECISION_TIMEOUT)?;
            ensure!(decision.verified, "a copy was rejected: {decision:?}");
            // Count only verifications that end within the measured time.
            times.extend((Instant::now() < end).then(|| start.elapsed()));
        }
        Ok(times)
    })?
    .concat();
    let per_s = (times.len() as f64 / seconds as f64 * 10.0).round() / 10.0;
    Ok(Verifications { per_s, times: Times::of(times) })
}
