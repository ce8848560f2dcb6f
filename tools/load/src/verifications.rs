//! Whole verifications, from the registration to the verdict: how many a second.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;
use test_client::{cores, for_each};

use test_client::UserPool as Crowd;
use crate::times::Times;

/// People on their way at a time, for each processor: most of the time they look into the camera.
const AT_ONCE_PER_CORE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);

/// How fast.
#[derive(Clone, Debug, Serialize)]
pub struct Verifications {
    /// Verified people a second.
    pub per_s: f64,
    /// From the registration to the verdict, with the time before the camera.
    pub times: Times,
}

/// Verifies people for so many seconds.
pub(crate) fn measure(crowd: &Crowd, seconds: u64) -> anyhow::Result<Verifications> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let at_once = AT_ONCE_PER_CORE * cores();
    let times = for_each(at_once, &vec![(); at_once], |()| {
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            let ready = crowd.ready()?;
            ready.visitor.session()?;
            std::thread::sleep(ready.due.saturating_duration_since(Instant::now()));
            let decided = ready.visitor.submit_until_decided("load", &ready.parcel, PATIENCE)?;
            ensure!(decided.verified, "a copy was refused: {decided:?}");
            // What ends later belongs to another time.
            times.extend((Instant::now() < end).then(|| start.elapsed()));
        }
        Ok(times)
    })?
    .concat();
    let per_s = (times.len() as f64 / seconds as f64 * 10.0).round() / 10.0;
    Ok(Verifications { per_s, times: Times::of(times) })
}
