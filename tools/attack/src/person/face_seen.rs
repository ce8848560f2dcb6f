//! What a rehearsal remembers of each frame.

use engine::geometry::Rect;
use engine::mesh::Mesh;

/// The face in one frame.
#[derive(Clone, Debug)]
pub(super) struct FaceSeen {
    pub(super) mesh: Mesh,
    pub(super) rect: Rect,
    pub(super) yaw: f32,
}
