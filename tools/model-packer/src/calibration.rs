//! Calibration pictures: crops of a face as the trunk receives them, made from the public-domain portrait in this project.
//!
//! They are the same on every machine: nothing here uses a platform's mathematical library.

use std::path::Path;

use anyhow::Context as _;
use engine::Picture;
use engine::mesh::CROP_SIDE;
use engine_pixels::crop::{Border, Range, sample_rgb};
use engine_pixels::geometry::Affine;

/// Number of pictures.
const COUNT: usize = 96;

/// The region of the portrait that the engine reads, in pixels: its centre and its side.
const CENTRE: (f32, f32) = (224.0, 112.0);
const SIDE: f32 = 142.0;

/// Inputs for the trunk: the portrait's face at varying scale, position, tilt, brightness and tint, every other one mirrored.
///
/// # Errors
/// If the portrait cannot be read.
pub fn faces(portrait: &Path) -> anyhow::Result<Vec<Vec<f32>>> {
    let image = image::open(portrait).with_context(|| format!("cannot read {}", portrait.display()))?.into_rgba8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let portrait = Picture::new(image.into_raw(), width, height)?;
    let mut rng = Xorshift(1);
    Ok((0..COUNT).map(|index| face(&portrait, index.is_multiple_of(2), &mut rng)).collect())
}

fn face(portrait: &Picture, is_mirrored: bool, rng: &mut Xorshift) -> Vec<f32> {
    let scale = SIDE * rng.between(0.85, 1.25) / CROP_SIDE as f32;
    let middle = (CENTRE.0 + SIDE * rng.between(-0.05, 0.05), CENTRE.1 + SIDE * rng.between(-0.05, 0.05));
    // Cosine and sine of a small rotation, from the tangent of half its angle.
    let half = rng.between(-0.12, 0.12);
    let (cosine, sine) = ((1.0 - half * half) / (1.0 + half * half), 2.0 * half / (1.0 + half * half));
    let across = if is_mirrored { -scale } else { scale };
    let to_frame =
        Affine { xx: across * cosine, xy: -scale * sine, tx: 0.0, yx: across * sine, yy: scale * cosine, ty: 0.0 };
    let centre = CROP_SIDE as f32 / 2.0;
    let to_frame = Affine {
        tx: middle.0 - centre * (to_frame.xx + to_frame.xy),
        ty: middle.1 - centre * (to_frame.yx + to_frame.yy),
        ..to_frame
    };
    let mut input = Vec::new();
    sample_rgb(&portrait.as_frame(), &to_frame, CROP_SIDE, Border::Nearest, Range::ZeroToOne, &mut input);
    let light = rng.between(0.4, 1.2);
    let tints = [(); 3].map(|()| light * rng.between(0.9, 1.1));
    for (value, tint) in input.iter_mut().zip(tints.into_iter().cycle()) {
        *value = (*value * tint).min(1.0);
    }
    input
}

/// Pseudo-random numbers, the same in every run (xorshift).
struct Xorshift(u32);

impl Xorshift {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        low + (high - low) * (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}
