//! What a rehearsal remembers of each frame.

use engine::geometry::Rect;

/// The face in one frame.
#[derive(Clone, Debug)]
pub(super) struct FaceSeen {
    pub(super) rect: Rect,
    pub(super) yaw: f32,
}
