//! Gates: one reading of a frame in, the one thing that most needs mending out.

use serde::{Deserialize, Serialize};

use crate::thresholds::Thresholds;
use crate::tracker::{Face, Reading};

/// Whether a frame can be used, or the first thing that keeps it from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The frame is good.
    Ok,
    /// No face in sight.
    NoFace,
    /// More than one face in sight.
    SeveralFaces,
    /// The face is too dark to read.
    TooDark,
    /// The face is too bright to read.
    TooBright,
    /// The face is too small in the frame.
    TooFar,
    /// The face is too large in the frame.
    TooClose,
    /// The face is too far from the frame's centre.
    OffCenter,
    /// The head is turned or nods too far.
    Turned,
    /// The head leans to a side.
    Tilted,
    /// The face is blurred.
    Blurred,
    /// The lids cannot be read (glare, hair, a hand).
    EyesUnreadable,
}

impl Gate {
    /// Every gate; a gate's position is its number in transcripts and never changes.
    pub const ALL: [Gate; 12] = [
        Gate::Ok,
        Gate::NoFace,
        Gate::SeveralFaces,
        Gate::TooDark,
        Gate::TooBright,
        Gate::TooFar,
        Gate::TooClose,
        Gate::OffCenter,
        Gate::Turned,
        Gate::Tilted,
        Gate::Blurred,
        Gate::EyesUnreadable,
    ];

    /// The gate's number in transcripts.
    pub fn number(self) -> u8 {
        Gate::ALL.iter().position(|&g| g == self).map_or(0, |i| i as u8)
    }

    /// The gate with this number.
    pub fn from_number(number: u8) -> Option<Gate> {
        Gate::ALL.get(usize::from(number)).copied()
    }

    /// Whether the lids in such a frame can be used by the blink detector. Softer than "good for a capture": a face that
    /// is a little off centre or blurred by the blink itself still tells whether its eyes close.
    pub fn eyes_usable(self) -> bool {
        matches!(self, Gate::Ok | Gate::TooClose | Gate::OffCenter | Gate::Blurred)
    }
}

/// Which way the face lies from the frame's centre, in the image as the camera gives it (not mirrored).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards smaller x.
    Left,
    /// Towards larger x.
    Right,
    /// Towards smaller y.
    Up,
    /// Towards larger y.
    Down,
}

/// Judges one reading of a frame of `width × height` pixels.
pub fn judge(reading: &Reading, width: usize, height: usize, thresholds: &Thresholds) -> (Gate, Option<Direction>) {
    let Some(face) = &reading.face else { return (Gate::NoFace, None) };
    if reading.faces > 1 {
        return (Gate::SeveralFaces, None);
    }
    let direction = off_center(face, width, height, thresholds);
    let t = thresholds;
    let quality = face.quality;
    let size = face.rect.width / width.min(height) as f32;
    let checks = [
        (Gate::TooDark, quality.light < t.min_light),
        (Gate::TooBright, quality.light > t.max_light || quality.clipped > t.max_clipped),
        (Gate::TooFar, size < t.min_face_width || face.rect.width < t.min_face_pixels),
        (
            Gate::Turned,
            face.pose.yaw.abs() > t.max_yaw_deg || !(t.min_pitch_deg..=t.max_pitch_deg).contains(&face.pose.pitch),
        ),
        (Gate::Tilted, face.pose.roll.abs() > t.max_roll_deg),
        (Gate::EyesUnreadable, face.ears.is_none()),
        // From here on the lids can still be read (`eyes_usable`), so these must not hide what makes them unreadable.
        (Gate::TooClose, size > t.max_face_width),
        (Gate::OffCenter, direction.is_some()),
        (Gate::Blurred, quality.sharpness < t.min_sharpness),
    ];
    let gate = checks.into_iter().find_map(|(gate, failed)| failed.then_some(gate)).unwrap_or(Gate::Ok);
    (gate, direction.filter(|_| gate == Gate::OffCenter))
}

fn off_center(face: &Face, width: usize, height: usize, t: &Thresholds) -> Option<Direction> {
    let center = face.rect.center();
    let x = center.x / width as f32 - 0.5;
    let y = center.y / height as f32 - 0.5;
    if x.abs().max(y.abs()) <= t.max_off_center {
        return None;
    }
    Some(match (x.abs() > y.abs(), x > 0.0, y > 0.0) {
        (true, true, _) => Direction::Right,
        (true, false, _) => Direction::Left,
        (false, _, true) => Direction::Down,
        (false, _, false) => Direction::Up,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::EyeRatios;
    use crate::geometry::{Point, Rect, Region};
    use crate::mesh::Mesh;
    use crate::pose::Pose;
    use crate::quality::Quality;

    fn good_face() -> Face {
        Face {
            mesh: Mesh { points: Vec::new(), depths: Vec::new(), presence: 1.0 },
            region: Region { center: Point::new(320.0, 240.0), size: 300.0, angle: 0.0 },
            rect: Rect { x: 220.0, y: 120.0, width: 200.0, height: 240.0 },
            ears: Some(EyeRatios { right: 0.3, left: 0.3 }),
            pose: Pose::default(),
            quality: Quality { sharpness: 0.8, light: 120.0, clipped: 0.0 },
        }
    }

    #[test]
    fn each_fault_of_a_face_has_its_gate() {
        type Change = fn(&mut Face);
        let cases: [(Gate, Change); 16] = [
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
            (Gate::Blurred, |f| f.quality.sharpness = 0.0),
            (Gate::TooDark, |f| (f.quality.light, f.pose.yaw, f.rect.x) = (5.0, 60.0, 0.0)),
            (Gate::Turned, |f| (f.pose.yaw, f.rect.x) = (60.0, 0.0)),
            (Gate::Turned, |f| (f.pose.pitch, f.rect.width) = (-60.0, 475.0)),
            (Gate::EyesUnreadable, |f| (f.ears, f.rect.x, f.quality.sharpness) = (None, 0.0, 0.0)),
        ];
        for (expected, change) in cases {
            let mut face = good_face();
            change(&mut face);
            let (gate, _) = judge(&Reading { faces: 1, face: Some(face) }, 640, 480, &Thresholds::V1);
            assert_eq!(gate, expected);
        }
    }

    #[test]
    fn nobody_and_several_people_come_before_everything_else() {
        let judged = |faces, face| judge(&Reading { faces, face }, 640, 480, &Thresholds::V1).0;
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
            let judged = judge(&Reading { faces: 1, face: Some(face) }, 640, 480, &Thresholds::V1);
            assert_eq!(judged, (Gate::OffCenter, Some(expected)), "face at ({x}, {y})");
        }
    }

    #[test]
    fn gate_numbers_go_there_and_back() {
        for gate in Gate::ALL {
            assert_eq!(Gate::from_number(gate.number()), Some(gate));
        }
        assert_eq!(Gate::from_number(12), None);
    }
}
