//! What the detector finds.

use crate::geometry::{Point, Rect};

/// One face, in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Confidence, 0.5 to 1.
    pub score: f32,
    /// Box from brow to chin; may extend beyond the frame.
    pub rect: Rect,
    /// In order: the subject's right eye, left eye, nose tip, mouth centre, right ear, left ear. Packed networks have only
    /// the eyes: the others are not numbers.
    pub keypoints: [Point; 6],
}
