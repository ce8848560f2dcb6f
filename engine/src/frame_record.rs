//! The record of one frame.

use crate::ear::EyeRatios;
use crate::gate::Gate;

/// The most frames a transcript holds. A prompted challenge stops recording there; without prompts the oldest frames
/// are dropped. Keeps the transcript under [`TRANSCRIPT_MAX_BYTES`].
///
/// [`TRANSCRIPT_MAX_BYTES`]: crate::budget::TRANSCRIPT_MAX_BYTES
pub const MAX_FRAMES: usize = 1800;

/// One frame: milliseconds from the start, EAR right and left × 10⁴ (−1: not read), yaw and pitch in tenths of a
/// degree, and the gate's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord(pub u32, pub i32, pub i32, pub i32, pub i32, pub u8);

impl FrameRecord {
    /// The frame's time.
    pub fn t_ms(&self) -> u32 {
        self.0
    }

    /// The eye aspect ratios, if they were read.
    pub fn ears(&self) -> Option<EyeRatios> {
        let FrameRecord(_, right, left, ..) = *self;
        (right >= 0 && left >= 0).then(|| EyeRatios { right: right as f32 / 1e4, left: left as f32 / 1e4 })
    }

    /// The yaw in tenths of a degree, if a single face was read whose yaw is reliable.
    pub fn yaw(&self) -> Option<i32> {
        let is_reliable = self.ears().is_some() && self.gate().is_some_and(Gate::yaw_usable);
        is_reliable.then_some(self.3)
    }

    /// The frame's gate, if the number stands for one.
    pub fn gate(&self) -> Option<Gate> {
        Gate::from_number(self.5)
    }
}
