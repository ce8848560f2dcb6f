//! The scene in front of the simulated camera: a noisy portrait that sways slightly, blinks at given times and can turn.

use engine::geometry::{Affine, Point, Rect};
use engine::mesh::Mesh;
use engine::{FrameError, Picture};

use crate::lids::Lids;
use crate::turn::{Shape, Turn};

/// Width of every frame in pixels.
pub const WIDTH: usize = 640;
/// Height of every frame in pixels.
pub const HEIGHT: usize = 480;

/// A portrait and the times at which it blinks.
pub struct Scene {
    portrait: Picture,
    lids: Lids,
    turn: Turn,
    face: Rect,
    blinks: Vec<f32>,
}

/// The face fills this share of the frame's height.
const FACE_SHARE: f32 = 0.55;

/// Seconds to close, stay closed and open, as in a natural blink.
const CLOSING: f32 = 0.08;
const CLOSED: f32 = 0.1;
const OPENING: f32 = 0.14;

/// Standard deviation of the noise in grey levels, as of a good webcam in room light.
const NOISE: f32 = 2.5;

impl Scene {
    /// `mesh` is the portrait's own, `blinks` the start times of the blinks in seconds.
    pub fn new(portrait: Picture, mesh: &Mesh, blinks: Vec<f32>) -> Scene {
        Scene::of_shape(Shape::Head, portrait, mesh, blinks)
    }

    /// A scene that turns as something else than a head.
    pub fn of_shape(shape: Shape, portrait: Picture, mesh: &Mesh, blinks: Vec<f32>) -> Scene {
        let points = &mesh.points;
        let face = Rect::around(points.iter().copied()).unwrap_or(Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 });
        Scene { portrait, lids: Lids::new(points), turn: Turn::new(mesh, shape), face, blinks }
    }

    /// Replaces the start times of the blinks, in seconds.
    pub fn set_blinks(&mut self, blinks: Vec<f32>) {
        self.blinks = blinks;
    }

    /// The frame at `t` seconds with the lids lowered by `closure` and the head turned by `yaw`, 0 to 255 per channel, row by
    /// row. Each `seed` gives different noise.
    fn colours(&self, t: f32, closure: f32, yaw: f32, seed: u32) -> Vec<[f32; 3]> {
        let turned = (yaw != 0.0).then(|| self.turn.by(yaw));
        let to_portrait = self.camera(t);
        let mut noise = Noise(u64::from(seed) * 0x9E37_79B9 + 1);
        let colour = |i: usize| {
            let p = to_portrait.apply(Point::new((i % WIDTH) as f32, (i / WIDTH) as f32));
            let source = self.lids.source(turned.as_ref().map_or(p, |turned| turned.source(p)), closure);
            let grain = noise.draw();
            self.colour(source.at).map(|c| c * source.shade + grain)
        };
        (0..WIDTH * HEIGHT).map(colour).collect()
    }

    /// The frame at `t` seconds for the engine. Each `seed` gives different noise.
    ///
    /// # Errors
    /// None in practice: the size is fixed.
    pub fn picture(&self, t: f32, seed: u32) -> Result<Picture, FrameError> {
        self.posed(t, self.closure(t), 0.0, seed)
    }

    /// The frame at `t` seconds with the lids lowered by `closure` (0 open, 1 closed) instead of at the set times, and the
    /// head turned by `yaw` degrees (to the subject's own left if positive): for callers that respond to prompts.
    ///
    /// # Errors
    /// None in practice: the size is fixed.
    pub fn posed(&self, t: f32, closure: f32, yaw: f32, seed: u32) -> Result<Picture, FrameError> {
        let rgb: Vec<u8> = self.colours(t, closure, yaw, seed).into_iter().flatten().map(level).collect();
        Picture::from_rgb(&rgb, WIDTH, HEIGHT)
    }

    /// The frame at `t` seconds as planes Y, U, V (4:2:0, BT.601 limited range).
    pub fn planes(&self, t: f32, seed: u32) -> [Vec<u8>; 3] {
        to_planes(&self.colours(t, self.closure(t), 0.0, seed))
    }

    /// Maps frame pixels to portrait pixels. The face is centred; it sways by a few pixels and changes its size slightly.
    fn camera(&self, t: f32) -> Affine {
        let scale = self.face.height / (FACE_SHARE * HEIGHT as f32) * (1.0 + 0.01 * (t * 1.3).sin());
        let center = self.face.center();
        let (sway_x, sway_y) = (4.0 * (t * 1.1).sin(), 3.0 * (t * 0.7).cos());
        Affine::shift(center.x, center.y)
            .then_inner(&Affine::scale(scale, scale))
            .then_inner(&Affine::shift(sway_x - WIDTH as f32 / 2.0, sway_y - HEIGHT as f32 / 2.0))
    }

    /// How far the lids are lowered at `t` seconds: 0 open, 1 closed.
    fn closure(&self, t: f32) -> f32 {
        let of = |start: f32| match t - start {
            d if d < 0.0 => 0.0,
            d if d < CLOSING => d / CLOSING,
            d if d < CLOSING + CLOSED => 1.0,
            d => (1.0 - (d - CLOSING - CLOSED) / OPENING).max(0.0),
        };
        self.blinks.iter().map(|&start| of(start)).fold(0.0, f32::max)
    }

    /// The portrait's colour at `p`, 0 to 255; that of the nearest pixel outside the portrait.
    fn colour(&self, p: Point) -> [f32; 3] {
        let frame = self.portrait.as_frame();
        let (last_x, last_y) = ((frame.width() - 1) as f32, (frame.height() - 1) as f32);
        let (x, y) = (p.x.clamp(0.0, last_x), p.y.clamp(0.0, last_y));
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let at = |dx: f32, dy: f32| {
            frame.rgb((left + dx).min(last_x) as usize, (top + dy).min(last_y) as usize).map(f32::from)
        };
        let [a, b, c, d] = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)];
        std::array::from_fn(|i| {
            let upper = a[i] + (b[i] - a[i]) * fx;
            let lower = c[i] + (d[i] - c[i]) * fx;
            upper + (lower - upper) * fy
        })
    }
}

fn level(v: f32) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}

fn to_planes(rgb: &[[f32; 3]]) -> [Vec<u8>; 3] {
    let luma = |[r, g, b]: [f32; 3]| 16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0;
    let blue = |[r, g, b]: [f32; 3]| 128.0 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255.0;
    let red = |[r, g, b]: [f32; 3]| 128.0 + (112.0 * r - 93.786 * g - 18.214 * b) / 255.0;
    let quarter = |of: &dyn Fn([f32; 3]) -> f32| {
        let cell = |i: usize| of(rgb[i / (WIDTH / 2) * 2 * WIDTH + i % (WIDTH / 2) * 2]);
        (0..WIDTH / 2 * (HEIGHT / 2)).map(|i| level(cell(i))).collect()
    };
    [rgb.iter().map(|&p| level(luma(p))).collect(), quarter(&blue), quarter(&red)]
}

/// Reproducible noise: a xorshift generator, and the sum of four uniform draws, which is close enough to a normal
/// distribution.
struct Noise(u64);

impl Noise {
    fn draw(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.uniform()).sum();
        // The sum of four uniform draws from −½ to ½ has a standard deviation of 1/√3.
        sum * 3f32.sqrt() * NOISE
    }

    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    }
}

#[cfg(test)]
mod tests {
    use engine::mesh::LANDMARKS;

    use super::*;

    #[test]
    fn the_lids_close_stay_closed_and_open_again() {
        let portrait = Picture::from_rgb(&[0; 12], 2, 2).unwrap();
        let mesh = Mesh { points: vec![Point::default(); LANDMARKS], depths: vec![0.0; LANDMARKS], presence: 1.0 };
        let scene = Scene::new(portrait, &mesh, vec![1.0]);
        let cases = [(0.0, 0.0), (1.0, 0.0), (1.04, 0.5), (1.1, 1.0), (1.25, 0.5), (1.4, 0.0)];
        for (t, expected) in cases {
            assert!((scene.closure(t) - expected).abs() < 0.01, "at {t} s: {}", scene.closure(t));
        }
    }
}
