//! A picture that is warped like a rubber sheet, with no depth at all. The outline of the face stays in place.

use engine::geometry::Point;
use engine::mesh::Mesh;
use engine::mesh::landmarks::{OUTLINE, RIGID};

use super::field::Field;
use super::plate::Plate;
use super::size::Size;

/// Further points that move as in a turn of the head: corners and middle of the lips, brows, cheeks, forehead and chin.
const INNER: [usize; 12] = [61, 291, 0, 17, 70, 105, 334, 300, 50, 280, 151, 199];

/// A sheet whose inner points move by the mesh's depths.
pub(super) fn sheet(mesh: &Mesh, size: &Size) -> Field {
    Field::new(size, |edge| {
        let moving = RIGID.iter().chain(&INNER).map(|&i| {
            let (p, depth) = (mesh.points[i], mesh.depths[i]);
            (p, [size.axis.1 - depth, p.x - size.axis.0])
        });
        let still = OUTLINE.iter().map(|&i| mesh.points[i]).chain(edge).map(|p| (p, [0.0; 2]));
        let plate = Plate::through(moving.chain(still), size.rect.width);
        move |p: Point| {
            let [by_sine, by_cosine] = plate.at(p);
            (by_sine, by_cosine)
        }
    })
}
