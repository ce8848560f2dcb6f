//! Turning heads: maps each point of a turned face to the point of the picture that gives its colour.
//!
//! Every shape is made from one picture and its mesh. What differs is what a turn knows of the face's depth.

mod field;
mod plane;
mod plate;
mod relief;
mod size;
mod thin_plate;

use engine::geometry::Point;
use engine::mesh::Mesh;
use engine::{FrameError, Picture, crop_rgb};

use field::Field;
use plane::Plane;
use size::Size;

/// What the picture is turned as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A head: every point has the depth that the mesh gives it. Its surroundings follow less and less with distance.
    Head,
    /// A flat photograph, turned in front of a camera.
    Plane,
    /// A photograph bent around a cylinder, drawn so that it looks undistorted from the front.
    Cylinder,
    /// A rubber sheet: nose, eyes and mouth move as in a turn of the head, and the face's outline stays where it is.
    ThinPlate,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Shape; 4] = [Shape::Head, Shape::Plane, Shape::Cylinder, Shape::ThinPlate];

    /// The name of the shape.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Head => "head",
            Shape::Plane => "plane",
            Shape::Cylinder => "cylinder",
            Shape::ThinPlate => "thin plate",
        }
    }
}

/// A picture's face, ready to be turned.
#[derive(Clone, Debug)]
pub struct Turn(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Plane(Plane),
    Field(Field),
}

impl Turn {
    /// Takes the face from its mesh of 468 points, in pixels of the picture.
    pub fn new(mesh: &Mesh, shape: Shape) -> Turn {
        let size = Size::of(mesh);
        Turn(match shape {
            Shape::Plane => Kind::Plane(Plane::new(&size)),
            Shape::Head => Kind::Field(relief::head(mesh, &size)),
            Shape::Cylinder => Kind::Field(relief::cylinder(mesh, &size)),
            Shape::ThinPlate => Kind::Field(thin_plate::sheet(mesh, &size)),
        })
    }

    /// The face turned by `yaw` degrees, to the subject's own left if positive.
    pub fn by(&self, yaw: f32) -> Turned {
        let radians = yaw.to_radians();
        Turned(match &self.0 {
            Kind::Plane(plane) => Map::Plane(plane.turned(radians)),
            Kind::Field(field) => Map::Field(field.turned(radians)),
        })
    }

    /// The picture with the face turned by `yaw` degrees. `picture` has the size of the one that the mesh was read from.
    ///
    /// # Errors
    /// None in practice: the size stays the same.
    pub fn picture(&self, picture: &Picture, yaw: f32) -> Result<Picture, FrameError> {
        if yaw == 0.0 {
            return Ok(picture.clone());
        }
        let (turned, frame) = (self.by(yaw), picture.as_frame());
        let mut rgba = frame.rgba().to_vec();
        for (y, row) in rgba.chunks_exact_mut(4 * frame.width()).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let p = Point::new(x as f32, y as f32);
                let source = turned.source(p);
                if source != p {
                    pixel[..3].copy_from_slice(&crop_rgb(&frame, source));
                }
            }
        }
        Picture::new(rgba, frame.width(), frame.height())
    }
}

/// A face that is turned by a given angle.
#[derive(Clone, Debug)]
pub struct Turned(Map);

#[derive(Clone, Debug)]
enum Map {
    Plane(plane::Turned),
    Field(field::Turned),
}

impl Turned {
    /// The point of the picture that gives the colour at `p`.
    #[inline]
    pub fn source(&self, p: Point) -> Point {
        match &self.0 {
            Map::Plane(plane) => plane.source(p),
            Map::Field(field) => field.source(p),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::mesh::LANDMARKS;
    use engine::mesh::landmarks::OUTLINE;

    use super::*;

    /// A dome, 100 pixels wide, in the middle of a picture of 200 × 200.
    fn dome() -> Mesh {
        let at = |radius: f32, angle: f32| Point::new(100.0 + radius * angle.sin(), 100.0 - radius * angle.cos());
        let inner = |i: usize| at(48.0 * (i as f32 / LANDMARKS as f32).sqrt(), i as f32 * 2.4);
        let mut points: Vec<Point> = (0..LANDMARKS).map(inner).collect();
        for (n, i) in OUTLINE.into_iter().enumerate() {
            points[i] = at(50.0, (10.0 * n as f32).to_radians());
        }
        let height = |p: &Point| (2500.0 - p.distance(Point::new(100.0, 100.0)).powi(2)).max(0.0).sqrt();
        let depths = points.iter().map(|p| -height(p)).collect();
        Mesh { points, depths, presence: 1.0 }
    }

    fn stripes() -> Picture {
        let rgb: Vec<u8> = (0..200 * 200).flat_map(|i| [(i % 200) as u8, (i / 200) as u8, 7]).collect();
        Picture::from_rgb(&rgb, 200, 200).unwrap()
    }

    #[test]
    fn at_no_yaw_the_picture_is_unchanged() {
        for shape in Shape::ALL {
            let turned = Turn::new(&dome(), shape).picture(&stripes(), 0.0).unwrap();
            assert_eq!(turned.as_frame().rgba(), stripes().as_frame().rgba(), "{shape:?}");
            let still = Turn::new(&dome(), shape).by(0.0).source(Point::new(120.5, 90.25));
            assert!(still.distance(Point::new(120.5, 90.25)) < 0.01, "{shape:?}: {still:?}");
        }
    }

    #[test]
    fn the_middle_of_a_face_moves_to_the_side_that_it_turns_to() {
        for shape in [Shape::Head, Shape::Cylinder] {
            for (yaw, side) in [(20.0, 1.0), (-20.0, -1.0)] {
                let turn = Turn::new(&dome(), shape);
                let moved = |p: Point| side * (p.x - turn.by(yaw).source(p).x);
                assert!((8.0..25.0).contains(&moved(Point::new(100.0 + side * 10.0, 100.0))), "{shape:?}");
                assert!(moved(Point::new(5.0, 5.0)).abs() < 1.0, "{shape:?} moves its surroundings");
            }
        }
    }

    #[test]
    fn a_thin_plate_keeps_its_outline() {
        let mesh = dome();
        let turned = Turn::new(&mesh, Shape::ThinPlate).by(20.0);
        for i in OUTLINE {
            let moved = turned.source(mesh.points[i]).distance(mesh.points[i]);
            assert!(moved < 2.0, "point {i} moves by {moved}");
        }
    }

    #[test]
    fn the_far_side_of_a_turned_photograph_shrinks() {
        let turned = Turn::new(&dome(), Shape::Plane).by(30.0);
        let height = |x: f32| turned.source(Point::new(x, 150.0)).y - turned.source(Point::new(x, 50.0)).y;
        assert!(height(50.0) < 99.0 && height(150.0) > 101.0, "{} and {}", height(50.0), height(150.0));
    }
}
