//! Light that a lens throws back into the camera: added to what was there, so that white is reached and details drown.

use engine::geometry::Point;
use image::RgbImage;

use super::super::still::PlacedEye;

/// What is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Light {
    /// A lamp: round, with a soft edge.
    Lamp,
    /// A window with a cross of bars, a little tilted.
    Window,
}

/// A window's height and the width of its bars and of its soft edge, as shares of its width; its tilt in radians.
const WINDOW_HEIGHT: f32 = 0.8;
const BAR: f32 = 0.06;
const SOFT_EDGE: f32 = 0.05;
const TILT: f32 = 0.2;

impl Light {
    /// Adds up to `strength` grey levels to `frame`, over `size` widths of the eye. `place`: the middle, in widths of the
    /// eye from the eye's own.
    pub(super) fn add_to(self, frame: &mut RgbImage, eye: &PlacedEye, place: (f32, f32), size: f32, strength: f32) {
        let center = Point::new(eye.center.x + place.0 * eye.width, eye.center.y + place.1 * eye.width);
        let width = size * eye.width;
        for (x, y, pixel) in frame.enumerate_pixels_mut() {
            let (dx, dy) = ((x as f32 - center.x) / width, (y as f32 - center.y) / width);
            // Nothing reaches further than this.
            if dx.abs() < 1.0 && dy.abs() < 1.0 {
                let light = strength * self.at(Point::new(dx, dy));
                // The cast ends at 255.
                pixel.0 = pixel.0.map(|channel| (f32::from(channel) + light + 0.5) as u8);
            }
        }
    }

    /// How bright it is, 0 to 1, at a place in its own widths from its middle.
    fn at(self, p: Point) -> f32 {
        match self {
            Light::Lamp => {
                // Flat to half of its radius, gone at the whole of it.
                let outwards = ((p.x.hypot(p.y) - 0.25) / 0.25).clamp(0.0, 1.0);
                (1.0 - outwards * outwards).powi(2)
            }
            Light::Window => {
                let p = p.rotated(-TILT);
                let between = |half: f32, v: f32| ((half - v.abs()) / SOFT_EDGE + 0.5).clamp(0.0, 1.0);
                let panes = between(0.5, p.x) * between(WINDOW_HEIGHT / 2.0, p.y);
                let bars = between(BAR / 2.0, p.x).max(between(BAR / 2.0, p.y));
                panes * (1.0 - bars)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn light_is_added_where_it_belongs_and_ends_at_white() {
        let eye = PlacedEye { center: Point::new(50.0, 50.0), width: 40.0 };
        let lit = |light: Light, strength| {
            let mut frame = RgbImage::from_pixel(100, 100, Rgb([100; 3]));
            light.add_to(&mut frame, &eye, (0.0, 0.25), 0.5, strength);
            move |x, y| frame.get_pixel(x, y)[0]
        };
        // 20 pixels wide about (50, 60).
        let lamp = lit(Light::Lamp, 80.0);
        assert_eq!([lamp(50, 60), lamp(54, 60), lamp(50, 75), lamp(50, 45)], [180, 180, 100, 100]);
        assert!((101..180).contains(&lamp(57, 60)), "{}", lamp(57, 60));
        assert_eq!(lit(Light::Lamp, 300.0)(50, 60), 255);
        let window = lit(Light::Window, 300.0);
        assert_eq!([window(50, 60), window(54, 64), window(46, 57), window(50, 75)], [100, 255, 255, 100]);
    }
}
