//! Frames as browsers and video files hold them, converted to the upright RGBA that the engine reads: the planes of 4:2:0
//! video (I420, NV12), or RGB in any order.

use std::borrow::Cow;

use crate::colours::{Colours, Conversion};

/// Samples of one kind, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    /// Where the first sample is.
    pub offset: usize,
    /// How far it is to the next sample.
    pub step: usize,
    /// How far it is to the next row.
    pub stride: usize,
}

/// How a frame's bytes are to be read.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// Luma for each pixel, and two chroma samples for each square of four.
    Yuv {
        /// Brightness.
        luma: Plane,
        /// Blue chroma (Cb, U).
        blue: Plane,
        /// Red chroma (Cr, V).
        red: Plane,
        /// What the samples mean.
        colours: Colours,
    },
    /// Three planes of one value for each pixel: red, green, blue.
    Rgb([Plane; 3]),
}

/// How to make the frame upright: clockwise by quarters of a turn, then mirrored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// Quarters of a turn, clockwise.
    pub quarters: u32,
    /// Whether left and right are exchanged afterwards.
    pub mirrored: bool,
}

/// The layout reaches beyond the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the planes are shorter than their layout says")]
pub struct OutOfBounds;

impl Turn {
    /// Whether frames are upright already.
    fn is_none(self) -> bool {
        self.quarters.is_multiple_of(4) && !self.mirrored
    }

    /// The size of the upright picture.
    pub fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        if self.quarters.is_multiple_of(2) { (width, height) } else { (height, width) }
    }

    /// The place of the frame's first pixel in the upright picture, and how far its next pixel and its next row are, all
    /// counted in pixels.
    fn places(self, (width, height): (usize, usize)) -> (isize, isize, isize) {
        let (w, h) = (width as isize, height as isize);
        let across = self.size((width, height)).0 as isize;
        // Coordinates of the first pixel, and the direction of the frame's rows.
        let ((x, y), (right, down)) = match self.quarters % 4 {
            0 => ((0, 0), (1, 0)),
            1 => ((h - 1, 0), (0, 1)),
            2 => ((w - 1, h - 1), (-1, 0)),
            _ => ((0, w - 1), (0, -1)),
        };
        // The next row is a quarter of a turn further.
        let (row_right, row_down) = (-down, right);
        let sign = if self.mirrored { -1 } else { 1 };
        let x = if self.mirrored { across - 1 - x } else { x };
        (y * across + x, down * across + sign * right, row_down * across + sign * row_right)
    }
}

/// Writes the pixels of a frame of `size` (width, height), made upright, to `rgba`, which has 4 bytes for each of them.
///
/// # Errors
/// [`OutOfBounds`] if `bytes` or `rgba` is shorter than the layout says.
pub fn to_rgba(
    bytes: &[u8],
    size: (usize, usize),
    layout: &Layout,
    turn: Turn,
    rgba: &mut [u8],
) -> Result<(), OutOfBounds> {
    let (width, height) = size;
    let (first, next, next_row) = turn.places(size);
    if turn.is_none() {
        let mut lines = rgba.chunks_exact_mut(4 * width.max(1));
        return (0..height).try_for_each(|y| layout.read_row(bytes, y, lines.next().ok_or(OutOfBounds)?));
    }
    let mut line = vec![0; 4 * width];
    for y in 0..height {
        layout.read_row(bytes, y, &mut line)?;
        for (x, pixel) in line.chunks_exact(4).enumerate() {
            let at = 4 * (first + next * x as isize + next_row * y as isize) as usize;
            rgba.get_mut(at..at + 4).ok_or(OutOfBounds)?.copy_from_slice(pixel);
        }
    }
    Ok(())
}

impl Layout {
    /// Converts a row of the frame to `line`, which has 4 bytes for each of its pixels.
    fn read_row(&self, bytes: &[u8], y: usize, line: &mut [u8]) -> Result<(), OutOfBounds> {
        let width = line.len() / 4;
        match *self {
            Layout::Rgb(planes) => {
                let [red, green, blue] = planes.map(|plane| plane.row(bytes, y, width));
                let (red, green, blue) = (red?, green?, blue?);
                for (pixel, ((red, green), blue)) in line.chunks_exact_mut(4).zip(red.iter().zip(&*green).zip(&*blue)) {
                    pixel.copy_from_slice(&[*red, *green, *blue, 255]);
                }
            }
            Layout::Yuv { luma, blue, red, colours } => {
                let half = width.div_ceil(2);
                let (blue, red) = (blue.row(bytes, y / 2, half)?, red.row(bytes, y / 2, half)?);
                convert_row(&luma.row(bytes, y, width)?, &blue, &red, &Conversion::new(colours), line);
            }
        }
        Ok(())
    }
}

/// Converts a row of which each chroma sample covers two pixels.
fn convert_row(luma: &[u8], blue: &[u8], red: &[u8], conversion: &Conversion, line: &mut [u8]) {
    let (luma_pairs, last_luma) = luma.as_chunks::<2>();
    let (pixel_pairs, last_pixel) = line.as_chunks_mut::<8>();
    let chroma = blue.iter().zip(red).map(|(&blue, &red)| conversion.chroma(blue, red));
    for ((pixels, [first, second]), chroma) in pixel_pairs.iter_mut().zip(luma_pairs).zip(chroma) {
        let [[r1, g1, b1], [r2, g2, b2]] = [first, second].map(|&luma| conversion.pixel(luma, chroma));
        *pixels = [r1, g1, b1, 255, r2, g2, b2, 255];
    }
    if let ([luma], [r, g, b, a], Some(&blue), Some(&red)) = (last_luma, last_pixel, blue.last(), red.last()) {
        [*r, *g, *b] = conversion.pixel(*luma, conversion.chroma(blue, red));
        *a = 255;
    }
}

impl Plane {
    /// The `count` samples of one row, next to each other.
    fn row(self, bytes: &[u8], y: usize, count: usize) -> Result<Cow<'_, [u8]>, OutOfBounds> {
        let length = count.saturating_sub(1).checked_mul(self.step).and_then(|last| last.checked_add(1));
        let from = y.checked_mul(self.stride).and_then(|rows| rows.checked_add(self.offset));
        let range = from.zip(length).and_then(|(from, length)| Some(from..from.checked_add(length)?));
        let row = range.filter(|_| self.step > 0).and_then(|range| bytes.get(range)).ok_or(OutOfBounds)?;
        Ok(if self.step == 1 { Cow::Borrowed(row) } else { row.iter().step_by(self.step).copied().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colours::Matrix;

    const LIMITED: Colours = Colours { matrix: Matrix::Bt601, full_range: false };

    fn i420(width: usize, height: usize, colours: Colours) -> Layout {
        let (half, luma) = (width.div_ceil(2), width * height);
        let chroma = |offset| Plane { offset, step: 1, stride: half };
        Layout::Yuv {
            luma: Plane { offset: 0, step: 1, stride: width },
            blue: chroma(luma),
            red: chroma(luma + half * height.div_ceil(2)),
            colours,
        }
    }

    #[test]
    fn interleaved_chroma_reads_like_separate_chroma_also_with_padding_and_odd_sizes() {
        let (width, height) = (5, 3);
        let luma: Vec<u8> = (0..15).map(|at| 40 + 9 * at).collect();
        let (blue, red): (Vec<u8>, Vec<u8>) =
            ((0..6).map(|at| 90 + 12 * at).collect(), (0..6).map(|at| 160 - 11 * at).collect());
        let planar = [luma.clone(), blue.clone(), red.clone()].concat();
        let mut nv12 = vec![0; 3 * 8 + 2 * 6];
        for y in 0..height {
            nv12[8 * y..][..5].copy_from_slice(&luma[5 * y..][..5]);
        }
        for (at, (b, r)) in blue.iter().zip(&red).enumerate() {
            nv12[24 + 2 * at..][..2].copy_from_slice(&[*b, *r]);
        }
        let chroma = |offset| Plane { offset, step: 2, stride: 6 };
        let interleaved = Layout::Yuv {
            luma: Plane { offset: 0, step: 1, stride: 8 },
            blue: chroma(24),
            red: chroma(25),
            colours: LIMITED,
        };
        let convert = |bytes: &[u8], layout: &Layout| {
            let mut rgba = vec![0; 4 * width * height];
            to_rgba(bytes, (width, height), layout, Turn::default(), &mut rgba).unwrap();
            rgba
        };
        let expected = convert(&planar, &i420(width, height, LIMITED));
        assert_eq!(convert(&nv12, &interleaved), expected);
        assert!(expected.chunks(4).all(|pixel| pixel[3] == 255));
        assert_ne!(expected[0], expected[4 * 14], "the picture has content");
    }

    #[test]
    fn rgb_is_read_in_any_order() {
        let bgrx = [3, 2, 1, 0, 6, 5, 4, 0];
        let plane = |offset| Plane { offset, step: 4, stride: 8 };
        let mut rgba = [0; 8];
        to_rgba(&bgrx, (2, 1), &Layout::Rgb([plane(2), plane(1), plane(0)]), Turn::default(), &mut rgba).unwrap();
        assert_eq!(rgba, [1, 2, 3, 255, 4, 5, 6, 255]);
    }

    #[test]
    fn a_frame_is_turned_clockwise_and_then_mirrored() {
        // abc
        // def
        let bytes = *b"abcdef";
        let plane = Plane { offset: 0, step: 1, stride: 3 };
        let turned = |quarters, mirrored| {
            let turn = Turn { quarters, mirrored };
            let mut rgba = vec![0; 24];
            to_rgba(&bytes, (3, 2), &Layout::Rgb([plane; 3]), turn, &mut rgba).unwrap();
            let text: String = rgba.chunks(4).map(|pixel| char::from(pixel[0])).collect();
            let (width, _) = turn.size((3, 2));
            (text[..width].to_owned(), text)
        };
        for (quarters, mirrored, rows) in [
            (0, false, "abcdef"),
            (1, false, "daebfc"),
            (2, false, "fedcba"),
            (3, false, "cfbead"),
            (0, true, "cbafed"),
            (1, true, "adbecf"),
            (2, true, "defabc"),
            (3, true, "fcebda"),
            (5, false, "daebfc"),
        ] {
            let (first, text) = turned(quarters, mirrored);
            assert_eq!(text, rows, "{quarters} quarters, mirrored: {mirrored}");
            assert_eq!(first.len(), if quarters % 2 == 0 { 3 } else { 2 });
        }
    }

    #[test]
    fn a_layout_beyond_the_bytes_is_refused() {
        let mut rgba = [0; 64];
        let mut convert = |bytes: &[u8], layout: &Layout| to_rgba(bytes, (4, 4), layout, Turn::default(), &mut rgba);
        assert_eq!(convert(&[0; 24], &i420(4, 4, LIMITED)), Ok(()));
        assert_eq!(convert(&[0; 23], &i420(4, 4, LIMITED)), Err(OutOfBounds));
        let far = Plane { offset: usize::MAX, step: usize::MAX, stride: usize::MAX };
        assert_eq!(convert(&[0; 24], &Layout::Rgb([far; 3])), Err(OutOfBounds));
        let still = Plane { offset: 0, step: 0, stride: 4 };
        assert_eq!(convert(&[0; 24], &Layout::Rgb([still; 3])), Err(OutOfBounds));
        assert_eq!(to_rgba(&[0; 24], (4, 4), &i420(4, 4, LIMITED), Turn::default(), &mut [0; 60]), Err(OutOfBounds));
    }
}
