//! Faces with depth: a head as its mesh describes it, and a print that is bent around a cylinder.

use engine::geometry::Point;
use engine::mesh::landmarks::OUTLINE;
use engine::mesh::{LANDMARKS, Mesh};

use super::field::Field;
use super::plate::Plate;
use super::size::Size;

/// Every how many landmarks one gives its depth, besides the outline. More make the surface no better.
const EVERY: usize = 4;
/// How far behind the axis a head reaches, in face widths: the ears, and what is seen of the neck and the hair.
const BEHIND: f32 = 0.25;

/// Up to this distance from the nearest landmark a point belongs to the face, in face widths.
const WITHIN: f32 = 0.06;
/// Up to this distance it moves with the face, less and less.
const FADED: f32 = 0.75;

/// Radius of a print around a cylinder, in face widths: about that of a head.
const RADIUS: f32 = 0.62;

/// A head with the depths of its mesh, which continues smoothly behind the outline of the face.
pub(super) fn head(mesh: &Mesh, size: &Size) -> Field {
    let width = size.rect.width;
    let landmarks = OUTLINE.into_iter().chain((0..LANDMARKS).step_by(EVERY).filter(|i| !OUTLINE.contains(i)));
    let surface = Plate::through(landmarks.map(|i| (mesh.points[i], [mesh.depths[i] - size.axis.1])), width);
    relief(mesh, size, |p| surface.at(p)[0].min(BEHIND * width))
}

/// A cylinder as wide as a head, seen from the front.
pub(super) fn cylinder(mesh: &Mesh, size: &Size) -> Field {
    let radius = RADIUS * size.rect.width;
    let center = size.rect.center().x;
    relief(mesh, size, |p| -(radius.powi(2) - (p.x - center).powi(2)).max(0.0).sqrt())
}

/// Turns a surface, whose depth in front of the axis is negative, and lets its surroundings follow.
fn relief(mesh: &Mesh, size: &Size, depth: impl Fn(Point) -> f32) -> Field {
    let width = size.rect.width;
    Field::new(size, |_| {
        move |p: Point| {
            let squared = |q: &Point| (p.x - q.x).powi(2) + (p.y - q.y).powi(2);
            let nearest = mesh.points.iter().map(squared).fold(f32::MAX, f32::min).sqrt() / width;
            let away = ((nearest - WITHIN) / (FADED - WITHIN)).clamp(0.0, 1.0);
            if away == 1.0 {
                return (0.0, 0.0);
            }
            let share = 1.0 - away * away * (3.0 - 2.0 * away);
            (-depth(p) * share, (p.x - size.axis.0) * share)
        }
    })
}
