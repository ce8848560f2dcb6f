//! The engine's readings of both eyes, and the sizes of the reflection at which they are taken.

/// Widths of the reflection, in eye widths.
pub(super) const SIZES: [f32; 9] = [0.0, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 1.6, 2.5];

/// The readings of both eyes in a frame, the subject's right eye first.
#[derive(Clone, Copy, Debug)]
pub(super) struct EyeReading {
    pub(super) ears: [f32; 2],
    pub(super) glare: [f32; 2],
    /// Whether the engine considers the eyes readable.
    pub(super) readable: bool,
}
