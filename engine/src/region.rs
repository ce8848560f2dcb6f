//! Regions: from a detection or from landmarks to the rotated square that the mesh reads. The steps have the names of
//! MediaPipe's subgraphs, so that both can be read side by side.

use crate::detect::Detection;
use crate::geometry::{Point, Rect, Region};
use crate::mesh::{Mesh, landmarks};

/// `scale_x`, `scale_y` of MediaPipe's `face_detection_front_detection_to_roi` and `face_landmark_landmarks_to_roi`:
/// margin for the hair and for motion until the next frame.
const MARGIN: f32 = 1.5;

/// The region of a detected face: a square of the box's longer side × 1.5, rotated so that the eyes are level.
pub(crate) fn detection_to_region(face: &Detection) -> Region {
    let [right_eye, left_eye, ..] = face.keypoints;
    Region {
        center: face.rect.center(),
        size: face.rect.width.max(face.rect.height) * MARGIN,
        angle: angle_between(right_eye, left_eye),
    }
}

/// The region around the landmarks of the previous frame: a square of the longer side × 1.5 of the rotated bounding box of
/// those that are read. `None` if there are no landmarks or they have no extent.
pub(crate) fn landmarks_to_region(mesh: &Mesh) -> Option<Region> {
    let right = mesh.points.get(landmarks::RIGHT_EYE_OUTER)?;
    let left = mesh.points.get(landmarks::LEFT_EYE_OUTER)?;
    let angle = angle_between(*right, *left);
    let upright = Rect::around(mesh.read_points().map(|p| p.rotated(-angle)))?;
    let size = upright.width.max(upright.height) * MARGIN;
    (size.is_finite() && size > 0.0).then(|| Region { center: upright.center().rotated(angle), size, angle })
}

fn angle_between(right_eye: Point, left_eye: Point) -> f32 {
    (left_eye.y - right_eye.y).atan2(left_eye.x - right_eye.x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::LANDMARKS;

    fn mesh(points: Vec<Point>) -> Mesh {
        Mesh { points, depths: vec![0.0; LANDMARKS], presence: 1.0 }
    }

    /// A face 100 wide and 60 high around (200, 100), rotated by `angle`.
    fn turned_face(angle: f32) -> Mesh {
        let mut points = vec![Point::new(0.0, 0.0); LANDMARKS];
        points[landmarks::RIGHT_EYE_OUTER] = Point::new(-50.0, 0.0);
        points[landmarks::LEFT_EYE_OUTER] = Point::new(50.0, 0.0);
        points[landmarks::CHIN] = Point::new(0.0, 30.0);
        points[landmarks::FOREHEAD] = Point::new(0.0, -30.0);
        mesh(points.into_iter().map(|p| p.rotated(angle)).map(|p| Point::new(p.x + 200.0, p.y + 100.0)).collect())
    }

    #[test]
    fn the_region_follows_the_face_as_it_tilts() {
        for angle in [0.0, 0.5, -1.2] {
            let region = landmarks_to_region(&turned_face(angle)).unwrap();
            assert!(region.center.distance(Point::new(200.0, 100.0)) < 1e-3, "{:?}", region.center);
            assert!((region.size - 150.0).abs() < 1e-3, "{}", region.size);
            assert!((region.angle - angle).abs() < 1e-5, "{}", region.angle);
        }
    }

    #[test]
    fn landmarks_without_extent_give_no_region() {
        assert!(landmarks_to_region(&mesh(Vec::new())).is_none());
        assert!(landmarks_to_region(&mesh(vec![Point::new(3.0, 3.0); LANDMARKS])).is_none());
        assert!(landmarks_to_region(&mesh(vec![Point::new(f32::NAN, 3.0); LANDMARKS])).is_none());
    }
}
