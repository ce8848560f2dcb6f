//! Attacks in front of the camera: a recording in a loop, and a photograph that is moved.

use accuracy::video::WholeClip;
use engine::geometry::{Affine, Point};
use engine::{Ask, Picture, crop_rgb};
use fastrand::Rng;
use test_client::Camera;

/// A recording that plays in a loop.
pub(crate) struct Replay<'a> {
    /// The recording.
    pub(crate) clip: &'a WholeClip,
    /// Where it starts.
    pub(crate) phase_ms: f64,
}

impl Camera for Replay<'_> {
    fn picture(&mut self, t_ms: f64, _: Option<Ask>) -> anyhow::Result<Picture> {
        let index = ((self.phase_ms + t_ms) * self.clip.rate / 1000.0) as usize % self.clip.frames.len();
        Ok(self.clip.frames[index].clone())
    }
}

/// One frame as a hand-held print that constantly shifts, turns, tilts and changes its distance.
pub(crate) struct Photo<'a> {
    picture: &'a Picture,
    swings: [Swing; 5],
    rng: Rng,
}

#[derive(Clone, Copy)]
struct Swing {
    reach: f32,
    cycles_per_s: f32,
    phase: f32,
}

impl Swing {
    fn draw(rng: &mut Rng, reach: f32) -> Swing {
        Swing { reach: reach * rng.f32(), cycles_per_s: 0.1 + 2.4 * rng.f32() * rng.f32(), phase: 7.0 * rng.f32() }
    }

    fn at(self, t_s: f32) -> f32 {
        self.reach * (std::f32::consts::TAU * self.cycles_per_s * t_s + self.phase).sin()
    }
}

impl<'a> Photo<'a> {
    /// A print of this picture that moves randomly.
    pub(crate) fn new(picture: &'a Picture, mut rng: Rng) -> Photo<'a> {
        // Horizontal and vertical shift as shares of the width and height, rotation in radians, change of size, and tilt in
        // radians.
        let swings = [0.08, 0.08, 0.25, 0.2, 0.5].map(|reach| Swing::draw(&mut rng, reach));
        Photo { picture, swings, rng }
    }
}

impl Camera for Photo<'_> {
    fn picture(&mut self, t_ms: f64, _: Option<Ask>) -> anyhow::Result<Picture> {
        let t_s = (t_ms / 1000.0) as f32;
        let [x, y, turn, size, tilt] = self.swings.map(|swing| swing.at(t_s));
        let frame = self.picture.as_frame();
        let (width, height) = (frame.width() as f32, frame.height() as f32);
        let to_print = Affine::shift(width * (0.5 + x), height * (0.5 + y))
            .then_inner(&Affine::rotation(turn))
            .then_inner(&Affine::scale(1.0 / (1.0 + size), 1.0 / ((1.0 + size) * tilt.cos())))
            .then_inner(&Affine::shift(-width / 2.0, -height / 2.0));
        let pixel = |i: usize| {
            let at = Point::new((i % frame.width()) as f32, (i / frame.width()) as f32);
            let [r, g, b] = crop_rgb(&frame, to_print.apply(at));
            [r, g, b, 255]
        };
        let rgba = (0..frame.width() * frame.height()).flat_map(pixel).collect();
        noisy(Picture::new(rgba, frame.width(), frame.height())?, &mut self.rng)
    }
}

/// Adds sensor noise of about two grey levels, since no two frames of a camera are identical.
pub(crate) fn noisy(picture: Picture, rng: &mut Rng) -> anyhow::Result<Picture> {
    let frame = picture.as_frame();
    let mut rgba = Vec::with_capacity(frame.width() * frame.height() * 4);
    for y in 0..frame.height() {
        for x in 0..frame.width() {
            // The sum of three draws from −2 to 2, the same for all channels.
            let bits = rng.u32(..);
            let grain = [0, 8, 16].map(|shift| (bits >> shift & 0xFF) as i32 * 5 / 256 - 2).iter().sum::<i32>();
            let [r, g, b] = frame.rgb(x, y).map(|v| (i32::from(v) + grain).clamp(0, 255) as u8);
            rgba.extend([r, g, b, 255]);
        }
    }
    Ok(Picture::new(rgba, frame.width(), frame.height())?)
}
