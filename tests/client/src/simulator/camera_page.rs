//! What the camera page does: waits until the eyes can be read, gets a challenge, records the gestures and fetches the cues.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use engine::prompt::Next;
use engine::{Ask, Attempt, Gate, KeyKind, Networks, Phase, Thresholds};
use fastrand::Rng;

use super::camera::Camera;
use crate::submission::{Key, Recorded};
use crate::user::UserClient;

/// Frames a second.
const RATE: f64 = 25.0;
/// The eyes must be readable for this long before the challenge begins.
const ALIGNED_MS: f64 = 800.0;
/// The page gives up if the eyes are not readable by then.
const ALIGN_TIMEOUT_MS: f64 = 20_000.0;

/// How an attempt ended.
pub enum AttemptOutcome {
    /// The face could not be read, at last for this reason. No challenge was requested.
    Unreadable(Gate),
    /// Everything that was asked was done.
    Recorded(Box<Recorded>),
    /// The challenge's time was over.
    TimedOut,
    /// Too many gestures were missed.
    Exhausted,
}

/// Makes one attempt.
///
/// # Errors
/// A request or the engine failed.
pub(super) fn attempt(
    user: &UserClient,
    camera: &mut dyn Camera,
    mut clock: FrameClock,
    networks: Networks,
    rng: &mut Rng,
) -> anyhow::Result<AttemptOutcome> {
    let mut attempt = Attempt::new(networks, Thresholds::V8);
    if let Some(gate) = align(&mut attempt, camera, &mut clock)? {
        return Ok(AttemptOutcome::Unreadable(gate));
    }
    let key = Key::draw(rng);
    let terms = user.challenge(&key, RATE)?;
    let began_ms = clock.now_ms();
    attempt.begin(terms.clone(), KeyKind::Soft, key.public(), began_ms);
    camera.begin(&terms, began_ms);
    let mut ask = None;
    loop {
        let t_ms = clock.next_frame();
        let picture = camera.picture(t_ms, ask)?;
        let (_, progress) = attempt.push(&picture.as_frame(), t_ms)?;
        ask = progress.prompt.map(|prompt| prompt.ask);
        if progress.timed_out {
            return Ok(AttemptOutcome::TimedOut);
        }
        let complete = progress.phase == Phase::Complete;
        if terms.policy.is_prompted() && (complete || ask == Some(Ask::Fetch)) {
            match user.next_cue(&terms.challenge_id, attempt.commitment())? {
                Next::Cue(cue) => attempt.reveal(cue, clock.now_ms()),
                Next::Exhausted => return Ok(AttemptOutcome::Exhausted),
                Next::Complete if !complete => bail!("the attempt is complete for the server, but not for the engine"),
                Next::Complete => {}
            }
        }
        if complete {
            let evidence = attempt.evidence().context("a complete attempt has evidence")?.clone();
            let lasted_ms = (t_ms - began_ms) as u64;
            return Ok(AttemptOutcome::Recorded(Box::new(Recorded { terms, key, evidence, lasted_ms })));
        }
    }
}

/// Waits until the eyes can be read. Returns the reason if they cannot.
fn align(attempt: &mut Attempt, camera: &mut dyn Camera, clock: &mut FrameClock) -> anyhow::Result<Option<Gate>> {
    let mut good_since = None;
    loop {
        let t_ms = clock.next_frame();
        let (seen, _) = attempt.push(&camera.picture(t_ms, None)?.as_frame(), t_ms)?;
        let is_good = seen.gate == Gate::Ok && attempt.is_settled();
        good_since = good_since.filter(|_| is_good).or(is_good.then_some(t_ms));
        if good_since.is_some_and(|since| t_ms - since >= ALIGNED_MS) {
            return Ok(None);
        }
        if t_ms > ALIGN_TIMEOUT_MS {
            return Ok(Some(seen.gate));
        }
    }
}

/// Says when frames are taken.
pub(super) enum FrameClock {
    /// In real time since this moment.
    Real(Instant),
    /// As fast as they can be analysed, at a simulated time in milliseconds. Works on a machine of any speed, but cannot follow
    /// cues, which the server times.
    Simulated(f64),
}

impl FrameClock {
    /// A real clock that starts now.
    pub(super) fn real() -> FrameClock {
        FrameClock::Real(Instant::now())
    }

    fn now_ms(&self) -> f64 {
        match self {
            FrameClock::Real(start) => start.elapsed().as_secs_f64() * 1000.0,
            FrameClock::Simulated(ms) => *ms,
        }
    }

    /// Waits for the next frame and returns its time. Drops frames that come too fast for this machine.
    fn next_frame(&mut self) -> f64 {
        let frame_ms = 1000.0 / RATE;
        let wait_ms = frame_ms - self.now_ms() % frame_ms;
        match self {
            FrameClock::Real(_) => std::thread::sleep(Duration::from_secs_f64(wait_ms / 1000.0)),
            FrameClock::Simulated(ms) => *ms += frame_ms,
        }
        self.now_ms()
    }
}
