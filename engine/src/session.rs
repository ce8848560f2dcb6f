//! A session: frames with their times in, one observation for each out. Nothing is kept but what the next frame needs.

use serde::Serialize;

use crate::blink::{Blink, BlinkDetector, EyeState};
use crate::cover::CoverWatch;
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::gate::{self, Direction, Gate};
use crate::network::Networks;
use crate::thresholds::Thresholds;
use crate::tracker::{Face, Tracker};

/// What one frame showed. Numbers are rounded as the transcript stores them, so that whoever reads those comes to the
/// same blinks.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Time of the frame in whole milliseconds.
    pub t_ms: u32,
    /// Faces in sight.
    pub faces: usize,
    /// The main face.
    pub face: Option<Face>,
    /// Openness of the eyes, to a ten-thousandth; `None` where no face or no lids could be read.
    pub ears: Option<EyeRatios>,
    /// Whether the frame can be used, or what to mend first.
    pub gate: Gate,
    /// Where the face lies, if it is off centre.
    pub direction: Option<Direction>,
    /// What the lids are doing.
    pub state: EyeState,
    /// Both eyes' opening as a share of the person's open level, once that is known.
    pub openness: Option<f32>,
    /// The blink that this frame completed.
    pub blink: Option<Blink>,
    /// The closure that this frame ended: as a blink, however long.
    pub closure: Option<Blink>,
}

/// The stable part of an observation, as tools print it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FrameReport {
    /// Time of the frame.
    pub t_ms: u32,
    /// Faces in sight.
    pub faces: usize,
    /// Subject's right eye.
    pub ear_right: Option<f32>,
    /// Subject's left eye.
    pub ear_left: Option<f32>,
    /// What the lids are doing.
    pub state: EyeState,
    /// Whether the frame can be used.
    pub gate: Gate,
}

impl From<&Observation> for FrameReport {
    fn from(seen: &Observation) -> FrameReport {
        FrameReport {
            t_ms: seen.t_ms,
            faces: seen.faces,
            ear_right: seen.ears.map(|e| e.right),
            ear_left: seen.ears.map(|e| e.left),
            state: seen.state,
            gate: seen.gate,
        }
    }
}

/// Follows one person through a series of frames.
pub struct Session {
    tracker: Tracker,
    blinks: BlinkDetector,
    thresholds: Thresholds,
    covers: CoverWatch,
    /// The last frame's gate, before covers were looked for.
    gate: Option<Gate>,
    last_ms: Option<u32>,
}

impl Session {
    /// A session that has seen nothing.
    pub fn new(networks: Networks, thresholds: Thresholds) -> Session {
        let blinks = BlinkDetector::new(thresholds.blink.clone());
        let covers = CoverWatch::default();
        Session { tracker: Tracker::new(networks), blinks, thresholds, covers, gate: None, last_ms: None }
    }

    /// Analyses the next frame. `t_ms` is the frame's time from any origin, in milliseconds.
    ///
    /// # Errors
    /// [`EngineError::TimeOrder`] if the time is not after the frame before (by a millisecond at least) or is no time;
    /// [`EngineError::Network`] if a network fails.
    pub fn push(&mut self, frame: &Frame, t_ms: f64) -> Result<Observation, EngineError> {
        let t_ms = whole_ms(t_ms)?;
        if self.last_ms.is_some_and(|last| t_ms <= last) {
            return Err(EngineError::TimeOrder);
        }
        self.last_ms = Some(t_ms);
        let reading = self.tracker.read(frame, f64::from(t_ms), &self.thresholds)?;
        let (gate, direction) = gate::judge(&reading, frame.width(), frame.height(), &self.thresholds, self.gate);
        self.gate = Some(gate);
        let gate = if gate.eyes_usable() && self.is_covered(t_ms, reading.face.as_ref()) {
            Gate::EyesUnreadable
        } else {
            gate
        };
        let readable = reading.face.as_ref().filter(|face| gate::lids_are_readable(face, &self.thresholds));
        let ears = readable.and_then(|face| face.ears).map(EyeRatios::quantized);
        let update = self.blinks.update(t_ms, ears.filter(|_| gate.eyes_usable()));
        let surroundings = reading.face.as_ref().and_then(|face| face.surroundings.as_ref());
        if let (EyeState::Open, Some(_), Some(now)) = (update.state, update.openness, surroundings) {
            self.covers.see_open(t_ms, now.clone());
        }
        Ok(Observation {
            t_ms,
            faces: reading.faces,
            face: reading.face,
            ears,
            gate,
            direction,
            state: update.state,
            openness: update.openness,
            blink: update.blink,
            closure: update.closure,
        })
    }

    /// Whether something has come before the eyes of `face`.
    fn is_covered(&mut self, t_ms: u32, face: Option<&Face>) -> bool {
        let (Some(face), Some(level)) = (face, self.blinks.open_level()) else { return false };
        let (Some(now), Some(ears)) = (&face.surroundings, face.ears) else { return false };
        let narrowed = ears.mean() < self.thresholds.blink.open_ratio * level.mean();
        self.covers.is_covered(t_ms, now, narrowed, &self.thresholds.cover)
    }

    /// Forgets the face, the open level and the time: the next frame starts anew.
    pub fn reset(&mut self) {
        self.tracker.reset();
        self.blinks = BlinkDetector::new(self.thresholds.blink.clone());
        self.covers = CoverWatch::default();
        (self.gate, self.last_ms) = (None, None);
    }

    /// Begins to count blinks anew and restarts the clock, without losing the tracked face.
    pub fn restart(&mut self) {
        self.blinks = BlinkDetector::new(self.thresholds.blink.clone());
        self.covers = CoverWatch::default();
        self.last_ms = None;
    }

    /// Whether the person's open level is known.
    pub fn is_settled(&self) -> bool {
        self.blinks.open_level().is_some()
    }

    /// Whether faces come with their cells for the evidence strip.
    pub(crate) fn keep_cells(&mut self, keeps: bool) {
        self.tracker.keep_cells(keeps);
    }

    /// The tracker, to read single pictures with the same networks.
    pub(crate) fn tracker_mut(&mut self) -> &mut Tracker {
        &mut self.tracker
    }

    /// The limits in force.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }
}

fn whole_ms(t_ms: f64) -> Result<u32, EngineError> {
    let in_range = (0.0..=f64::from(u32::MAX)).contains(&t_ms);
    // Truncation keeps order; the range was checked.
    in_range.then_some(t_ms as u32).ok_or(EngineError::TimeOrder)
}
