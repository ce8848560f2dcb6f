//! Renders a print as a camera sees it, with motion blur, focus, light and noise. A script and a time in, a frame out.

use std::f32::consts::TAU;

use engine::geometry::Point;
use engine::{FrameError, Picture};

use super::occluder::Occluder;
use super::photo::{Colour, PAPER, Photo};
use super::script::{Moment, Script};
use super::sheet::{HEIGHT, WIDTH};
use accuracy::prng::Prng;

/// Exposure time of each 40 ms frame, as in room light.
const EXPOSURE_S: f32 = 0.02;

/// Movement during an exposure, in pixels, below which no motion blur is rendered.
const STILL_PX: f32 = 1.5;

/// Pixels of motion per averaged exposure, and the maximum number of exposures.
const PX_PER_EXPOSURE: f32 = 4.0;
const MAX_EXPOSURES: usize = 5;

/// Standard deviation of the noise in grey levels, as of a good webcam in room light.
const NOISE: f32 = 2.5;

/// White border of a print, in pixels of the print.
const BORDER: f32 = 10.0;

/// Renders the frames of one print.
pub(super) struct Renderer<'a> {
    photo: &'a Photo,
    pivot: Point,
    background: Vec<Colour>,
    noise: Vec<f32>,
}

impl<'a> Renderer<'a> {
    /// Prepares the wall behind the print and the camera's noise.
    pub(super) fn new(photo: &'a Photo) -> Renderer<'a> {
        let mut rng = Prng::named(&photo.name);
        let wall: Colour = std::array::from_fn(|_| rng.between(90.0, 190.0));
        let background = (0..WIDTH * HEIGHT).map(|i| {
            let (x, y) = ((i % WIDTH) as f32 / WIDTH as f32, (i / WIDTH) as f32 / HEIGHT as f32);
            let shade = 0.85 + 0.2 * x - 0.1 * y + 0.03 * (TAU * 9.0 * x + 3.0 * (TAU * 4.0 * y).sin()).sin();
            wall.map(|c| c * shade)
        });
        // A prime number of values, so that no two rows of a frame start at the same value.
        let noise = (0..65_537).map(|_| rng.normal() * NOISE);
        Renderer { photo, pivot: photo.face_center(), background: background.collect(), noise: noise.collect() }
    }

    /// The frame at `t` seconds. Each `seed` gives different noise.
    pub(super) fn frame(&self, script: &Script, t: f32, seed: usize) -> Result<Picture, FrameError> {
        let moment = script.at(t);
        let opens = self.exposures(&moment, &script.at(t + EXPOSURE_S));
        let mut pixels = vec![[0.0; 4]; WIDTH * HEIGHT];
        for i in 0..opens {
            self.expose(&script.at(t + EXPOSURE_S * i as f32 / opens as f32), &mut pixels);
        }
        if moment.defocus >= 0.5 {
            blur(&mut pixels, moment.defocus);
        }
        let gain = moment.gain / opens as f32;
        let mut rgba = vec![255; WIDTH * HEIGHT * 4];
        let grains = self.noise.iter().cycle().skip(seed * 7919 % self.noise.len());
        for ((pixel, grain), out) in pixels.iter().zip(grains).zip(rgba.chunks_exact_mut(4)) {
            for (value, out) in pixel.iter().zip(out) {
                // The cast saturates at 0 and 255.
                *out = (value * gain + grain + 0.5) as u8;
            }
        }
        Picture::new(rgba, WIDTH, HEIGHT)
    }

    /// Where the print's point `p` appears in the frame.
    pub(super) fn to_frame(&self, moment: &Moment, p: Point) -> Point {
        moment.placement.view().to_frame(Point::new(p.x - self.pivot.x, p.y - self.pivot.y))
    }

    /// How many moments between `a` and `b` must be averaged so that motion blurs instead of jumping.
    fn exposures(&self, a: &Moment, b: &Moment) -> usize {
        let eyes = self.photo.eyes().map(|eye| eye.center);
        let shifts = eyes.iter().map(|&p| self.to_frame(a, p).distance(self.to_frame(b, p)));
        let occluders =
            a.occluders.iter().zip(&b.occluders).map(|(c, d)| c.center.distance(d.center) * a.placement.scale);
        let moved = shifts.chain(occluders).fold(0.0, f32::max);
        if moved < STILL_PX { 1 } else { ((moved / PX_PER_EXPOSURE) as usize + 2).min(MAX_EXPOSURES) }
    }

    /// Adds the scene's colours to `pixels`.
    fn expose(&self, moment: &Moment, pixels: &mut [Colour]) {
        let view = moment.placement.view();
        for (row, line) in pixels.chunks_exact_mut(WIDTH).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                let behind = self.background[row * WIDTH + column];
                let colour = match view.to_sheet(column as f32, row as f32) {
                    Some(p) => {
                        self.colour(Point::new(p.x + self.pivot.x, p.y + self.pivot.y), behind, &moment.occluders)
                    }
                    None => behind,
                };
                *pixel = std::array::from_fn(|i| pixel[i] + colour[i]);
            }
        }
    }

    /// The colour visible at the print's point `p`, including occluders; `behind` outside the print.
    #[inline]
    fn colour(&self, p: Point, behind: Colour, occluders: &[Occluder]) -> Colour {
        let paper = || if self.photo.contains(p, BORDER) { PAPER } else { behind };
        let mut colour = self.photo.colour(p).unwrap_or_else(paper);
        for occluder in occluders {
            if let Some((opacity, over)) = occluder.at(p) {
                colour = std::array::from_fn(|i| colour[i] + (over[i] - colour[i]) * opacity);
            }
        }
        colour
    }
}

/// Blurs with two passes of a moving mean that together reach `radius` pixels.
fn blur(pixels: &mut [Colour], radius: f32) {
    let reach = ((radius / 2.0).round() as usize).max(1);
    let mut line = Vec::new();
    for _ in 0..2 {
        for row in 0..HEIGHT {
            mean_along(pixels, row * WIDTH, 1, WIDTH, reach, &mut line);
        }
        for column in 0..WIDTH {
            mean_along(pixels, column, WIDTH, HEIGHT, reach, &mut line);
        }
    }
}

/// Replaces each of `count` pixels, starting at `first` and `step` apart, by the mean of its neighbours up to `reach` before
/// and after it.
fn mean_along(pixels: &mut [Colour], first: usize, step: usize, count: usize, reach: usize, line: &mut Vec<Colour>) {
    line.clear();
    line.extend((0..count).map(|i| pixels[first + i * step]));
    let at = |i: isize| line[i.clamp(0, count as isize - 1) as usize];
    let reach = reach as isize;
    let mut sum = [0.0; 4];
    for i in -reach..=reach {
        sum = std::array::from_fn(|c| sum[c] + at(i)[c]);
    }
    for i in 0..count {
        pixels[first + i * step] = sum.map(|s| s / (2 * reach + 1) as f32);
        let (enters, leaves) = (at(i as isize + reach + 1), at(i as isize - reach));
        sum = std::array::from_fn(|c| sum[c] + enters[c] - leaves[c]);
    }
}

#[cfg(test)]
mod tests {
    use engine::mesh::LANDMARKS;
    use engine::mesh::landmarks::{LEFT_EYE, RIGHT_EYE};

    use super::super::occluder::Paint;
    use super::super::script::Change;
    use super::super::sheet::Placement;
    use super::*;

    const MIDDLE: Point = Point::new(320.0, 240.0);
    /// Grey levels by which a pixel may differ, because of rounding and interpolation.
    const TOLERANCE: i32 = 2;

    /// A print of 201 × 161 pixels whose colours encode the position, with eyes 30 wide and 10 high at (70, 60) and
    /// (130, 60).
    fn photo() -> Photo {
        let pixels = (0..201 * 161).map(|i| [(i % 201) as f32, (i / 201) as f32, 77.0, 255.0]).collect();
        let mut mesh = vec![Point::new(100.0, 80.0); LANDMARKS];
        (mesh[0], mesh[1]) = (Point::new(20.0, 0.0), Point::new(180.0, 160.0));
        for (lids, x) in [(RIGHT_EYE, 70.0), (LEFT_EYE, 130.0)] {
            let outline = [(-15.0, 0.0), (-5.0, -5.0), (5.0, -5.0), (15.0, 0.0), (5.0, 5.0), (-5.0, 5.0)];
            for (index, (dx, dy)) in lids.into_iter().zip(outline) {
                mesh[index] = Point::new(x + dx, 60.0 + dy);
            }
        }
        Photo::of_pixels(201, pixels, mesh)
    }

    /// The print seen straight on, pixel for pixel.
    fn facing() -> Moment {
        Moment { placement: Placement::facing(MIDDLE, 1.0), occluders: Vec::new(), gain: 1.0, defocus: 0.0 }
    }

    /// A script's frame at 1 s, without noise.
    fn frame(photo: &Photo, start: Moment, changes: Vec<Change>) -> Picture {
        let renderer = Renderer { noise: vec![0.0], ..Renderer::new(photo) };
        renderer.frame(&Script { start, changes }, 1.0, 0).unwrap()
    }

    /// Fails unless the frame shows the print's pixel (`x`, `y`) at (`column`, `row`).
    fn assert_shows(picture: &Picture, (column, row): (usize, usize), (x, y): (i32, i32)) {
        let [red, green, _] = picture.as_frame().rgb(column, row).map(i32::from);
        let off = (red - x).abs().max((green - y).abs());
        assert!(off <= TOLERANCE, "({column}, {row}) shows ({red}, {green}) and not ({x}, {y})");
    }

    #[test]
    fn a_print_that_faces_the_camera_appears_unchanged() {
        let photo = photo();
        let picture = frame(&photo, facing(), Vec::new());
        for (x, y) in [(1, 1), (199, 159), (100, 80), (70, 60), (1, 159)] {
            assert_shows(&picture, (320 - 100 + x as usize, 240 - 80 + y as usize), (x, y));
        }
        let beside = picture.as_frame().rgb(220 - 5, 240).map(f32::from);
        assert_eq!(beside, PAPER[..3], "the border is white");
    }

    #[test]
    fn a_pan_moves_every_pixel_by_the_same_amount() {
        let photo = photo();
        let pan: Change = Box::new(|_, m| (m.placement.center.x, m.placement.center.y) = (335.0, 218.0));
        let picture = frame(&photo, facing(), vec![pan]);
        assert_shows(&picture, (335, 218), (100, 80));
        assert_shows(&picture, (335 + 60, 218 - 40), (160, 40));
    }

    #[test]
    fn a_bar_hides_the_eyes_while_it_passes() {
        let photo = photo();
        let black = Paint::Flat([0.0, 0.0, 0.0, 255.0]);
        let bar = |y: f32| Occluder {
            center: Point::new(100.0, y),
            half: (50.0, 7.0),
            axis: Point::new(1.0, 0.0),
            paint: black,
        };
        for (y, hidden) in [(30.0, false), (60.0, true), (90.0, false)] {
            assert!(photo.eyes().iter().all(|eye| bar(y).hides(eye.center) == hidden), "bar at {y}");
            let picture = frame(&photo, Moment { occluders: vec![bar(y)], ..facing() }, Vec::new());
            let seen = if hidden { (0, 0) } else { (70, 60) };
            assert_shows(&picture, (290, 220), seen);
        }
    }

    #[test]
    fn fast_motion_is_blurred_along_its_path() {
        let photo = photo();
        let bar = Occluder {
            center: Point::new(100.0, 40.0),
            half: (120.0, 4.0),
            axis: Point::new(1.0, 0.0),
            paint: Paint::Flat([0.0, 0.0, 0.0, 255.0]),
        };
        let falls: Change = Box::new(move |t, m| {
            m.occluders.push(Occluder { center: Point::new(100.0, 40.0 + 1000.0 * (t - 1.0)), ..bar });
        });
        let picture = frame(&photo, facing(), vec![falls]);
        let blue = |y: usize| picture.as_frame().rgb(320, 240 - 80 + y)[2];
        // It falls by 20 pixels during the exposure: its path is half covered, the rest is not.
        assert!((10..70).contains(&blue(50)), "on its path: {}", blue(50));
        assert_eq!(blue(90), 77);
    }

    #[test]
    fn light_and_focus_change_brightness_and_edges() {
        let photo = photo();
        let dim = frame(&photo, Moment { gain: 0.5, ..facing() }, Vec::new());
        assert_shows(&dim, (320, 240), (50, 40));
        let blurred = frame(&photo, Moment { defocus: 8.0, ..facing() }, Vec::new());
        assert_shows(&blurred, (320, 240), (100, 80));
        let at_edge = blurred.as_frame().rgb(209, 240)[2];
        let sharp = frame(&photo, facing(), Vec::new()).as_frame().rgb(209, 240)[2];
        assert!(at_edge != sharp, "the print's edge runs into the wall: {at_edge}, {sharp}");
    }
}
