//! Light that a lens reflects into the camera. It is added to the picture, so that pixels reach white and details are lost.

use engine::geometry::Point;
use image::RgbImage;

use super::super::still::PlacedEye;

/// The light source that is reflected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Light {
    /// A lamp: round, with a soft edge.
    Lamp,
    /// A slightly tilted window with a cross of bars.
    Window,
}

/// A window's height and the widths of its bars and soft edge, as shares of its width; its tilt in radians.
const WINDOW_HEIGHT: f32 = 0.8;
const BAR: f32 = 0.06;
const SOFT_EDGE: f32 = 0.05;
const TILT: f32 = 0.2;

impl Light {
    /// Adds up to `strength` grey levels to `frame`, over `size` eye widths. `offset` is the centre of the light relative to
    /// that of the eye, in eye widths.
    pub(super) fn add_to(self, frame: &mut RgbImage, eye: &PlacedEye, offset: (f32, f32), size: f32, strength: f32) {
        let center = Point::new(eye.center.x + offset.0 * eye.width, eye.center.y + offset.1 * eye.width);
        let width = size * eye.width;
        for (x, y, pixel) in frame.enumerate_pixels_mut() {
            let (dx, dy) = ((x as f32 - center.x) / width, (y as f32 - center.y) / width);
            // No light reaches further than this.
            if dx.abs() < 1.0 && dy.abs() < 1.0 {
                let light = strength * self.at(Point::new(dx, dy));
                // The cast saturates at 255.
                pixel.0 = pixel.0.map(|channel| (f32::from(channel) + light + 0.5) as u8);
            }
        }
    }

    /// Its brightness, 0 to 1, at a point relative to its centre, in its own widths.
    fn at(self, p: Point) -> f32 {
        match self {
            Light::Lamp => {
                // Constant up to half of its radius, zero at its radius.
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
    fn light_is_added_in_the_right_place_and_clips_at_white() {
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
