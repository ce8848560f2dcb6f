//! Scoring a capture: JPEG bytes in, readings of its one face out. The browser and the server run the same code.

use serde::{Deserialize, Serialize};

use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::gate;
use crate::geometry::{Point, Region};
use crate::jpeg;
use crate::mesh::Mesh;
use crate::network::Networks;
use crate::pair::{self, AlignedFace, PairScore};
use crate::perceptual_hash::{self, PerceptualHash};
use crate::pose::Pose;
use crate::quality::Quality;
use crate::reason::Reason;
use crate::stop::Stop;
use crate::thresholds::Thresholds;
use crate::tracker::{Reading, Tracker, is_other};

/// The readings of the one face in a capture. Landmarks and pixels are never serialised.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaptureScore {
    /// Eye aspect ratios, rounded to a ten-thousandth.
    pub ears: EyeRatios,
    /// Head pose.
    pub pose: Pose,
    /// Sharpness and light.
    pub quality: Quality,
    /// Detector score, 0.5 to 1.
    pub detection: f32,
    #[serde(skip)]
    points: Vec<Point>,
    #[serde(skip)]
    picture: Picture,
}

impl CaptureScore {
    /// Compares the faces of two captures. `None` if one has no extent or was deserialised.
    pub fn compare(&self, other: &CaptureScore) -> Option<PairScore> {
        pair::compare_captures((&self.picture.as_frame(), &self.points), (&other.picture.as_frame(), &other.points))
    }

    /// Exact hash of the decoded picture ([`Record::pixels`](crate::Record::pixels)).
    pub(crate) fn pixel_hash(&self) -> String {
        perceptual_hash::pixel_hash(&self.picture.as_frame())
    }

    /// Perceptual hash of the whole picture.
    pub(crate) fn fingerprint(&self) -> PerceptualHash {
        PerceptualHash::of(&self.picture.as_frame())
    }

    /// Perceptual hash of the face alone: much the same however the picture was framed. `None` as for
    /// [`CaptureScore::compare`].
    pub fn face_fingerprint(&self) -> Option<PerceptualHash> {
        Some(self.aligned()?.perceptual_hash())
    }

    /// The face, to compare with those of cells; `None` as for [`CaptureScore::compare`].
    pub(crate) fn aligned(&self) -> Option<AlignedFace> {
        // A deserialised score has no picture.
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

    /// Names the weights.
    pub fn models(&self) -> &str {
        &self.models
    }

    /// Decodes and scores one capture.
    ///
    /// # Errors
    /// [`Stop::Rejected`] if the capture cannot be decoded or does not show one readable face, [`Stop::Fault`] if a
    /// network fails.
    pub fn score(&mut self, jpeg: &[u8], thresholds: &Thresholds) -> Result<CaptureScore, Stop> {
        score(&mut self.tracker, jpeg, thresholds)
    }

    /// Reads only the landmarks of the face in `region`, if there is one.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub(crate) fn read_mesh(
        &mut self,
        frame: &Frame,
        region: &Region,
        thresholds: &Thresholds,
    ) -> Result<Option<Mesh>, EngineError> {
        self.tracker.read_mesh(frame, region, thresholds)
    }
}

/// Like [`Scorer::score`], with any tracker.
pub(crate) fn score(tracker: &mut Tracker, jpeg: &[u8], thresholds: &Thresholds) -> Result<CaptureScore, Stop> {
    score_picture(tracker, jpeg::decode(jpeg, &thresholds.capture)?, thresholds)
}

/// Like [`Scorer::score`], for a picture that is decoded already.
pub(crate) fn score_picture(
    tracker: &mut Tracker,
    picture: Picture,
    thresholds: &Thresholds,
) -> Result<CaptureScore, Stop> {
    let faces = tracker.read_all(&picture.as_frame(), thresholds)?;
    let main = faces.iter().filter_map(|(detection, face)| Some((detection, face.as_ref()?)));
    let Some((detection, face)) = main.max_by(|a, b| a.1.rect.width.total_cmp(&b.1.rect.width)) else {
        return Err(Reason::CaptureNoFace.into());
    };
    let mut others = faces.iter().filter(|(other, confirmed)| confirmed.is_some() && is_other(face, other, thresholds));
    if others.next().is_some() {
        return Err(Reason::CaptureSeveralFaces.into());
    }
    let reading = Reading { faces: 1, face: Some(face.clone()), scene: None };
    let (width, height) = (picture.as_frame().width(), picture.as_frame().height());
    // A capture is a crop, so the position and size of the face in it mean nothing; and moving lids blur.
    let (gate, _) = gate::judge(&reading, width, height, thresholds, None);
    let readable = face.ears.filter(|_| gate::lids_are_readable(face, thresholds));
    let (true, Some(ears)) = (gate.eyes_usable(), readable) else { return Err(Reason::CaptureUnclear.into()) };
    Ok(CaptureScore {
        ears: ears.quantized(),
        pose: face.pose,
        quality: face.quality,
        detection: detection.score,
        points: face.mesh.points.clone(),
        picture,
    })
}

/// Checks that two captures show one face, with its eyes open and then closed.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
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
        (
            Reason::CapturesIdentical,
            pair.aligned_similarity.unwrap_or(pair.similarity).max(pair.similarity) > limits.max_similarity,
        ),
        (
            Reason::CapturesDiffer,
            pair.similarity < limits.min_similarity || pair.shape_distance > limits.max_shape_distance,
        ),
    ];
    checks.into_iter().find_map(|(reason, failed)| failed.then_some(reason)).map_or(Ok(()), Err)
}
