//! Points, boxes, rotated square regions and affine maps in the image plane. x grows to the right, y down.

/// A point in the image plane, in pixels unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Point {
    /// Column.
    pub x: f32,
    /// Row.
    pub y: f32,
}

impl Point {
    /// The point at column `x`, row `y`.
    pub const fn new(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    /// Euclidean distance to `other`.
    pub fn distance(self, other: Point) -> f32 {
        ((self.x - other.x).powi(2) + (self.y - other.y).powi(2)).sqrt()
    }

    /// The vector to this point from `other`.
    pub fn minus(self, other: Point) -> Point {
        Point::new(self.x - other.x, self.y - other.y)
    }

    /// The midpoint between this point and `other`.
    pub fn midpoint(self, other: Point) -> Point {
        Point::new((self.x + other.x) / 2.0, (self.y + other.y) / 2.0)
    }

    /// The point rotated about the origin by `angle` radians (from x towards y: clockwise on screen).
    pub fn rotated(self, angle: f32) -> Point {
        let (sin, cos) = angle.sin_cos();
        Point::new(cos * self.x - sin * self.y, sin * self.x + cos * self.y)
    }
}

/// An upright box: top-left corner, width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width, ≥ 0.
    pub width: f32,
    /// Height, ≥ 0.
    pub height: f32,
}

impl Rect {
    /// The smallest box around `points`; `None` for no points.
    pub fn around(points: impl IntoIterator<Item = Point>) -> Option<Rect> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let (mut min, mut max) = (first, first);
        for p in points {
            min = Point::new(min.x.min(p.x), min.y.min(p.y));
            max = Point::new(max.x.max(p.x), max.y.max(p.y));
        }
        Some(Rect { x: min.x, y: min.y, width: max.x - min.x, height: max.y - min.y })
    }

    /// The centre of the box.
    pub fn center(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Intersection over union with `other`, 0 to 1.
    pub fn iou(&self, other: &Rect) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        if width <= 0.0 || height <= 0.0 {
            return 0.0;
        }
        let intersection = width * height;
        intersection / (self.width * self.height + other.width * other.height - intersection)
    }
}

/// A square region of a frame, possibly rotated, that a network reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Centre in pixels of the frame.
    pub center: Point,
    /// Side in pixels of the frame.
    pub size: f32,
    /// Rotation of the region's x axis relative to the frame's, in radians, from x towards y.
    pub angle: f32,
}

impl Region {
    /// The map from a crop of `side × side` cells over this region to pixels of the frame.
    ///
    /// Cell 0 is on the region's edge and cell `side` would be on the opposite edge, as in MediaPipe's
    /// `ImageToTensorCalculator`.
    pub fn to_frame(&self, side: f32) -> Affine {
        let scale = self.size / side;
        Affine::shift(self.center.x, self.center.y)
            .then_inner(&Affine::rotation(self.angle))
            .then_inner(&Affine::scale(scale, scale))
            .then_inner(&Affine::shift(-side / 2.0, -side / 2.0))
    }
}

/// The affine map x' = xx·x + xy·y + tx, y' = yx·x + yy·y + ty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// x' per x.
    pub xx: f32,
    /// x' per y.
    pub xy: f32,
    /// x' at the origin.
    pub tx: f32,
    /// y' per x.
    pub yx: f32,
    /// y' per y.
    pub yy: f32,
    /// y' at the origin.
    pub ty: f32,
}

impl Affine {
    /// Translates by (`x`, `y`).
    pub fn shift(x: f32, y: f32) -> Affine {
        Affine { xx: 1.0, xy: 0.0, tx: x, yx: 0.0, yy: 1.0, ty: y }
    }

    /// Rotates about the origin by `angle` radians, from x towards y.
    pub fn rotation(angle: f32) -> Affine {
        let (sin, cos) = angle.sin_cos();
        Affine { xx: cos, xy: -sin, tx: 0.0, yx: sin, yy: cos, ty: 0.0 }
    }

    /// Scales about the origin.
    pub fn scale(x: f32, y: f32) -> Affine {
        Affine { xx: x, xy: 0.0, tx: 0.0, yx: 0.0, yy: y, ty: 0.0 }
    }

    /// The map that applies `inner` first and then `self` (the matrix product self · inner).
    pub fn then_inner(&self, inner: &Affine) -> Affine {
        let origin = self.apply(Point::new(inner.tx, inner.ty));
        Affine {
            xx: self.xx * inner.xx + self.xy * inner.yx,
            xy: self.xx * inner.xy + self.xy * inner.yy,
            tx: origin.x,
            yx: self.yx * inner.xx + self.yy * inner.yx,
            yy: self.yx * inner.xy + self.yy * inner.yy,
            ty: origin.y,
        }
    }

    /// Maps `p`.
    #[inline]
    pub fn apply(&self, p: Point) -> Point {
        Point::new(self.xx * p.x + self.xy * p.y + self.tx, self.yx * p.x + self.yy * p.y + self.ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::FRAC_PI_2;

    const TOLERANCE: f32 = 1e-4;

    fn assert_near(got: Point, expected: Point) {
        assert!(got.distance(expected) < TOLERANCE, "{got:?}, expected {expected:?}");
    }

    #[test]
    fn a_level_region_maps_crop_corners_to_its_own() {
        let map = Region { center: Point::new(100.0, 50.0), size: 40.0, angle: 0.0 }.to_frame(192.0);
        assert_near(map.apply(Point::new(0.0, 0.0)), Point::new(80.0, 30.0));
        assert_near(map.apply(Point::new(192.0, 96.0)), Point::new(120.0, 50.0));
    }

    #[test]
    fn a_region_rotated_by_a_quarter_turn_maps_its_right_to_the_frames_bottom() {
        let map = Region { center: Point::new(0.0, 0.0), size: 2.0, angle: FRAC_PI_2 }.to_frame(2.0);
        assert_near(map.apply(Point::new(2.0, 1.0)), Point::new(0.0, 1.0));
    }

    #[test]
    fn intersection_over_union_of_shifted_boxes() {
        let a = Rect { x: 0.0, y: 0.0, width: 2.0, height: 4.0 };
        let cases = [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0 / 3.0), (2.0, 0.0, 0.0), (0.0, 3.0, 1.0 / 7.0)];
        for (x, y, expected) in cases {
            let iou = a.iou(&Rect { x, y, ..a });
            assert!((iou - expected).abs() < TOLERANCE, "shift ({x}, {y}): {iou}");
        }
    }
}
