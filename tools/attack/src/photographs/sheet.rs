//! A sheet of paper in front of a pinhole camera: maps pixels to points of the sheet and back. Knows no colours.

use engine::geometry::Point;

/// Width of every frame in pixels.
pub(super) const WIDTH: usize = 640;
/// Height of every frame in pixels.
pub(super) const HEIGHT: usize = 480;

/// The camera's focal length in pixels: a horizontal field of view of 56°, as webcams have.
const FOCAL: f32 = 600.0;

/// The axis about which the sheet is rolled up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BendAxis {
    /// Like an upright can.
    Vertical,
    /// Like a can on its side.
    Horizontal,
}

/// Position and orientation of a sheet. The pivot is the sheet's origin, the centre of the face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placement {
    /// Where the pivot appears, in pixels of the frame.
    pub(super) center: Point,
    /// Pixels of the frame per unit of the sheet, at the pivot.
    pub(super) scale: f32,
    /// Rotation in the image plane in radians, from x towards y.
    pub(super) roll: f32,
    /// Rotation about the sheet's vertical axis in radians; positive moves the side at greater x away from the camera.
    pub(super) yaw: f32,
    /// Rotation about the sheet's horizontal axis in radians; positive moves the upper edge away.
    pub(super) pitch: f32,
    /// Curvature in radians per unit of the sheet; positive moves the edges away.
    pub(super) bend: f32,
    /// The axis of `bend`.
    pub(super) bend_axis: BendAxis,
}

impl Placement {
    /// A flat sheet that faces the camera.
    pub(super) fn facing(center: Point, scale: f32) -> Placement {
        Placement { center, scale, roll: 0.0, yaw: 0.0, pitch: 0.0, bend: 0.0, bend_axis: BendAxis::Vertical }
    }

    /// Computes what does not depend on the pixel.
    pub(super) fn view(&self) -> View {
        let (sr, cr) = self.roll.sin_cos();
        let (sy, cy) = self.yaw.sin_cos();
        let (sp, cp) = self.pitch.sin_cos();
        // Columns of roll · yaw · pitch: the sheet's x, y and z axes in camera coordinates (x right, y down, z away).
        let axes = [
            [cr * cy, sr * cy, sy],
            [cr * sp * sy - sr * cp, sr * sp * sy + cr * cp, -sp * cy],
            [-cr * cp * sy - sr * sp, -sr * cp * sy + cr * sp, cp * cy],
        ];
        let depth = FOCAL / self.scale;
        let pivot = [
            (self.center.x - WIDTH as f32 / 2.0) / FOCAL * depth,
            (self.center.y - HEIGHT as f32 / 2.0) / FOCAL * depth,
            depth,
        ];
        let camera = axes.map(|axis| -dot(axis, pivot));
        View { axes, pivot, camera, bend: self.bend, bend_axis: self.bend_axis }
    }
}

/// A placement, prepared for mapping many pixels.
pub(super) struct View {
    axes: [[f32; 3]; 3],
    pivot: [f32; 3],
    /// The camera's position in the sheet's own axes.
    camera: [f32; 3],
    bend: f32,
    bend_axis: BendAxis,
}

impl View {
    /// The point of the sheet, taken as infinite, that the pixel at (`x`, `y`) shows. `None` where the line of sight misses a
    /// rolled sheet.
    #[inline]
    pub(super) fn to_sheet(&self, x: f32, y: f32) -> Option<Point> {
        let ray = [(x - WIDTH as f32 / 2.0) / FOCAL, (y - HEIGHT as f32 / 2.0) / FOCAL, 1.0];
        let [mut dx, mut dy, dz] = self.axes.map(|axis| dot(axis, ray));
        let [mut ox, mut oy, oz] = self.camera;
        if self.bend == 0.0 {
            let t = -oz / dz;
            return (t > 0.0).then(|| Point::new(ox + t * dx, oy + t * dy));
        }
        let lying = self.bend_axis == BendAxis::Horizontal;
        if lying {
            (dx, dy, ox, oy) = (dy, dx, oy, ox);
        }
        // The sheet is the set k·(x² + z²) = 2z: a cylinder that touches the flat sheet along the axis through the pivot.
        let k = self.bend;
        let a = k * (dx * dx + dz * dz);
        let b = 2.0 * k * (ox * dx + oz * dz) - 2.0 * dz;
        let c = k * (ox * ox + oz * oz) - 2.0 * oz;
        let root = b * b - 4.0 * a * c;
        if root < 0.0 {
            return None;
        }
        let sum = -0.5 * (b + root.sqrt().copysign(b));
        // Of the two intersections of the line of sight with the cylinder, take the one nearer to that axis. It must be
        // neither behind the camera nor on the half of the cylinder that no sheet reaches.
        let height = |t: f32| 1.0 - k * (oz + t * dz);
        let (one, other) = (sum / a, c / sum);
        let t = if height(one) > height(other) { one } else { other };
        if !(t > 0.0 && height(t) > 0.0) {
            return None;
        }
        let (across, along) = (ox + t * dx, oy + t * dy);
        let across = (k * across).clamp(-1.0, 1.0).asin() / k;
        Some(if lying { Point::new(along, across) } else { Point::new(across, along) })
    }

    /// Where the sheet's point `p` appears, in pixels of the frame.
    pub(super) fn to_frame(&self, p: Point) -> Point {
        let roll_up = |v: f32| {
            if self.bend == 0.0 {
                return (v, 0.0);
            }
            let (sin, cos) = (self.bend * v).sin_cos();
            (sin / self.bend, (1.0 - cos) / self.bend)
        };
        let local = match self.bend_axis {
            BendAxis::Vertical => {
                let (x, z) = roll_up(p.x);
                [x, p.y, z]
            }
            BendAxis::Horizontal => {
                let (y, z) = roll_up(p.y);
                [p.x, y, z]
            }
        };
        let at: [f32; 3] =
            std::array::from_fn(|i| self.pivot[i] + (0..3).map(|j| self.axes[j][i] * local[j]).sum::<f32>());
        Point::new(WIDTH as f32 / 2.0 + FOCAL * at[0] / at[2], HEIGHT as f32 / 2.0 + FOCAL * at[1] / at[2])
    }
}

#[inline]
fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Point = Point::new(320.0, 240.0);
    const TOLERANCE_PX: f32 = 0.01;

    #[test]
    fn a_sheet_that_faces_the_camera_is_only_shifted_and_scaled() {
        let view = Placement::facing(Point::new(300.0, 200.0), 0.5).view();
        let seen = view.to_frame(Point::new(100.0, -40.0));
        assert!(seen.distance(Point::new(350.0, 180.0)) < TOLERANCE_PX, "{seen:?}");
    }

    #[test]
    fn each_rotation_moves_its_own_edge_away() {
        let flat = Placement::facing(MIDDLE, 1.0);
        let seen = |placement: Placement, x: f32, y: f32| placement.view().to_frame(Point::new(x, y));
        let yawed = Placement { yaw: 0.5, ..flat };
        assert!(320.0 - seen(yawed, -100.0, 0.0).x > seen(yawed, 100.0, 0.0).x - 320.0, "greater x is farther");
        let pitched = Placement { pitch: 0.5, ..flat };
        assert!(seen(pitched, 0.0, 100.0).y - 240.0 > 240.0 - seen(pitched, 0.0, -100.0).y, "the top is farther");
        let rolled = seen(Placement { roll: std::f32::consts::FRAC_PI_2, ..flat }, 100.0, 0.0);
        assert!(rolled.distance(Point::new(320.0, 340.0)) < TOLERANCE_PX, "x goes towards y: {rolled:?}");
        let bent = Placement { bend: 0.01, ..flat };
        assert!(seen(bent, 100.0, 0.0).x < 320.0 + 100.0 * 0.9, "a rolled sheet is narrower");
    }

    #[test]
    fn mapping_a_point_to_the_frame_and_back_returns_the_point() {
        let flat = Placement::facing(Point::new(300.0, 260.0), 0.8);
        let cases = [
            flat,
            Placement { roll: 0.4, ..flat },
            Placement { yaw: -0.9, ..flat },
            Placement { pitch: 0.9, ..flat },
            Placement { roll: 0.2, yaw: 0.5, pitch: -0.7, ..flat },
            Placement { bend: 0.008, ..flat },
            Placement { bend: -0.006, yaw: 0.3, ..flat },
            Placement { bend: 0.008, bend_axis: BendAxis::Horizontal, pitch: 0.2, ..flat },
        ];
        for placement in cases {
            let view = placement.view();
            for p in [Point::new(0.0, 0.0), Point::new(70.0, -50.0), Point::new(-90.0, 60.0)] {
                let seen = view.to_frame(p);
                let back = view.to_sheet(seen.x, seen.y);
                assert!(back.is_some_and(|b| b.distance(p) < 0.05), "{placement:?}: {p:?} came back as {back:?}");
            }
        }
    }

    #[test]
    fn a_pixel_beside_a_rolled_sheet_shows_nothing() {
        let view = Placement { bend: 0.01, ..Placement::facing(MIDDLE, 1.0) }.view();
        assert_eq!(view.to_sheet(320.0 + 150.0, 240.0), None);
        assert!(view.to_sheet(320.0 + 80.0, 240.0).is_some());
    }
}
