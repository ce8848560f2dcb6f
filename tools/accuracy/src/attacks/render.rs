//! Renders what a camera sees of a print: motion blur, focus, light, noise. A script and a time in, a frame out.

use std::f32::consts::TAU;

use engine::geometry::Point;
use engine::{FrameError, Picture};

use super::cover::Cover;
use super::photo::{Colour, PAPER, Photo};
use super::sheet::{HEIGHT, Placement, WIDTH};
use crate::prng::Prng;

/// Everything before the camera at one moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// How the print is held.
    pub(super) placement: Placement,
    /// What is held before it.
    pub(super) covers: Vec<Cover>,
    /// Factor on every colour: light and exposure.
    pub(super) gain: f32,
    /// Radius of the defocus in pixels.
    pub(super) defocus: f32,
}

/// One thing that changes with time, in seconds.
pub(super) type Change = Box<dyn Fn(f32, &mut Moment) + Send + Sync>;

/// What happens in a sequence: a beginning and changes to it, one applied after the other.
pub(super) struct Script {
    /// Before any change.
    pub(super) start: Moment,
    /// What makes it move.
    pub(super) changes: Vec<Change>,
}

impl Script {
    /// The scene at `t` seconds.
    pub(super) fn at(&self, t: f32) -> Moment {
        let mut moment = self.start.clone();
        for change in &self.changes {
            change(t, &mut moment);
        }
        moment
    }
}

/// The shutter is open for this share of a frame's time of 40 ms: room light.
const EXPOSURE_S: f32 = 0.02;

/// What moves less than this while the shutter is open needs no motion blur, in pixels.
const STILL_PX: f32 = 1.5;

/// Pixels of motion for which one more exposure is averaged, and the most exposures.
const PX_PER_EXPOSURE: f32 = 4.0;
const MOST_EXPOSURES: usize = 5;

/// Standard deviation of the noise in grey levels: a good webcam in room light.
const NOISE: f32 = 2.5;

/// White border of a print, in its pixels.
const BORDER: f32 = 10.0;

/// Renders the frames of one print.
pub(super) struct Renderer<'a> {
    photo: &'a Photo,
    pivot: Point,
    background: Vec<Colour>,
    noise: Vec<f32>,
}

impl<'a> Renderer<'a> {
    /// Prepares a wall behind the print and the camera's noise.
    pub(super) fn new(photo: &'a Photo) -> Renderer<'a> {
        let mut chance = Prng::named(&photo.name);
        let wall: Colour = std::array::from_fn(|_| chance.between(90.0, 190.0));
        let background = (0..WIDTH * HEIGHT).map(|i| {
            let (x, y) = ((i % WIDTH) as f32 / WIDTH as f32, (i / WIDTH) as f32 / HEIGHT as f32);
            let shade = 0.85 + 0.2 * x - 0.1 * y + 0.03 * (TAU * 9.0 * x + 3.0 * (TAU * 4.0 * y).sin()).sin();
            wall.map(|c| c * shade)
        });
        // A prime number of values, so that no row of the frame begins where another did.
        let noise = (0..65_537).map(|_| chance.normal() * NOISE);
        Renderer { photo, pivot: photo.face_center(), background: background.collect(), noise: noise.collect() }
    }

    /// The frame at `t` seconds. `seed` makes the noise another one.
    ///
    /// # Errors
    /// None in practice: the size is fixed.
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
                // The cast stops at 0 and 255.
                *out = (value * gain + grain + 0.5) as u8;
            }
        }
        Picture::new(rgba, WIDTH, HEIGHT)
    }

    /// Where the print's point `p` is seen.
    pub(super) fn in_frame(&self, moment: &Moment, p: Point) -> Point {
        moment.placement.view().in_frame(Point::new(p.x - self.pivot.x, p.y - self.pivot.y))
    }

    /// How many moments must be averaged between `a` and `b`, so that motion blurs instead of jumping.
    fn exposures(&self, a: &Moment, b: &Moment) -> usize {
        let eyes = self.photo.eyes().map(|eye| eye.center);
        let shifts = eyes.iter().map(|&p| self.in_frame(a, p).distance(self.in_frame(b, p)));
        let covers = a.covers.iter().zip(&b.covers).map(|(c, d)| c.center.distance(d.center) * a.placement.scale);
        let moved = shifts.chain(covers).fold(0.0, f32::max);
        if moved < STILL_PX { 1 } else { ((moved / PX_PER_EXPOSURE) as usize + 2).min(MOST_EXPOSURES) }
    }

    /// Adds the scene's colours to `pixels`.
    fn expose(&self, moment: &Moment, pixels: &mut [Colour]) {
        let view = moment.placement.view();
        for (row, line) in pixels.chunks_exact_mut(WIDTH).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                let behind = self.background[row * WIDTH + column];
                let colour = match view.on_sheet(column as f32, row as f32) {
                    Some(p) => self.colour(Point::new(p.x + self.pivot.x, p.y + self.pivot.y), behind, &moment.covers),
                    None => behind,
                };
                *pixel = std::array::from_fn(|i| pixel[i] + colour[i]);
            }
        }
    }

    /// The colour before the print's point `p`, seen past the covers; `behind` beside the print.
    #[inline]
    fn colour(&self, p: Point, behind: Colour, covers: &[Cover]) -> Colour {
        let paper = || if self.photo.covers(p, BORDER) { PAPER } else { behind };
        let mut colour = self.photo.colour(p).unwrap_or_else(paper);
        for cover in covers {
            if let Some((opacity, over)) = cover.at(p) {
                colour = std::array::from_fn(|i| colour[i] + (over[i] - colour[i]) * opacity);
            }
        }
        colour
    }
}

/// Blurs by two passes of a moving mean, whose reach is `radius` pixels in all.
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

/// Replaces each of `count` pixels, `step` apart from `first` on, by the mean of those up to `reach` before and after it.
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

    use super::super::cover::Paint;
    use super::*;

    const MIDDLE: Point = Point::new(320.0, 240.0);
    /// Grey levels by which a pixel may differ: rounding, and what is left of it between two pixels.
    const TOLERANCE: i32 = 2;

    /// A print of 201 × 161 pixels whose colours tell the place, with eyes 30 wide and 10 high at (70, 60) and (130, 60).
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

    /// The print seen from straight ahead, pixel for pixel.
    fn facing() -> Moment {
        Moment { placement: Placement::facing(MIDDLE, 1.0), covers: Vec::new(), gain: 1.0, defocus: 0.0 }
    }

    /// The frame of a script at 1 s, without noise.
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
    fn a_print_that_faces_the_camera_is_seen_as_it_is() {
        let photo = photo();
        let picture = frame(&photo, facing(), Vec::new());
        for (x, y) in [(1, 1), (199, 159), (100, 80), (70, 60), (1, 159)] {
            assert_shows(&picture, (320 - 100 + x as usize, 240 - 80 + y as usize), (x, y));
        }
        let beside = picture.as_frame().rgb(220 - 5, 240).map(f32::from);
        assert_eq!(beside, PAPER[..3], "the border is white");
    }

    #[test]
    fn a_pan_moves_every_pixel_by_so_many() {
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
        let bar = |y: f32| Cover {
            center: Point::new(100.0, y),
            half: (50.0, 7.0),
            axis: Point::new(1.0, 0.0),
            paint: black,
        };
        for (y, hidden) in [(30.0, false), (60.0, true), (90.0, false)] {
            assert!(photo.eyes().iter().all(|eye| bar(y).hides(eye.center) == hidden), "bar at {y}");
            let picture = frame(&photo, Moment { covers: vec![bar(y)], ..facing() }, Vec::new());
            let seen = if hidden { (0, 0) } else { (70, 60) };
            assert_shows(&picture, (290, 220), seen);
        }
    }

    #[test]
    fn what_moves_fast_is_blurred_along_its_way() {
        let photo = photo();
        let bar = Cover {
            center: Point::new(100.0, 40.0),
            half: (120.0, 4.0),
            axis: Point::new(1.0, 0.0),
            paint: Paint::Flat([0.0, 0.0, 0.0, 255.0]),
        };
        let falls: Change = Box::new(move |t, m| {
            m.covers.push(Cover { center: Point::new(100.0, 40.0 + 1000.0 * (t - 1.0)), ..bar });
        });
        let picture = frame(&photo, facing(), vec![falls]);
        let blue = |y: usize| picture.as_frame().rgb(320, 240 - 80 + y)[2];
        // It falls by 20 pixels while the shutter is open: half-covered on its way, not covered beyond.
        assert!((10..70).contains(&blue(50)), "on its way: {}", blue(50));
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
