//! Head pose: mesh points with depth in, three angles in degrees out.

use crate::geometry::Point;
use crate::mesh::Mesh;
use crate::mesh::landmarks::{CHIN, FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK};

/// The head's turn against the camera, in degrees. All zero when the subject looks straight ahead.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize)]
pub struct Pose {
    /// Turn about the vertical axis; positive when the subject turns to their own left.
    pub yaw: f32,
    /// Nod; positive when the subject looks up.
    pub pitch: f32,
    /// Tilt in the image plane; positive when the head leans clockwise in the image.
    pub roll: f32,
}

impl Pose {
    /// The pose from two axes of the mesh: cheek to cheek and forehead to chin, with the networks' own depths.
    /// `None` if the mesh has no extent.
    pub fn of(mesh: &Mesh) -> Option<Pose> {
        let at = |i: usize| Some((*mesh.points.get(i)?, *mesh.depths.get(i)?));
        let across = minus(at(LEFT_CHEEK)?, at(RIGHT_CHEEK)?);
        let down = minus(at(CHIN)?, at(FOREHEAD)?);
        let roll = across.1.atan2(across.0);
        // Depths do not change as the head tilts in the image, so lengths in the plane stand for both axes.
        let yaw = across.2.atan2(across.0.hypot(across.1));
        let pitch = (-down.2).atan2(down.0.hypot(down.1)) + NEUTRAL_PITCH;
        let pose = Pose { yaw: yaw.to_degrees(), pitch: pitch.to_degrees(), roll: roll.to_degrees() };
        (pose.yaw.is_finite() && pose.pitch.is_finite() && pose.roll.is_finite()).then_some(pose)
    }
}

/// The forehead lies behind the chin by about this angle (radians) on a level head; zero until measured otherwise.
const NEUTRAL_PITCH: f32 = 0.0;

fn minus(a: (Point, f32), b: (Point, f32)) -> (f32, f32, f32) {
    (a.0.x - b.0.x, a.0.y - b.0.y, a.1 - b.1)
}
