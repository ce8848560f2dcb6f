//! Tracking: a frame and its time in, the number of faces and the main face's reading out.
//!
//! While a face is tracked, its region comes from the landmarks of the previous frame, and the detector runs only now
//! and then, to look for a second face. If no face is found, the tracker looks more closely from time to time, so that
//! people far away are told to come nearer, not that no face was found.

use crate::detect::{Detection, Detector};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::eye_context::EyeContext;
use crate::frame::Frame;
use crate::geometry::{Rect, Region};
use crate::glare::Glare;
use crate::mesh::{Mesh, MeshReader};
use crate::network::Networks;
use crate::pose::Pose;
use crate::quality::{self, Quality, Scene};
use crate::region::{detection_to_region, landmarks_to_region};
use crate::thresholds::Thresholds;

/// What was read from one frame.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Number of faces that count (see [`Thresholds::second_face_width`]).
    pub faces: usize,
    /// The main face: the tracked one, or the largest.
    pub face: Option<Face>,
    /// Without a face: how the whole picture looked at the last closer look, which may say why.
    pub scene: Option<Scene>,
}

/// One face, in pixels of the frame.
#[derive(Clone, Debug)]
pub struct Face {
    /// Landmarks and presence.
    pub mesh: Mesh,
    /// The region that the landmarks were read in.
    pub crop: Region,
    /// The region around those landmarks: where to look in the next frame.
    pub region: Region,
    /// Upright box around the landmarks.
    pub rect: Rect,
    /// Eye aspect ratios; `None` if an eye has no width.
    pub ears: Option<EyeRatios>,
    /// Head pose.
    pub pose: Pose,
    /// Sharpness and light.
    pub quality: Quality,
    /// How much of each eye a reflection hides.
    pub glare: Glare,
    /// Luma around the eyes; `None` if the eye corners coincide.
    pub eye_context: Option<EyeContext>,
}

/// A face by its landmarks alone, before its pixels are measured.
struct Found {
    mesh: Mesh,
    region: Region,
    rect: Rect,
    pose: Pose,
}

/// Follows the main face from frame to frame.
pub struct Tracker {
    detector: Detector,
    reader: MeshReader,
    luma: Vec<f32>,
    tracked: Option<Region>,
    others: usize,
    detected_at_ms: Option<f64>,
    looked_closely_at_ms: Option<f64>,
    scene: Option<Scene>,
}

impl Tracker {
    /// A tracker without a face.
    pub fn new(networks: Networks) -> Tracker {
        Tracker {
            detector: Detector::new(networks.detector),
            reader: MeshReader::new(networks.trunk, networks.eye_right, networks.eye_left),
            luma: Vec::new(),
            tracked: None,
            others: 0,
            detected_at_ms: None,
            looked_closely_at_ms: None,
            scene: None,
        }
    }

    /// Reads the next frame. `t_ms`, from any origin, only paces the detector.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub fn read(&mut self, frame: &Frame, t_ms: f64, thresholds: &Thresholds) -> Result<Reading, EngineError> {
        let mut face = match self.tracked {
            Some(region) => self.read_face(frame, &region, thresholds)?,
            None => None,
        };
        if face.is_none() || is_due(self.detected_at_ms, t_ms, thresholds.detect_every_ms) {
            let mut detections = self.detector.detect(frame)?;
            self.detected_at_ms = Some(t_ms);
            if face.is_none() {
                face = self.acquire(frame, &detections, thresholds)?;
            }
            if face.is_none() && is_due(self.looked_closely_at_ms, t_ms, thresholds.look_closely_every_ms) {
                detections = self.detector.detect_closely(frame)?;
                self.looked_closely_at_ms = Some(t_ms);
                detections.retain(|detection| detection.score >= thresholds.min_close_score);
                face = self.acquire(frame, &detections, thresholds)?;
                self.scene = Some(quality::measure_scene(frame, &mut self.luma));
            }
            self.others = match &face {
                Some(face) => self.count_others(frame, face, &detections, thresholds)?,
                None => 0,
            };
        }
        self.tracked = face.as_ref().map(|face| face.region);
        let faces = face.as_ref().map_or(0, |_| 1 + self.others);
        let scene = self.scene.filter(|_| face.is_none());
        Ok(Reading { faces, face, scene })
    }

    /// Reads every face of a single picture. Returns each with its detection, best detection first.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub fn read_all(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
    ) -> Result<Vec<(Detection, Option<Face>)>, EngineError> {
        let detections = self.detector.detect(frame)?;
        let read = |detection: Detection| Ok((detection, self.read_detected(frame, &detection, thresholds)?));
        detections.into_iter().map(read).collect()
    }

    /// Forgets the tracked face.
    pub fn reset(&mut self) {
        (self.tracked, self.others) = (None, 0);
        (self.detected_at_ms, self.looked_closely_at_ms, self.scene) = (None, None, None);
    }

    /// The largest detected face that the mesh confirms.
    fn acquire(
        &mut self,
        frame: &Frame,
        detections: &[Detection],
        thresholds: &Thresholds,
    ) -> Result<Option<Face>, EngineError> {
        let mut by_size = detections.to_vec();
        by_size.sort_by(|a, b| b.rect.width.total_cmp(&a.rect.width));
        for detection in &by_size {
            if let Some(face) = self.read_detected(frame, detection, thresholds)? {
                return Ok(Some(face));
            }
        }
        Ok(None)
    }

    /// Number of other faces that count. The detector alone sometimes takes a cup for a face, so the mesh must confirm
    /// each.
    fn count_others(
        &mut self,
        frame: &Frame,
        main: &Face,
        detections: &[Detection],
        thresholds: &Thresholds,
    ) -> Result<usize, EngineError> {
        let mut count = 0;
        for detection in detections.iter().filter(|d| is_other(main, d, thresholds)) {
            count += usize::from(self.read_detected(frame, detection, thresholds)?.is_some());
        }
        Ok(count)
    }

    fn read_detected(
        &mut self,
        frame: &Frame,
        detection: &Detection,
        thresholds: &Thresholds,
    ) -> Result<Option<Face>, EngineError> {
        self.read_face(frame, &detection_to_region(detection), thresholds)
    }

    /// Reads the face in `region`, if there is one.
    pub(crate) fn read_face(
        &mut self,
        frame: &Frame,
        region: &Region,
        thresholds: &Thresholds,
    ) -> Result<Option<Face>, EngineError> {
        let crop = *region;
        let Some(Found { mesh, region, rect, pose }) = self.find_face(frame, &crop, thresholds)? else {
            return Ok(None);
        };
        let quality = quality::measure(frame, &region, &mut self.luma);
        let ears = EyeRatios::of(&mesh.points);
        let glare = Glare::measure(frame, &mesh.points);
        let eye_context = EyeContext::sample(frame, &mesh.points);
        Ok(Some(Face { mesh, crop, region, rect, ears, pose, quality, glare, eye_context }))
    }

    /// Only the landmarks of the face in `region`, if [`Tracker::read_face`] would find one there.
    pub(crate) fn read_mesh(
        &mut self,
        frame: &Frame,
        region: &Region,
        thresholds: &Thresholds,
    ) -> Result<Option<Mesh>, EngineError> {
        Ok(self.find_face(frame, region, thresholds)?.map(|found| found.mesh))
    }

    /// The lids of the face in `region`, read in its mirror image ([`MeshReader::read_mirrored`]).
    pub(crate) fn read_mirrored(
        &mut self,
        frame: &Frame,
        region: &Region,
        thresholds: &Thresholds,
    ) -> Result<Option<EyeRatios>, EngineError> {
        let mirrored = self.reader.read_mirrored(frame, region)?;
        let is_face = mirrored.presence >= thresholds.min_presence;
        let swapped = |ears: EyeRatios| EyeRatios { right: ears.left, left: ears.right };
        Ok(EyeRatios::of(&mirrored.points).filter(|_| is_face).map(swapped))
    }

    fn find_face(
        &mut self,
        frame: &Frame,
        region: &Region,
        thresholds: &Thresholds,
    ) -> Result<Option<Found>, EngineError> {
        let mesh = self.reader.read(frame, region)?;
        if mesh.presence < thresholds.min_presence {
            return Ok(None);
        }
        let next = landmarks_to_region(&mesh);
        let rect = Rect::around(mesh.read_points());
        let found = next.zip(rect).zip(Pose::of(&mesh));
        Ok(found.map(|((region, rect), pose)| Found { mesh, region, rect, pose }))
    }
}

/// Whether something last done at `last` is due again. True also if the time has gone back.
fn is_due(last: Option<f64>, t_ms: f64, every_ms: f64) -> bool {
    last.is_none_or(|last| !(0.0..every_ms).contains(&(t_ms - last)))
}

/// Whether a detection is a face other than `main` and large enough to count.
pub(crate) fn is_other(main: &Face, detection: &Detection, thresholds: &Thresholds) -> bool {
    let center = detection.rect.center();
    let inside = (main.rect.x..main.rect.x + main.rect.width).contains(&center.x)
        && (main.rect.y..main.rect.y + main.rect.height).contains(&center.y);
    !inside && detection.rect.width >= thresholds.second_face_width * main.rect.width
}
