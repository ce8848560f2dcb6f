//! Judges a reading of a frame against the limits, worst fault first.

use super::{Direction, Gate};
use crate::eye_context::PerSide;
use crate::quality::Scene;
use crate::thresholds::Thresholds;
use crate::tracker::{Face, Reading};

/// Judges one reading of a frame of `width × height` pixels. `held` is the gate of the previous frame, if any: its
/// fault is cleared only when the figure is better than the limit by [`Thresholds::hysteresis`], so that hints do not
/// flicker.
pub fn judge(
    reading: &Reading,
    width: usize,
    height: usize,
    thresholds: &Thresholds,
    held: Option<Gate>,
) -> (Gate, Option<Direction>) {
    let limits = Limits { held, margin: thresholds.hysteresis };
    let Some(face) = &reading.face else { return (without_face(reading.scene.as_ref(), &limits, thresholds), None) };
    if reading.faces > 1 {
        return (Gate::SeveralFaces, None);
    }
    let t = thresholds;
    let (quality, pose) = (face.quality, face.pose);
    let size = face.rect.width / width.min(height) as f32;
    let (off_center, direction) = off_center(face, width, height);
    let (eye_brightness, side_light) =
        face.eye_context.as_ref().map(|eyes| (eyes.eye_brightness(), eyes.side_light())).unzip();
    // Dark glasses are darker still, and have a gate of their own.
    let eyes_in_shadow = eye_brightness
        .map(PerSide::least)
        .filter(|&eyes| quality.light < t.shaded_light && eyes >= t.min_eye_brightness)
        .unwrap_or(1.0);
    let balance = side_light.map_or(1.0, PerSide::balance);
    let below = |gate, value, limit| (gate, limits.is_below(gate, value, limit));
    let above = |gate, value, limit| (gate, limits.is_above(gate, value, limit));
    let checks = [
        below(Gate::TooDark, quality.light, t.min_light),
        below(Gate::TooDark, balance, t.min_light_balance),
        below(Gate::TooDark, eyes_in_shadow, t.min_shaded_brightness),
        above(Gate::TooBright, quality.light, t.max_light),
        above(Gate::TooBright, quality.clipped, t.max_clipped),
        // The yaw and pitch of a head that leans far are unreliable.
        above(Gate::Tilted, pose.roll.abs(), t.max_roll_deg),
        above(Gate::Turned, pose.yaw.abs(), t.max_yaw_deg),
        above(Gate::Turned, pose.pitch, t.max_pitch_deg),
        above(Gate::Turned, -pose.pitch, -t.min_pitch_deg),
        (Gate::EyesUnreadable, face.ears.is_none()),
        below(Gate::EyesUnreadable, eye_brightness.map_or(1.0, PerSide::least), t.min_eye_brightness),
        above(Gate::EyesUnreadable, face.glare.greatest(), t.max_glare),
        // With the following faults the lids can still be read (`eyes_usable`), so they come after those that make lids
        // unreadable.
        below(Gate::TooFar, size, t.min_face_width),
        below(Gate::TooFar, face.rect.width, t.min_face_pixels),
        above(Gate::TooClose, size, t.max_face_width),
        above(Gate::OffCenter, off_center, t.max_off_center),
        below(Gate::Blurred, quality.sharpness, t.min_sharpness),
    ];
    let gate = checks.into_iter().find_map(|(gate, failed)| failed.then_some(gate)).unwrap_or(Gate::Ok);
    let direction = match gate {
        Gate::OffCenter => Some(direction),
        Gate::TooDark if balance < t.min_light_balance => side_light.map(darker_side),
        Gate::EyesUnreadable => hidden_side(face, eye_brightness, t),
        _ => None,
    };
    (gate, direction)
}

/// The subject's right is on the left of the camera's image.
fn darker_side(light: PerSide) -> Direction {
    if light.right < light.left { Direction::Left } else { Direction::Right }
}

/// The side of the only eye that something dark or a reflection hides. `None` if neither is hidden, or both.
fn hidden_side(face: &Face, eye_brightness: Option<PerSide>, t: &Thresholds) -> Option<Direction> {
    let dark = eye_brightness.unwrap_or(PerSide { right: 1.0, left: 1.0 });
    let right = dark.right < t.min_eye_brightness || face.glare.right > t.max_glare;
    let left = dark.left < t.min_eye_brightness || face.glare.left > t.max_glare;
    match (right, left) {
        (true, false) => Some(Direction::Left),
        (false, true) => Some(Direction::Right),
        _ => None,
    }
}

/// Whether the face is large and sharp enough for its lids to be read.
pub fn lids_are_readable(face: &Face, thresholds: &Thresholds) -> bool {
    face.rect.width >= thresholds.min_lids_pixels && face.quality.sharpness >= thresholds.min_lids_sharpness
}

/// [`Gate::NoFace`], or why none can be found.
fn without_face(scene: Option<&Scene>, limits: &Limits, t: &Thresholds) -> Gate {
    let Some(scene) = scene else { return Gate::NoFace };
    let checks = [
        (Gate::TooDark, limits.is_below(Gate::TooDark, scene.light, t.min_scene_light)),
        (Gate::TooBright, limits.is_above(Gate::TooBright, scene.clipped, t.max_scene_clipped)),
        (Gate::Blurred, scene.detail.is_some_and(|v| limits.is_below(Gate::Blurred, v, t.min_scene_detail))),
    ];
    checks.into_iter().find_map(|(gate, failed)| failed.then_some(gate)).unwrap_or(Gate::NoFace)
}

/// Makes limits stricter for the held gate. All limits are positive.
struct Limits {
    held: Option<Gate>,
    margin: f32,
}

impl Limits {
    fn is_below(&self, gate: Gate, value: f32, limit: f32) -> bool {
        value < if self.held == Some(gate) { limit * (1.0 + self.margin) } else { limit }
    }

    fn is_above(&self, gate: Gate, value: f32, limit: f32) -> bool {
        value > if self.held == Some(gate) { limit * (1.0 - self.margin) } else { limit }
    }
}

/// Distance of the face's centre from the frame's, as a share of the frame, and its direction.
fn off_center(face: &Face, width: usize, height: usize) -> (f32, Direction) {
    let center = face.rect.center();
    let x = center.x / width as f32 - 0.5;
    let y = center.y / height as f32 - 0.5;
    let direction = match (x.abs() > y.abs(), x > 0.0, y > 0.0) {
        (true, true, _) => Direction::Right,
        (true, false, _) => Direction::Left,
        (false, _, true) => Direction::Down,
        (false, _, false) => Direction::Up,
    };
    (x.abs().max(y.abs()), direction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::EyeRatios;
    use crate::eye_context::EyeContext;
    use crate::geometry::{Point, Rect, Region};
    use crate::glare::Glare;
    use crate::mesh::Mesh;
    use crate::pose::Pose;
    use crate::quality::Quality;

    const REGION: Region = Region { center: Point::new(320.0, 240.0), size: 300.0, angle: 0.0 };

    fn good_face() -> Face {
        Face {
            mesh: Mesh { points: Vec::new(), depths: Vec::new(), presence: 1.0 },
            crop: REGION,
            region: REGION,
            rect: Rect { x: 220.0, y: 120.0, width: 200.0, height: 240.0 },
            ears: Some(EyeRatios { right: 0.3, left: 0.3 }),
            pose: Pose::default(),
            quality: Quality { sharpness: 0.8, light: 120.0, clipped: 0.0 },
            glare: Glare::default(),
            eye_context: None,
        }
    }

    #[test]
    fn each_fault_of_a_face_has_its_gate() {
        type Change = fn(&mut Face);
        let cases: [(Gate, Change); 18] = [
            (Gate::Ok, |_| ()),
            (Gate::TooDark, |f| f.quality.light = 5.0),
            (Gate::TooBright, |f| f.quality.light = 250.0),
            (Gate::TooBright, |f| f.quality.clipped = 0.9),
            (Gate::TooFar, |f| f.rect.width = 30.0),
            (Gate::TooClose, |f| f.rect.width = 475.0),
            (Gate::OffCenter, |f| f.rect.x = 0.0),
            (Gate::Turned, |f| f.pose.yaw = -50.0),
            (Gate::Turned, |f| f.pose.pitch = 60.0),
            (Gate::Tilted, |f| f.pose.roll = 45.0),
            (Gate::EyesUnreadable, |f| f.ears = None),
            (Gate::EyesUnreadable, |f| f.glare.right = 0.1),
            (Gate::EyesUnreadable, |f| (f.glare.left, f.rect.x) = (0.1, 0.0)),
            (Gate::Blurred, |f| f.quality.sharpness = 0.0),
            (Gate::TooDark, |f| (f.quality.light, f.pose.yaw, f.rect.x) = (5.0, 60.0, 0.0)),
            (Gate::Turned, |f| (f.pose.yaw, f.rect.x) = (60.0, 0.0)),
            (Gate::Turned, |f| (f.pose.pitch, f.rect.width) = (-60.0, 475.0)),
            (Gate::EyesUnreadable, |f| (f.ears, f.rect.x, f.quality.sharpness) = (None, 0.0, 0.0)),
        ];
        for (expected, change) in cases {
            let mut face = good_face();
            change(&mut face);
            let (gate, _) =
                judge(&Reading { faces: 1, face: Some(face), scene: None }, 640, 480, &Thresholds::V8, None);
            assert_eq!(gate, expected);
        }
    }

    #[test]
    fn hidden_and_shaded_eyes_are_told_apart_and_name_their_side() {
        type Paint = fn(f32, f32) -> f32;
        // Eyes lie around y = 0; the subject's right, x < 0, is on the left of the picture.
        type Case = (&'static str, f32, Paint, (Gate, Option<Direction>));
        let cases: [Case; 6] = [
            ("an ordinary face", 120.0, |_, _| 120.0, (Gate::Ok, None)),
            ("dark glasses", 120.0, |_, y| if y.abs() < 0.12 { 15.0 } else { 120.0 }, (Gate::EyesUnreadable, None)),
            (
                "a patch over the right eye",
                120.0,
                |x, y| if x < 0.0 && y.abs() < 0.12 { 15.0 } else { 120.0 },
                (Gate::EyesUnreadable, Some(Direction::Left)),
            ),
            (
                "light from one side",
                70.0,
                |x, _| if x > 0.0 { 25.0 } else { 120.0 },
                (Gate::TooDark, Some(Direction::Right)),
            ),
            ("eyes in shadow", 60.0, |_, y| if y.abs() < 0.12 { 35.0 } else { 85.0 }, (Gate::TooDark, None)),
            ("deep-set eyes in good light", 100.0, |_, y| if y.abs() < 0.12 { 60.0 } else { 140.0 }, (Gate::Ok, None)),
        ];
        for (what, light, paint, expected) in cases {
            let mut face = good_face();
            face.quality.light = light;
            face.eye_context = Some(EyeContext::painted(paint));
            let judged = judge(&Reading { faces: 1, face: Some(face), scene: None }, 640, 480, &Thresholds::V8, None);
            assert_eq!(judged, expected, "{what}");
        }
    }

    #[test]
    fn no_face_and_several_faces_come_before_everything_else() {
        let judged = |faces, face| judge(&Reading { faces, face, scene: None }, 640, 480, &Thresholds::V8, None).0;
        assert_eq!(judged(0, None), Gate::NoFace);
        assert_eq!(judged(2, Some(good_face())), Gate::SeveralFaces);
    }

    #[test]
    fn the_direction_says_where_the_face_is() {
        let cases = [
            ((500.0, 120.0), Direction::Right),
            ((-60.0, 120.0), Direction::Left),
            ((220.0, -110.0), Direction::Up),
            ((220.0, 350.0), Direction::Down),
        ];
        for ((x, y), expected) in cases {
            let mut face = good_face();
            (face.rect.x, face.rect.y) = (x, y);
            let judged = judge(&Reading { faces: 1, face: Some(face), scene: None }, 640, 480, &Thresholds::V8, None);
            assert_eq!(judged, (Gate::OffCenter, Some(expected)), "face at ({x}, {y})");
        }
    }

    #[test]
    fn a_picture_without_a_face_says_why_if_it_can() {
        let cases = [
            (Gate::NoFace, Scene { light: 120.0, clipped: 0.1, detail: Some(0.1) }),
            (Gate::NoFace, Scene { light: 120.0, clipped: 0.1, detail: None }),
            (Gate::TooDark, Scene { light: 5.0, clipped: 0.0, detail: Some(0.1) }),
            (Gate::TooBright, Scene { light: 220.0, clipped: 0.7, detail: Some(0.1) }),
            (Gate::Blurred, Scene { light: 120.0, clipped: 0.1, detail: Some(0.001) }),
        ];
        for (expected, scene) in cases {
            let reading = Reading { faces: 0, face: None, scene: Some(scene) };
            assert_eq!(judge(&reading, 640, 480, &Thresholds::V8, None).0, expected, "{scene:?}");
        }
    }

    #[test]
    fn a_gate_stays_until_the_fault_is_clearly_fixed() {
        let judged = |yaw: f32, held| {
            let mut face = good_face();
            face.pose.yaw = yaw;
            judge(&Reading { faces: 1, face: Some(face), scene: None }, 640, 480, &Thresholds::V8, held).0
        };
        let limit = Thresholds::V8.max_yaw_deg;
        assert_eq!(judged(limit - 0.5, None), Gate::Ok);
        assert_eq!(judged(limit - 0.5, Some(Gate::Turned)), Gate::Turned);
        assert_eq!(judged(limit - 0.5, Some(Gate::Tilted)), Gate::Ok);
        assert_eq!(judged(limit * 0.8, Some(Gate::Turned)), Gate::Ok);
    }

    #[test]
    fn lids_of_tiny_or_smeared_faces_are_not_read() {
        let readable = |change: fn(&mut Face)| {
            let mut face = good_face();
            change(&mut face);
            lids_are_readable(&face, &Thresholds::V8)
        };
        assert!(readable(|_| ()));
        assert!(readable(|f| f.rect.width = 40.0));
        assert!(!readable(|f| f.rect.width = 20.0));
        assert!(!readable(|f| f.quality.sharpness = 0.005));
    }
}
