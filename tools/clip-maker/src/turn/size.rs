//! The measures of a face that every shape needs.

use engine::geometry::Rect;
use engine::mesh::Mesh;
use engine::mesh::landmarks::{LEFT_CHEEK, RIGHT_CHEEK};

/// Where a face is, how large it is, and the vertical axis that it turns about.
pub(super) struct Size {
    pub(super) rect: Rect,
    /// The axis: x in the picture, and the depth in the mesh's terms. It runs from ear to ear, as necks do.
    pub(super) axis: (f32, f32),
}

impl Size {
    pub(super) fn of(mesh: &Mesh) -> Size {
        let rect = Rect::around(mesh.points.iter().copied());
        let [right, left] = [RIGHT_CHEEK, LEFT_CHEEK].map(|i| (mesh.points[i].x, mesh.depths[i]));
        Size {
            rect: rect.unwrap_or(Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }),
            axis: ((right.0 + left.0) / 2.0, (right.1 + left.1) / 2.0),
        }
    }
}
