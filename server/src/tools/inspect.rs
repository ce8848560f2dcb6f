//! `blinkgate inspect IMAGE`: everything the engine sees in one picture, as one JSON object.
//!
//! Lengths are in pixels, angles in degrees, left and right are the subject's own. If the mesh does not confirm a face,
//! only its detection is given; the other fields are null.

use std::path::Path;

use anyhow::Context as _;
use engine::detect::Detection;
use engine::{Face, Gate, Networks, Reading, Thresholds, Tracker};
use serde::Serialize;

use super::frames::read_picture;

/// The output of `inspect`.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// Width of the picture.
    pub width: usize,
    /// Height of the picture.
    pub height: usize,
    /// Whether the picture would be accepted as a camera frame, or what to change first.
    pub gate: Gate,
    /// Every face found, best detection first.
    pub faces: Vec<FaceReport>,
}

/// One face in an [`Inspection`].
#[derive(Debug, Serialize)]
pub struct FaceReport {
    /// Detector score, 0.5 to 1.
    pub score: f32,
    /// Detector box: x, y, width, height.
    #[serde(rename = "box")]
    pub rect: [f32; 4],
    /// Right eye, left eye, nose, mouth, right ear, left ear.
    pub keypoints: [[f32; 2]; 6],
    /// Confidence of the mesh that this is a face, 0 to 1.
    pub presence: Option<f32>,
    /// 468 points: x, y, depth; `null` in JSON where the packed networks leave them out.
    pub landmarks: Option<Vec<[f32; 3]>>,
    /// Openness of the right eye.
    pub ear_right: Option<f32>,
    /// Openness of the left eye.
    pub ear_left: Option<f32>,
    /// Turning to the subject's left is positive.
    pub yaw: Option<f32>,
    /// Looking up is positive.
    pub pitch: Option<f32>,
    /// Leaning clockwise in the picture is positive.
    pub roll: Option<f32>,
    /// See [`engine::Quality`].
    pub sharpness: Option<f32>,
    /// Mean luma of the face, 0 to 255.
    pub light: Option<f32>,
}

/// Reads the picture at `path`.
///
/// # Errors
/// If the file is not a readable JPEG or PNG, or a network fails.
pub fn inspect(path: &Path, networks: Networks) -> anyhow::Result<Inspection> {
    let picture = read_picture(path).with_context(|| format!("cannot read {} as JPEG or PNG", path.display()))?;
    let frame = picture.as_frame();
    let thresholds = Thresholds::V8;
    let mut tracker = Tracker::new(networks);
    let reading: Reading = tracker.read(&frame, 0.0, &thresholds)?;
    let (gate, _) = engine::gate::judge(&reading, frame.width(), frame.height(), &thresholds, None);
    let faces = tracker.read_all(&frame, &thresholds)?;
    Ok(Inspection { width: frame.width(), height: frame.height(), gate, faces: faces.iter().map(report).collect() })
}

fn report((detection, face): &(Detection, Option<Face>)) -> FaceReport {
    let face = face.as_ref();
    let rect = detection.rect;
    let ears = face.and_then(|f| f.ears);
    let landmarks = |f: &Face| f.mesh.points.iter().zip(&f.mesh.depths).map(|(p, &z)| [p.x, p.y, z]).collect();
    FaceReport {
        score: detection.score,
        rect: [rect.x, rect.y, rect.width, rect.height],
        keypoints: detection.keypoints.map(|p| [p.x, p.y]),
        presence: face.map(|f| f.mesh.presence),
        landmarks: face.map(landmarks),
        ear_right: ears.map(|e| e.right),
        ear_left: ears.map(|e| e.left),
        yaw: face.map(|f| f.pose.yaw),
        pitch: face.map(|f| f.pose.pitch),
        roll: face.map(|f| f.pose.roll),
        sharpness: face.map(|f| f.quality.sharpness),
        light: face.map(|f| f.quality.light),
    }
}
