//! Gates: one reading of a frame in, the fault that most needs fixing out ([`judge()`]).

mod judge;

pub use judge::{judge, lids_are_readable};

use serde::{Deserialize, Serialize};

/// Whether a frame can be used, or the first fault that prevents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The frame is good.
    Ok,
    /// No face is visible.
    NoFace,
    /// More than one face is visible.
    SeveralFaces,
    /// The face is too dark to read, or one side of it.
    TooDark,
    /// The face is too bright to read.
    TooBright,
    /// The face is too small in the frame.
    TooFar,
    /// The face is too large in the frame.
    TooClose,
    /// The face is too far from the frame's centre.
    OffCenter,
    /// The head is turned to a side, up or down too far.
    Turned,
    /// The head leans too far to a side.
    Tilted,
    /// The face is blurred.
    Blurred,
    /// The lids cannot be read: dark glasses, a patch or a reflection hides an eye, something came between the eyes and
    /// the camera, or an eye has no width.
    EyesUnreadable,
}

impl Gate {
    /// Every gate. A gate's position is its number in transcripts and never changes.
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

    /// Whether the blink detector can use the lids in such a frame, if they were read. More lenient than for a capture:
    /// a face that is small, a little off centre or blurred by the blink itself still shows whether its eyes close.
    pub fn eyes_usable(self) -> bool {
        matches!(self, Gate::Ok | Gate::TooFar | Gate::TooClose | Gate::OffCenter | Gate::Blurred)
    }

    /// Whether the head's yaw can be used in such a frame, if there is a face. A turned head is what the yaw is for; that of
    /// a head that leans far is unreliable.
    pub fn yaw_usable(self) -> bool {
        !matches!(self, Gate::NoFace | Gate::SeveralFaces | Gate::Tilted)
    }
}

/// A direction in the camera's image (not mirrored): of the face from the frame's centre, or of the side that is too dark
/// or whose eye is hidden.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_numbers_survive_a_round_trip() {
        for gate in Gate::ALL {
            assert_eq!(Gate::from_number(gate.number()), Some(gate));
        }
        assert_eq!(Gate::from_number(12), None);
    }
}
