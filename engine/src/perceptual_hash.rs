//! Recognises a picture that was seen before: exactly, by a hash of its pixels, or after recompression or resizing, by
//! a perceptual hash (a gradient hash, "dHash", N. Krawetz 2013) of 16 × 16 bits.
//!
//! A second perceptual hash, of the face alone in a crop fixed to the eye corners, stays near when the same picture is
//! framed in another way. It is not made to recognise a person: two moments of one recording mostly differ in more bits
//! than are near.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::crop;
use crate::frame::Frame;

/// Bits in a row of the hash, and rows.
const SIDE: usize = 16;

/// Two pictures that differ in at most this many bits are near copies. 35 captures of eight people, recompressed,
/// shrunk to four fifths or shifted by two pixels, mostly differ in 0 to 20 bits from the original, median 6 to 12.
/// Pictures of two people differ in 37 and more. One person in one place, seconds later, differs in 4 to 73, median 20
/// to 23, so some of those count as near copies too.
const NEAR_BITS: u32 = 20;

/// The same for hashes of the face alone. 23 captures of as many people, encoded again, shrunk, zoomed, moved, tilted
/// or darkened, differ in 0 to 18 bits from the original, and in up to 26 with some of each and mirrored; the faces of
/// different people in 57 and more, and one person at two blinks of one recording in 11 to 81, median 41
/// (`accuracy copies`).
const NEAR_FACE_BITS: u32 = 26;

/// SHA-256 over width, height (32 bits each, little-endian) and all pixels as R, G, B, A; base64url without padding.
/// Files that decode to the same picture have the same hash, whatever else they contain.
pub(crate) fn pixel_hash(frame: &Frame) -> String {
    let mut hash = Sha256::new();
    for side in [frame.width(), frame.height()] {
        hash.update((side as u32).to_le_bytes());
    }
    hash.update(frame.rgba());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// A perceptual hash: 256 bits, row by row, each of which says whether the luma rises from a field to the one on its
/// right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PerceptualHash([u16; SIDE]);

impl PerceptualHash {
    /// Averages the luma over 17 × 16 fields and compares neighbours.
    pub(crate) fn of(frame: &Frame) -> PerceptualHash {
        let luma = |x, y| crop::luma(frame.rgb(x, y).map(f32::from));
        PerceptualHash::of_fields(frame.width(), frame.height(), luma)
    }

    /// The same of a face's luma in a crop that is fixed to the eye corners, row by row: of the face alone, however it
    /// was framed.
    pub(crate) fn of_face(luma: &[f32], side: usize) -> PerceptualHash {
        PerceptualHash::of_fields(side, side, |x, y| luma[y * side + x])
    }

    fn of_fields(width: usize, height: usize, luma: impl Fn(usize, usize) -> f32) -> PerceptualHash {
        let (mut sums, mut counts) = ([[0.0_f32; SIDE + 1]; SIDE], [[0.0_f32; SIDE + 1]; SIDE]);
        let columns: Vec<usize> = (0..width).map(|x| x * (SIDE + 1) / width).collect();
        for y in 0..height {
            let row = y * SIDE / height;
            for (x, &column) in columns.iter().enumerate() {
                sums[row][column] += luma(x, y);
                counts[row][column] += 1.0;
            }
        }
        let mean = |row: usize, column: usize| sums[row][column] / counts[row][column].max(1.0);
        let bits =
            |row| (0..SIDE).fold(0, |bits, column| bits << 1 | u16::from(mean(row, column) < mean(row, column + 1)));
        PerceptualHash(std::array::from_fn(bits))
    }

    /// The hash of the mirror image: each row backwards, and what rises falls.
    pub fn mirrored(&self) -> PerceptualHash {
        PerceptualHash(self.0.map(|row| !row.reverse_bits()))
    }

    /// Number of bits that differ.
    pub fn distance(&self, other: &PerceptualHash) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Whether one may be a copy of the other, or show the same person in the same place.
    pub fn is_near(&self, other: &PerceptualHash) -> bool {
        self.distance(other) <= NEAR_BITS
    }

    /// Whether a hash of a face alone belongs to a copy of the other's picture, however framed, or its mirror image.
    pub fn is_near_face(&self, other: &PerceptualHash) -> bool {
        self.distance(other).min(self.mirrored().distance(other)) <= NEAR_FACE_BITS
    }

    /// The rows. Two hashes that differ in fewer bits than there are rows share at least one row.
    pub fn rows(&self) -> [u16; SIDE] {
        self.0
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| write!(f, "{row:04x}"))
    }
}

impl From<PerceptualHash> for String {
    fn from(fingerprint: PerceptualHash) -> String {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for PerceptualHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<PerceptualHash, Self::Error> {
        const EXPECTED: &str = "expected 64 hexadecimal digits";
        if text.len() != 4 * SIDE || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(EXPECTED);
        }
        let mut rows = [0; SIDE];
        for (row, digits) in rows.iter_mut().zip(text.as_bytes().chunks_exact(4)) {
            let digits = std::str::from_utf8(digits).map_err(|_| EXPECTED)?;
            *row = u16::from_str_radix(digits, 16).map_err(|_| EXPECTED)?;
        }
        Ok(PerceptualHash(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;

    /// Waves across and down, with up to this much noise in grey levels.
    fn picture(side: usize, waves: f32, noise: usize) -> Picture {
        let level = |i: usize| {
            let (x, y) = ((i % side) as f32 / side as f32, (i / side) as f32 / side as f32);
            let wave = (x * waves).sin() + (y * waves * 1.3 + x).cos();
            (120.0 + 40.0 * wave) as u8 + (((i * 2_654_435_761) >> 16) % (noise + 1)) as u8
        };
        let rgb: Vec<u8> = (0..side * side).flat_map(|i| [level(i); 3]).collect();
        Picture::from_rgb(&rgb, side, side).unwrap()
    }

    #[test]
    fn the_same_picture_is_near_whatever_its_size_and_noise_and_another_is_far() {
        let of = |picture: Picture| PerceptualHash::of(&picture.as_frame());
        let original = of(picture(240, 9.0, 0));
        assert_eq!(original.distance(&original), 0);
        assert!(original.distance(&of(picture(180, 9.0, 0))) <= 8);
        assert!(original.distance(&of(picture(240, 9.0, 6))) <= 8);
        assert!(original.distance(&of(picture(240, 14.0, 0))) >= 60);
    }

    #[test]
    fn the_mirror_image_has_the_mirrored_hash() {
        let mirrored = |picture: &Picture| {
            let frame = picture.as_frame();
            let row = |y| (0..frame.width()).rev().flat_map(move |x| frame.rgb(x, y));
            Picture::from_rgb(&(0..frame.height()).flat_map(row).collect::<Vec<u8>>(), frame.width(), frame.height())
        };
        let of = |picture: &Picture| PerceptualHash::of(&picture.as_frame());
        // Wide enough for 17 equal fields.
        let original = picture(272, 9.0, 3);
        // Two fields of the same luma neither rise nor fall.
        assert!(of(&mirrored(&original).unwrap()).distance(&of(&original).mirrored()) <= 2);
        assert_eq!(of(&original).mirrored().mirrored(), of(&original));
        assert!(of(&original).is_near_face(&of(&original).mirrored()));
    }

    #[test]
    fn the_pixel_hash_depends_on_every_pixel_and_the_shape() {
        let rgb = vec![7; 8 * 8 * 3];
        let hash = |rgb: &[u8], width, height| pixel_hash(&Picture::from_rgb(rgb, width, height).unwrap().as_frame());
        let mut other = rgb.clone();
        other[191] = 8;
        assert_eq!(hash(&rgb, 8, 8), hash(&rgb, 8, 8));
        assert_ne!(hash(&rgb, 8, 8), hash(&other, 8, 8));
        assert_ne!(hash(&rgb, 8, 8), hash(&rgb, 16, 4));
    }

    #[test]
    fn it_survives_a_round_trip_as_text() {
        let fingerprint = PerceptualHash::of(&picture(64, 9.0, 3).as_frame());
        let text = serde_json::to_string(&fingerprint).unwrap();
        assert_eq!(text.len(), 66);
        assert_eq!(serde_json::from_str::<PerceptualHash>(&text).unwrap(), fingerprint);
        for wrong in ["\"\"", "\"12\"", &format!("\"{}\"", "+123".repeat(16)), &format!("\"{}\"", "é".repeat(32))] {
            assert!(serde_json::from_str::<PerceptualHash>(wrong).is_err(), "{wrong}");
        }
    }
}
