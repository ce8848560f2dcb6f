//! Degraded stills: a face scaled to a given size in a camera frame, less or more light, blur.

use std::path::Path;

use anyhow::Context as _;
use engine::geometry::{Point, Rect};
use engine::mesh::landmarks::{LEFT_EYE_INNER, LEFT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER};
use engine::{Picture, Thresholds, Tracker};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::prng::Prng;

/// Size of every frame in pixels.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// The colour around the still.
const GREY: Rgb<u8> = Rgb([110; 3]);

/// A still with one face.
pub(super) struct Still {
    picture: RgbImage,
    face: Rect,
    /// The subject's right and left eye, in pixels of the still.
    eyes: [PlacedEye; 2],
}

/// The position of an eye in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlacedEye {
    /// Midpoint between its corners.
    pub(super) center: Point,
    /// Distance from corner to corner, in pixels.
    pub(super) width: f32,
}

impl Still {
    /// Reads a picture file and finds the face in it.
    ///
    /// # Errors
    /// If the file cannot be read or shows no face, or if a network fails.
    pub(super) fn open(path: &Path, tracker: &mut Tracker) -> anyhow::Result<Still> {
        let picture = image::open(path).with_context(|| format!("cannot read {}", path.display()))?.into_rgb8();
        let reading = tracker.read(&to_picture(&picture)?.as_frame(), 0.0, &Thresholds::V8)?;
        let face = reading.face.with_context(|| format!("no face in {}", path.display()))?;
        let eye = |[outer, inner]: [usize; 2]| {
            let (outer, inner) = (face.mesh.points[outer], face.mesh.points[inner]);
            PlacedEye { center: outer.midpoint(inner), width: outer.distance(inner) }
        };
        let eyes = [[RIGHT_EYE_OUTER, RIGHT_EYE_INNER], [LEFT_EYE_OUTER, LEFT_EYE_INNER]].map(eye);
        Ok(Still { picture, face: face.rect, eyes })
    }

    /// The eyes in the frame returned by [`Still::placed`].
    pub(super) fn placed_eyes(&self, face_width: f32) -> [PlacedEye; 2] {
        let scale = face_width / self.face.width;
        let middle = self.face.center();
        self.eyes.map(|eye| PlacedEye {
            center: Point::new(
                WIDTH as f32 / 2.0 + (eye.center.x - middle.x) * scale,
                HEIGHT as f32 / 2.0 + (eye.center.y - middle.y) * scale,
            ),
            width: eye.width * scale,
        })
    }

    /// A frame with the face in its centre, `face_width` pixels wide.
    pub(super) fn placed(&self, face_width: f32) -> RgbImage {
        let scale = face_width / self.face.width;
        let side = |pixels: u32| (pixels as f32 * scale).round().max(1.0) as u32;
        let filter = if scale < 1.0 { FilterType::Lanczos3 } else { FilterType::CatmullRom };
        let scaled = imageops::resize(&self.picture, side(self.picture.width()), side(self.picture.height()), filter);
        let middle = self.face.center();
        let corner = |side: u32, middle: f32| (side as f32 / 2.0 - middle * scale).round() as i64;
        let mut frame = RgbImage::from_pixel(WIDTH, HEIGHT, GREY);
        imageops::replace(&mut frame, &scaled, corner(WIDTH, middle.x), corner(HEIGHT, middle.y));
        frame
    }
}

/// `frame` with `factor` times the light and with noise of a standard deviation of `noise_levels` grey levels in every
/// channel, clipped at black and white.
pub(super) fn lit(mut frame: RgbImage, factor: f32, noise_levels: f32, rng: &mut Prng) -> RgbImage {
    for channel in frame.iter_mut() {
        let noise = if noise_levels > 0.0 { noise_levels * rng.normal() } else { 0.0 };
        // The cast rounds down and saturates at 0 and 255.
        *channel = (f32::from(*channel) * factor + noise + 0.5) as u8;
    }
    frame
}

/// `frame` with a Gaussian blur of `sigma` pixels, which may be 0.
pub(super) fn blurred(frame: RgbImage, sigma: f32) -> RgbImage {
    if sigma > 0.0 { imageops::blur(&frame, sigma) } else { frame }
}

/// Converts a frame for the engine.
///
/// # Errors
/// If the picture is empty.
pub(super) fn to_picture(frame: &RgbImage) -> anyhow::Result<Picture> {
    Ok(Picture::from_rgb(frame.as_raw(), frame.width() as usize, frame.height() as usize)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white face of 90 × 120 pixels in a black still, off centre.
    fn still() -> Still {
        let (left, top, width, height) = (30, 170, 90, 120);
        let is_face = |x, y| (left..left + width).contains(&x) && (top..top + height).contains(&y);
        let picture = RgbImage::from_fn(400, 300, |x, y| Rgb([if is_face(x, y) { 255 } else { 0 }; 3]));
        let face = Rect { x: left as f32, y: top as f32, width: width as f32, height: height as f32 };
        let eye = PlacedEye { center: Point::new(50.0, 200.0), width: 30.0 };
        Still { picture, face, eyes: [eye; 2] }
    }

    #[test]
    fn the_face_has_the_requested_width_and_is_centred() {
        for face_width in [160.0, 90.0, 40.0, 20.0_f32] {
            let frame = still().placed(face_width);
            let white = |along: u32, pixel: &dyn Fn(u32) -> u8| -> Vec<u32> {
                (0..along).filter(|&i| pixel(i) > 127).collect()
            };
            let across = white(WIDTH, &|x| frame.get_pixel(x, HEIGHT / 2)[0]);
            let down = white(HEIGHT, &|y| frame.get_pixel(WIDTH / 2, y)[0]);
            for (pixels, length, middle) in
                [(across, face_width, WIDTH as f32 / 2.0), (down, face_width * 4.0 / 3.0, HEIGHT as f32 / 2.0)]
            {
                assert!((pixels.len() as f32 - length).abs() <= 2.0, "{face_width}: {} pixels", pixels.len());
                let found = (pixels[0] + pixels[pixels.len() - 1] + 1) as f32 / 2.0;
                assert!((found - middle).abs() <= 1.5, "{face_width}: centre at {found}");
            }
            assert_eq!(*frame.get_pixel(0, HEIGHT - 1), GREY, "{face_width}");
        }
    }

    #[test]
    fn light_clips_at_white_and_noise_at_black_and_both_have_the_stated_strength() {
        let grey = |level| RgbImage::from_pixel(100, 100, Rgb([level; 3]));
        let mut rng = Prng::named("light");
        assert!(lit(grey(100), 1.3, 0.0, &mut rng).iter().all(|&v| v == 130));
        assert!(lit(grey(100), 6.0, 0.0, &mut rng).iter().all(|&v| v == 255));
        let black = lit(grey(1), 0.04, 6.0, &mut rng);
        assert!(black.contains(&0) && black.iter().all(|&v| v < 40));
        let dim = lit(grey(200), 0.5, 6.0, &mut rng);
        let mean = |value: &dyn Fn(f32) -> f32| dim.iter().map(|&v| value(v.into())).sum::<f32>() / dim.len() as f32;
        assert!((mean(&|v| v) - 100.0).abs() < 0.5, "{}", mean(&|v| v));
        let deviation = mean(&|v| (v - 100.0).powi(2)).sqrt();
        assert!((deviation - 6.0).abs() < 0.2, "{deviation}");
    }

    #[test]
    fn blur_spreads_an_edge_and_zero_blur_leaves_the_frame_unchanged() {
        let edge = RgbImage::from_fn(60, 60, |x, _| Rgb([if x < 30 { 0 } else { 200 }; 3]));
        assert_eq!(blurred(edge.clone(), 0.0), edge);
        let soft = blurred(edge, 5.0);
        // One sigma before the edge a Gaussian has 16 % of the step.
        let before = soft.get_pixel(24, 30)[0];
        assert!((22..42).contains(&before), "{before}");
    }
}
