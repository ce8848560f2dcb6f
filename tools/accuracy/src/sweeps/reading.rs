//! The engine's readings of a face.

use engine::ear::EyeRatios;
use engine::{Face, Quality};

/// The readings of a face.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaceReading {
    /// Eye aspect ratio, mean of both eyes; `None` if an eye has no width.
    pub(super) ear: Option<f32>,
    pub(super) quality: Quality,
    /// Share of the worse eye that a reflection hides.
    pub(super) glare: f32,
}

impl From<&Face> for FaceReading {
    fn from(face: &Face) -> FaceReading {
        FaceReading {
            ear: face.ears.as_ref().map(EyeRatios::mean),
            quality: face.quality,
            glare: face.glare.greatest(),
        }
    }
}
