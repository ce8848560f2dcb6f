//! A session: frames with their times in, one observation for each out. Keeps only what the next frame needs.

use serde::Serialize;

use crate::blink::{BlinkDetector, BlinkUpdate, EyeState};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::frame_record::FrameRecord;
use crate::gate::{self, Direction, Gate};
use crate::network::Networks;
use crate::occlusion::OcclusionWatch;
use crate::score::{self, CaptureScore};
use crate::stop::Stop;
use crate::thresholds::Thresholds;
use crate::tracker::{Face, Tracker};

/// What one frame showed. Numbers are rounded as the transcript stores them, so that its reader finds the same blinks.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Time of the frame in whole milliseconds.
    pub t_ms: u32,
    /// Number of faces.
    pub faces: usize,
    /// The main face.
    pub face: Option<Face>,
    /// Eye aspect ratios, rounded to a ten-thousandth; `None` if no face or no lids could be read.
    pub ears: Option<EyeRatios>,
    /// Whether the frame can be used, or what to fix first.
    pub gate: Gate,
    /// Where the face is, if it is off centre.
    pub direction: Option<Direction>,
    /// What the lids are doing, and the blink that this frame completed.
    pub lids: BlinkUpdate,
}

impl From<&Observation> for FrameRecord {
    fn from(seen: &Observation) -> FrameRecord {
        let e4 = |v: f32| (v * 1e4).round() as i32;
        let pose = seen.face.as_ref().map(|f| f.pose).unwrap_or_default();
        let tenths = |degrees: f32| (degrees * 10.0).round() as i32;
        FrameRecord(
            seen.t_ms,
            seen.ears.map_or(-1, |e| e4(e.right)),
            seen.ears.map_or(-1, |e| e4(e.left)),
            tenths(pose.yaw),
            tenths(pose.pitch),
            seen.gate.number(),
        )
    }
}

/// The part of an observation that tools print and whose JSON stays the same.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FrameReport {
    /// Time of the frame.
    pub t_ms: u32,
    /// Number of faces.
    pub faces: usize,
    /// EAR of the subject's right eye.
    pub ear_right: Option<f32>,
    /// EAR of the subject's left eye.
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
            state: seen.lids.state,
            gate: seen.gate,
        }
    }
}

/// Follows one person through a series of frames.
pub struct Session {
    tracker: Tracker,
    blinks: BlinkDetector,
    thresholds: Thresholds,
    occlusion: OcclusionWatch,
    /// The last frame's gate, before the check for occlusion.
    gate: Option<Gate>,
    last_ms: Option<u32>,
}

impl Session {
    /// A session that has seen nothing.
    pub fn new(networks: Networks, thresholds: Thresholds) -> Session {
        let blinks = BlinkDetector::new(thresholds.blink.clone());
        let occlusion = OcclusionWatch::default();
        Session { tracker: Tracker::new(networks), blinks, thresholds, occlusion, gate: None, last_ms: None }
    }

    /// Analyses the next frame. `t_ms` is the frame's time in milliseconds from any origin.
    ///
    /// # Errors
    /// [`EngineError::TimeOrder`] if the time is not at least a millisecond after the previous frame's, or not a valid
    /// time; [`EngineError::Network`] if a network fails.
    pub fn push(&mut self, frame: &Frame, t_ms: f64) -> Result<Observation, EngineError> {
        let t_ms = whole_ms(t_ms)?;
        if self.last_ms.is_some_and(|last| t_ms <= last) {
            return Err(EngineError::TimeOrder);
        }
        self.last_ms = Some(t_ms);
        let mut reading = self.tracker.read(frame, f64::from(t_ms), &self.thresholds)?;
        if let Some(face) = &mut reading.face {
            self.look_again(frame, face)?;
        }
        let (gate, direction) = gate::judge(&reading, frame.width(), frame.height(), &self.thresholds, self.gate);
        self.gate = Some(gate);
        let gate = if gate.eyes_usable() && self.is_occluded(t_ms, reading.face.as_ref()) {
            Gate::EyesUnreadable
        } else {
            gate
        };
        let readable = reading.face.as_ref().filter(|face| gate::lids_are_readable(face, &self.thresholds));
        let ears = readable.and_then(|face| face.ears).map(EyeRatios::quantized);
        let lids = self.blinks.update(t_ms, ears.filter(|_| gate.eyes_usable()));
        let eye_context = reading.face.as_ref().and_then(|face| face.eye_context.as_ref());
        if let (EyeState::Open, Some(_), Some(now)) = (lids.state, lids.openness, eye_context) {
            self.occlusion.see_open(t_ms, now.clone());
        }
        Ok(Observation { t_ms, faces: reading.faces, face: reading.face, ears, gate, direction, lids })
    }

    /// Reads lids that are neither clearly open nor clearly closed a second time, in the mirror image, and takes the mean of
    /// both. On these lids the decision depends, and each of the two eyes' networks errs in its own way.
    fn look_again(&mut self, frame: &Frame, face: &mut Face) -> Result<(), EngineError> {
        let (Some(ears), Some(level)) = (face.ears, self.blinks.open_level()) else { return Ok(()) };
        if self.thresholds.second_look.contains(&ears.openness(level))
            && let Some(mirrored) = self.tracker.read_mirrored(frame, &face.crop, &self.thresholds)?
        {
            face.ears = Some(ears.mean_with(mirrored));
        }
        Ok(())
    }

    /// Whether something has come between the eyes of `face` and the camera.
    fn is_occluded(&mut self, t_ms: u32, face: Option<&Face>) -> bool {
        let (Some(face), Some(level)) = (face, self.blinks.open_level()) else { return false };
        let (Some(now), Some(ears)) = (&face.eye_context, face.ears) else { return false };
        let limits = &self.thresholds.occlusion;
        let half_closed = limits.half_closed.contains(&(ears.mean() / level.mean()));
        self.occlusion.is_occluded(t_ms, now, half_closed, limits)
    }

    /// Forgets the face, the open level and the time.
    pub fn reset(&mut self) {
        self.tracker.reset();
        self.blinks = BlinkDetector::new(self.thresholds.blink.clone());
        self.occlusion = OcclusionWatch::default();
        (self.gate, self.last_ms) = (None, None);
    }

    /// Restarts the blink detector and the clock but keeps the tracked face.
    pub fn restart(&mut self) {
        self.blinks = BlinkDetector::new(self.thresholds.blink.clone());
        self.occlusion = OcclusionWatch::default();
        self.last_ms = None;
    }

    /// Whether the person's open level is known.
    pub fn is_settled(&self) -> bool {
        self.blinks.open_level().is_some()
    }

    /// Scores a picture with the session's networks. The tracked face is not affected.
    pub(crate) fn score_picture(&mut self, picture: Picture) -> Result<CaptureScore, Stop> {
        score::score_picture(&mut self.tracker, picture, &self.thresholds)
    }

    /// The same for a JPEG, which is decoded first.
    pub(crate) fn score_jpeg(&mut self, jpeg: &[u8]) -> Result<CaptureScore, Stop> {
        score::score(&mut self.tracker, jpeg, &self.thresholds)
    }

    /// The thresholds in force.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }
}

fn whole_ms(t_ms: f64) -> Result<u32, EngineError> {
    let in_range = (0.0..=f64::from(u32::MAX)).contains(&t_ms);
    // Truncation keeps order; the range was checked.
    in_range.then_some(t_ms as u32).ok_or(EngineError::TimeOrder)
}
