//! A flat photograph, turned about its vertical axis in front of a camera.

use engine::geometry::Point;

use super::size::Size;

/// Distance of the camera in face widths: half a metre from a face of natural size.
const DISTANCE: f32 = 3.5;

/// A photograph of a face.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    center: Point,
    distance: f32,
}

/// A photograph that is turned by a given angle.
#[derive(Clone, Debug)]
pub(super) struct Turned {
    plane: Plane,
    sin: f32,
    cos: f32,
}

impl Plane {
    pub(super) fn new(size: &Size) -> Plane {
        Plane { center: size.rect.center(), distance: DISTANCE * size.rect.width }
    }

    pub(super) fn turned(&self, radians: f32) -> Turned {
        let (sin, cos) = radians.sin_cos();
        Turned { plane: self.clone(), sin, cos }
    }
}

impl Turned {
    /// See [`super::Turned::source`]. Beyond the horizon it is the photograph's far edge.
    #[inline]
    pub(super) fn source(&self, p: Point) -> Point {
        let Plane { center, distance } = self.plane;
        let (x, y) = (p.x - center.x, p.y - center.y);
        // A point (u, v) of the photograph is u·sin farther away, and appears at (u·cos, v) · distance / (distance + u·sin).
        let u = distance * x / (distance * self.cos - x * self.sin).max(1e-3);
        Point::new(center.x + u, center.y + y * (distance + u * self.sin) / distance)
    }
}
