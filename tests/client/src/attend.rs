//! The camera page: looks until the face can be read, gets a challenge, records in real time what is asked, fetches cue by
//! cue.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use engine::prompt::Next;
use engine::{Ask, Attempt, Gate, KeyKind, Networks, Phase, Thresholds};
use fastrand::Rng;

use crate::camera::Camera;
use crate::parcel::{Key, Recorded};
use crate::visitor::Visitor;

/// Frames a second.
const RATE: f64 = 25.0;
/// Eyes must have been read for so long before the challenge begins.
const HOLD_MS: f64 = 800.0;
/// Who cannot be read by then is not before the camera.
const ALIGN_MS: f64 = 20_000.0;

/// How it ended.
pub enum Attended {
    /// The face could not be read, because of this in the end: there was no challenge.
    Unreadable(Gate),
    /// There is something to send.
    Recorded(Box<Recorded>),
    /// The time was over.
    TimedOut,
    /// Too many gestures were missed.
    Exhausted,
}

/// Attends one challenge.
///
/// # Errors
/// The server refuses something, or the engine fails.
pub(crate) fn attend(
    visitor: &Visitor,
    camera: &mut dyn Camera,
    mut shutter: Shutter,
    networks: Networks,
    rng: &mut Rng,
) -> anyhow::Result<Attended> {
    let mut attempt = Attempt::new(networks, Thresholds::V4);
    if let Some(gate) = align(&mut attempt, camera, &mut shutter)? {
        return Ok(Attended::Unreadable(gate));
    }
    let key = Key::draw(rng);
    let terms = visitor.challenge(&key, RATE)?;
    let began_ms = shutter.now_ms();
    attempt.begin(terms.clone(), KeyKind::Soft, key.public(), began_ms);
    camera.begin(&terms, began_ms);
    let mut ask = None;
    loop {
        let t_ms = shutter.next_frame();
        let picture = camera.picture(t_ms, ask)?;
        let (_, progress) = attempt.push(&picture.as_frame(), t_ms)?;
        ask = progress.prompt.map(|prompt| prompt.ask);
        if progress.timed_out {
            return Ok(Attended::TimedOut);
        }
        let complete = progress.phase == Phase::Complete;
        if terms.policy.is_prompted() && (complete || ask == Some(Ask::Fetch)) {
            match visitor.next_cue(&terms.challenge_id, attempt.commitment())? {
                Next::Cue(cue) => attempt.reveal(cue, shutter.now_ms()),
                Next::Exhausted => return Ok(Attended::Exhausted),
                Next::Complete if !complete => bail!("the server has seen all steps and the engine has not"),
                Next::Complete => {}
            }
        }
        if complete {
            let evidence = attempt.evidence().context("a complete attempt has evidence")?.clone();
            let lasted_ms = (t_ms - began_ms) as u64;
            return Ok(Attended::Recorded(Box::new(Recorded { terms, key, evidence, lasted_ms })));
        }
    }
}

/// Waits until the eyes can be read. `Some` if they cannot.
fn align(attempt: &mut Attempt, camera: &mut dyn Camera, shutter: &mut Shutter) -> anyhow::Result<Option<Gate>> {
    let mut good_since = None;
    loop {
        let t_ms = shutter.next_frame();
        let (seen, _) = attempt.push(&camera.picture(t_ms, None)?.as_frame(), t_ms)?;
        let is_good = seen.gate == Gate::Ok && attempt.is_settled();
        good_since = good_since.filter(|_| is_good).or(is_good.then_some(t_ms));
        if good_since.is_some_and(|since| t_ms - since >= HOLD_MS) {
            return Ok(None);
        }
        if t_ms > ALIGN_MS {
            return Ok(Some(seen.gate));
        }
    }
}

/// When frames are taken.
pub(crate) enum Shutter {
    /// In real time, since it was switched on.
    Real(Instant),
    /// As fast as they can be analysed; the milliseconds that they pretend have passed. No machine is too slow for it, but
    /// what was recorded is true only once as much time has passed, and no cue can be answered.
    Pretended(f64),
}

impl Shutter {
    /// Switched on now.
    pub(crate) fn real() -> Shutter {
        Shutter::Real(Instant::now())
    }

    fn now_ms(&self) -> f64 {
        match self {
            Shutter::Real(start) => start.elapsed().as_secs_f64() * 1000.0,
            Shutter::Pretended(ms) => *ms,
        }
    }

    /// Waits for the next frame. Those that nobody had time for are left out.
    fn next_frame(&mut self) -> f64 {
        let frame_ms = 1000.0 / RATE;
        let wait_ms = frame_ms - self.now_ms() % frame_ms;
        match self {
            Shutter::Real(_) => std::thread::sleep(Duration::from_secs_f64(wait_ms / 1000.0)),
            Shutter::Pretended(ms) => *ms += frame_ms,
        }
        self.now_ms()
    }
}
