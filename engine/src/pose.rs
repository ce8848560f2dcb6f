//! Head pose: mesh points with depth in, three angles in degrees out.

use crate::geometry::Point;
use crate::mesh::Mesh;
use crate::mesh::landmarks::{CHIN, FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK};

/// The head's rotation relative to the camera, in degrees. Near zero when the subject looks straight ahead; a level
/// head reads a pitch of −10 to 5, since a forehead is rarely exactly above its chin.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize, serde::Deserialize)]
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
        // Depths do not change when the head tilts in the image, so both axes can be measured by their length in the
        // plane.
        let yaw = across.2.atan2(across.0.hypot(across.1));
        let pitch = (-down.2).atan2(down.0.hypot(down.1));
        let pose = Pose { yaw: yaw.to_degrees(), pitch: pitch.to_degrees(), roll: roll.to_degrees() };
        (pose.yaw.is_finite() && pose.pitch.is_finite() && pose.roll.is_finite()).then_some(pose)
    }
}

fn minus(a: (Point, f32), b: (Point, f32)) -> (f32, f32, f32) {
    (a.0.x - b.0.x, a.0.y - b.0.y, a.1 - b.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::LANDMARKS;

    /// A flat face, 100 wide and 140 high, whose depth grows by `right` per pixel to the right and `down` per pixel
    /// down.
    fn face(right: f32, down: f32, roll: f32) -> Mesh {
        let mut mesh = Mesh { points: vec![Point::default(); LANDMARKS], depths: vec![0.0; LANDMARKS], presence: 1.0 };
        let corners = [(RIGHT_CHEEK, -50.0, 0.0), (LEFT_CHEEK, 50.0, 0.0), (FOREHEAD, 0.0, -70.0), (CHIN, 0.0, 70.0)];
        for (index, x, y) in corners {
            mesh.points[index] = Point::new(x, y).rotated(roll.to_radians());
            mesh.depths[index] = right * x + down * y;
        }
        mesh
    }

    #[test]
    fn each_rotation_shows_in_its_own_angle_and_sign() {
        let cases = [
            ("straight ahead", face(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
            ("to the subject's left: that cheek goes back", face(1.0, 0.0, 0.0), (45.0, 0.0, 0.0)),
            ("to the subject's right", face(-1.0, 0.0, 0.0), (-45.0, 0.0, 0.0)),
            ("up: the chin comes forward", face(0.0, -1.0, 0.0), (0.0, 45.0, 0.0)),
            ("down", face(0.0, 1.0, 0.0), (0.0, -45.0, 0.0)),
            ("leaning clockwise in the image", face(0.0, 0.0, 30.0), (0.0, 0.0, 30.0)),
        ];
        for (what, mesh, (yaw, pitch, roll)) in cases {
            let pose = Pose::of(&mesh).unwrap();
            let off = (pose.yaw - yaw).abs().max((pose.pitch - pitch).abs()).max((pose.roll - roll).abs());
            assert!(off < 0.01, "{what}: {pose:?}");
        }
    }

    #[test]
    fn a_mesh_without_points_or_with_points_that_are_not_numbers_has_no_pose() {
        let empty = Mesh { points: Vec::new(), depths: Vec::new(), presence: 1.0 };
        assert_eq!(Pose::of(&empty), None);
        assert_eq!(Pose::of(&face(f32::NAN, 0.0, 0.0)), None);
    }
}
