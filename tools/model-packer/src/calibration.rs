//! Calibration pictures as the detector and the trunk receive them, made from the public-domain portrait in this project.
//!
//! They are the same on every machine: nothing here uses a platform's mathematical library.

use std::path::Path;

use anyhow::Context as _;
use engine::Picture;
use engine::detect::INPUT_SIDE;
use engine::mesh::CROP_SIDE;
use engine_pixels::crop::{Border, Range, sample_rgb};
use engine_pixels::geometry::Affine;

/// Number of pictures.
const COUNT: usize = 96;

/// The region of the portrait that the engine reads, in pixels: its centre and its side.
const CENTRE: (f32, f32) = (224.0, 112.0);
const SIDE: f32 = 142.0;

/// The input of a network, and what its pictures show.
struct View {
    /// Side in pixels.
    side: usize,
    border: Border,
    /// Whether values go from −1 to 1 and not from 0 to 1.
    is_signed: bool,
    /// Least and greatest side of the part that is seen, as a multiple of [`SIDE`].
    seen: (f32, f32),
    /// Greatest distance from the face's centre to the picture's, across and down, as a share of the picture's side.
    shift: f32,
}

/// Inputs for the detector: the portrait's face a fifth to two thirds as wide as the picture, somewhere in it, at varying tilt,
/// brightness and tint, every other one mirrored.
///
/// # Errors
/// If the portrait cannot be read.
pub fn scenes(portrait: &Path) -> anyhow::Result<Vec<Vec<f32>>> {
    pictures(
        portrait,
        &View { side: INPUT_SIDE, border: Border::Black, is_signed: true, seen: (1.0, 3.3), shift: 0.25 },
    )
}

/// Inputs for the trunk: the same, with the face in the middle.
///
/// # Errors
/// If the portrait cannot be read.
pub fn faces(portrait: &Path) -> anyhow::Result<Vec<Vec<f32>>> {
    let seen = (0.85, 1.25);
    pictures(portrait, &View { side: CROP_SIDE, border: Border::Nearest, is_signed: false, seen, shift: 0.05 })
}

fn pictures(portrait: &Path, view: &View) -> anyhow::Result<Vec<Vec<f32>>> {
    let image = image::open(portrait).with_context(|| format!("cannot read {}", portrait.display()))?.into_rgba8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let portrait = Picture::new(image.into_raw(), width, height)?;
    let mut rng = Xorshift(1);
    Ok((0..COUNT).map(|index| picture(&portrait, view, index.is_multiple_of(2), &mut rng)).collect())
}

fn picture(portrait: &Picture, view: &View, is_mirrored: bool, rng: &mut Xorshift) -> Vec<f32> {
    let seen = SIDE * rng.between(view.seen.0, view.seen.1);
    let scale = seen / view.side as f32;
    let mut shift = || seen * rng.between(-view.shift, view.shift);
    let middle = (CENTRE.0 + shift(), CENTRE.1 + shift());
    // Cosine and sine of a small rotation, from the tangent of half its angle.
    let half = rng.between(-0.12, 0.12);
    let (cosine, sine) = ((1.0 - half * half) / (1.0 + half * half), 2.0 * half / (1.0 + half * half));
    let across = if is_mirrored { -scale } else { scale };
    let to_frame =
        Affine { xx: across * cosine, xy: -scale * sine, tx: 0.0, yx: across * sine, yy: scale * cosine, ty: 0.0 };
    let centre = view.side as f32 / 2.0;
    let to_frame = Affine {
        tx: middle.0 - centre * (to_frame.xx + to_frame.xy),
        ty: middle.1 - centre * (to_frame.yx + to_frame.yy),
        ..to_frame
    };
    let mut input = Vec::new();
    sample_rgb(&portrait.as_frame(), &to_frame, view.side, view.border, Range::ZeroToOne, &mut input);
    let light = rng.between(0.4, 1.2);
    let tints = [(); 3].map(|()| light * rng.between(0.9, 1.1));
    for (value, tint) in input.iter_mut().zip(tints.into_iter().cycle()) {
        *value = (*value * tint).min(1.0);
        if view.is_signed {
            *value = 2.0 * *value - 1.0;
        }
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
