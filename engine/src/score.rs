//! Scoring a capture: JPEG bytes in, what one face in it reads out. The browser and the server run this same code.

use serde::{Deserialize, Serialize};

use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::fingerprint::{self, Fingerprint};
use crate::frame::Picture;
use crate::gate;
use crate::geometry::Point;
use crate::jpeg;
use crate::network::Networks;
use crate::pair::{self, AlignedFace, PairScore};
use crate::pose::Pose;
use crate::quality::Quality;
use crate::reason::Reason;
use crate::strip::{self, Moment, Shown, StripScore};
use crate::thresholds::Thresholds;
use crate::tracker::{Reading, Tracker, is_other};
use crate::transcript::FrameRecord;

/// What the one face of a capture reads. Landmarks and pixels stay where they were read: they are not written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaptureScore {
    /// Openness of the eyes, to a ten-thousandth.
    pub ears: EyeRatios,
    /// Head pose.
    pub pose: Pose,
    /// Sharpness and light.
    pub quality: Quality,
    /// Detector score, 0.5 to 1.
    pub detection: f32,
    /// Of the picture as a whole.
    pub fingerprint: Fingerprint,
    #[serde(skip)]
    points: Vec<Point>,
    #[serde(skip)]
    picture: Picture,
}

impl CaptureScore {
    /// How the faces of two captures compare; `None` if one has no extent, or was read from what had been written down.
    pub fn compare(&self, other: &CaptureScore) -> Option<PairScore> {
        pair::compare_captures((&self.picture.as_frame(), &self.points), (&other.picture.as_frame(), &other.points))
    }

    /// Tells the decoded picture from every other ([`Record::pixels`](crate::Record::pixels)).
    pub(crate) fn pixel_hash(&self) -> String {
        fingerprint::pixel_hash(&self.picture.as_frame())
    }

    /// The face, to be held against those of cells; `None` as for [`CaptureScore::compare`].
    pub(crate) fn aligned(&self) -> Option<AlignedFace> {
        // What had been written down has no picture.
        (!self.points.is_empty()).then(|| AlignedFace::of(&self.picture.as_frame(), &self.points))?
    }
}

/// Scores captures.
pub struct Scorer {
    tracker: Tracker,
    models: String,
}

impl Scorer {
    /// Wraps the networks.
    pub fn new(networks: Networks) -> Scorer {
        let models = networks.id.clone();
        Scorer { tracker: Tracker::new(networks), models }
    }

    /// Names the weights it scores with.
    pub fn models(&self) -> &str {
        &self.models
    }

    /// Decodes and scores one capture. The outer result is a fault of ours, the inner one the answer.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub fn score(&mut self, jpeg: &[u8], thresholds: &Thresholds) -> Result<Result<CaptureScore, Reason>, EngineError> {
        score(&mut self.tracker, jpeg, thresholds)
    }

    /// Scores the strip of these recorded frames and moments, and judges it.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub(crate) fn judge_strip(
        &mut self,
        jpeg: &[u8],
        recorded: (&[FrameRecord], &[Moment]),
        captures: [Shown; 2],
        thresholds: &Thresholds,
        score: &mut Option<StripScore>,
    ) -> Result<Result<(), Reason>, EngineError> {
        strip::judge(jpeg, recorded, captures, &mut self.tracker, thresholds, score)
    }
}

/// As [`Scorer::score`], with a tracker that is in use for other things.
pub(crate) fn score(
    tracker: &mut Tracker,
    jpeg: &[u8],
    thresholds: &Thresholds,
) -> Result<Result<CaptureScore, Reason>, EngineError> {
    match jpeg::decode(jpeg, &thresholds.capture) {
        Ok(picture) => score_picture(tracker, picture, thresholds),
        Err(reason) => Ok(Err(reason)),
    }
}

/// As [`Scorer::score`], for pixels that were never compressed.
pub(crate) fn score_picture(
    tracker: &mut Tracker,
    picture: Picture,
    thresholds: &Thresholds,
) -> Result<Result<CaptureScore, Reason>, EngineError> {
    let faces = tracker.read_all(&picture.as_frame(), thresholds)?;
    let main = faces.iter().filter_map(|(detection, face)| Some((detection, face.as_ref()?)));
    let Some((detection, face)) = main.max_by(|a, b| a.1.rect.width.total_cmp(&b.1.rect.width)) else {
        return Ok(Err(Reason::CaptureNoFace));
    };
    let mut others = faces.iter().filter(|(other, confirmed)| confirmed.is_some() && is_other(face, other, thresholds));
    if others.next().is_some() {
        return Ok(Err(Reason::CaptureSeveralFaces));
    }
    let reading = Reading { faces: 1, face: Some(face.clone()), scene: None };
    let (width, height) = (picture.as_frame().width(), picture.as_frame().height());
    // A capture is a crop: where the face lies in it and how much of it the face fills say nothing. Lids in motion blur.
    let (gate, _) = gate::judge(&reading, width, height, thresholds, None);
    let readable = face.ears.filter(|_| gate::lids_are_readable(face, thresholds));
    let (true, Some(ears)) = (gate.eyes_usable(), readable) else { return Ok(Err(Reason::CaptureUnclear)) };
    Ok(Ok(CaptureScore {
        ears: ears.quantized(),
        pose: face.pose,
        quality: face.quality,
        detection: detection.score,
        fingerprint: Fingerprint::of(&picture.as_frame()),
        points: face.mesh.points.clone(),
        picture,
    }))
}

/// Whether two captures show one face with its eyes open and then closed.
///
/// # Errors
/// The first [`Reason`] that stands against it.
pub(crate) fn judge(
    open: &CaptureScore,
    closed: &CaptureScore,
    pair: &PairScore,
    thresholds: &Thresholds,
) -> Result<(), Reason> {
    let limits = &thresholds.capture;
    let closed_share = closed.ears.mean() / open.ears.mean();
    let checks = [
        (Reason::OpenNotOpen, open.ears.right.min(open.ears.left) < limits.min_open_ear),
        (Reason::ClosedNotClosed, closed_share > limits.max_closed_share || closed.ears.mean() > limits.max_closed_ear),
        (Reason::CapturesIdentical, pair.overlaid.unwrap_or(pair.likeness).max(pair.likeness) > limits.max_likeness),
        (
            Reason::CapturesDiffer,
            pair.likeness < limits.min_likeness || pair.shape_distance > limits.max_shape_distance,
        ),
    ];
    checks.into_iter().find_map(|(reason, failed)| failed.then_some(reason)).map_or(Ok(()), Err)
}
