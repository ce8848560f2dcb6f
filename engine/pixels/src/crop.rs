//! Sampling: a frame and a region in, the pixels a network wants out, in one pass. Bilinear, one sample per cell.

use crate::frame::Frame;
use crate::geometry::{Affine, Point};
use crate::sampling::Channels;
use crate::upright;

pub use crate::sampling::{Border, Range};

/// Samples `side × side` cells of `frame` through `to_frame` into `out` (`side * side * 3` values, R G B per cell).
pub fn sample_rgb(frame: &Frame, to_frame: &Affine, side: usize, border: Border, range: Range, out: &mut Vec<f32>) {
    // The length stays the same from frame to frame, so this rarely writes anything.
    out.resize(side * side * 3, 0.0);
    let is_upright = to_frame.xy == 0.0 && to_frame.yx == 0.0;
    let sample = if is_upright { upright::sample } else { sample_turned };
    sample(frame, to_frame, side, border, Channels::of_range(range), out);
}

/// Samples through any map. `out` has `side * side * 3` values.
pub(crate) fn sample_turned(
    frame: &Frame,
    to_frame: &Affine,
    side: usize,
    border: Border,
    channels: Channels,
    out: &mut [f32],
) {
    for (row, cells) in out.chunks_exact_mut(side * 3).enumerate() {
        for (column, cell) in cells.chunks_exact_mut(3).enumerate() {
            let at = to_frame.apply(Point::new(column as f32, row as f32));
            let colour = bilinear(frame, at, border);
            for (value, colour) in cell.iter_mut().zip(colour) {
                *value = channels.of(colour);
            }
        }
    }
}

/// Samples the cells in these rows and columns as luma, 0 to 255 (ITU-R BT.601 weights). Uses the nearest pixel outside
/// the frame.
pub fn sample_luma(frame: &Frame, to_frame: &Affine, cells: std::ops::Range<usize>, out: &mut Vec<f32>) {
    out.resize(cells.len() * cells.len(), 0.0);
    for (row, values) in cells.clone().zip(out.chunks_exact_mut(cells.len().max(1))) {
        for (column, value) in cells.clone().zip(values) {
            *value = luma_at(frame, to_frame.apply(Point::new(column as f32, row as f32)));
        }
    }
}

/// The frame's colour at `at`, rounded. Outside the frame, that of the nearest pixel.
pub fn rgb_at(frame: &Frame, at: Point) -> [u8; 3] {
    bilinear(frame, at, Border::Nearest).map(|v| v.round() as u8)
}

/// The frame's luma at `at`, 0 to 255. Outside the frame, that of the nearest pixel.
pub fn luma_at(frame: &Frame, at: Point) -> f32 {
    luma(bilinear(frame, at, Border::Nearest))
}

/// Luma of an R, G, B triple by ITU-R BT.601, in the triple's own range.
pub fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The frame's colour at `p`, 0 to 255, interpolated between the four pixels around it.
#[inline(always)]
fn bilinear(frame: &Frame, p: Point, border: Border) -> [f32; 3] {
    let (right, bottom) = ((frame.width() - 1) as f32, (frame.height() - 1) as f32);
    // Also false if a coordinate is not a number.
    let is_inside = p.x >= 0.0 && p.y >= 0.0 && p.x < right && p.y < bottom;
    if !is_inside {
        return at_border(frame, p, border);
    }
    let (x, y) = (p.x as usize, p.y as usize);
    let (fx, fy) = (p.x - x as f32, p.y - y as f32);
    let [top, below] = frame.pair_rows(x, y);
    let [r, g, b, _] = mix(top, below, fx, fy);
    [r, g, b]
}

/// Interpolates between two pairs of RGBA pixels, four values at a time, so that it can be vectorised.
#[inline(always)]
fn mix(top: &[u8; 8], below: &[u8; 8], fx: f32, fy: f32) -> [f32; 4] {
    let along = |pair: &[u8; 8]| -> [f32; 4] {
        let [a, b]: [[f32; 4]; 2] = [0, 4].map(|first| std::array::from_fn(|i| f32::from(pair[first + i])));
        std::array::from_fn(|i| a[i] + (b[i] - a[i]) * fx)
    };
    let (top, below) = (along(top), along(below));
    std::array::from_fn(|i| top[i] + (below[i] - top[i]) * fy)
}

/// The same if some of the four pixels are outside the frame, or in its last row or column.
#[cold]
fn at_border(frame: &Frame, p: Point, border: Border) -> [f32; 3] {
    let (x, y) = (p.x.floor(), p.y.floor());
    let (fx, fy) = (p.x - x, p.y - y);
    let (x, y) = (x as i64, y as i64);
    let [a, b, c, d] = [(0, 0), (1, 0), (0, 1), (1, 1)]
        .map(|(dx, dy)| pixel(frame, x.saturating_add(dx), y.saturating_add(dy), border));
    std::array::from_fn(|i| {
        let top = a[i] + (b[i] - a[i]) * fx;
        let below = c[i] + (d[i] - c[i]) * fx;
        top + (below - top) * fy
    })
}

fn pixel(frame: &Frame, x: i64, y: i64, border: Border) -> [f32; 3] {
    let (right, bottom) = (frame.width() as i64 - 1, frame.height() as i64 - 1);
    let inside = (0..=right).contains(&x) && (0..=bottom).contains(&y);
    if !inside && border == Border::Black {
        return [0.0; 3];
    }
    let (x, y) = (x.clamp(0, right) as usize, y.clamp(0, bottom) as usize);
    frame.rgb(x, y).map(f32::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;

    fn two_pixels() -> Picture {
        Picture::from_rgb(&[0, 0, 0, 255, 255, 255], 2, 1).unwrap()
    }

    #[test]
    fn colours_between_two_pixels_are_mixed_by_distance() {
        let picture = two_pixels();
        for (x, expected) in [(0.0, 0.0), (0.25, 63.75), (0.5, 127.5), (1.0, 255.0)] {
            let [r, ..] = bilinear(&picture.as_frame(), Point::new(x, 0.0), Border::Nearest);
            assert!((r - expected).abs() < 1e-3, "x = {x}: {r}");
        }
    }

    #[test]
    fn outside_is_black_or_the_nearest_pixel() {
        let picture = two_pixels();
        assert_eq!(bilinear(&picture.as_frame(), Point::new(5.0, 0.0), Border::Black), [0.0; 3]);
        assert_eq!(bilinear(&picture.as_frame(), Point::new(5.0, -3.0), Border::Nearest), [255.0; 3]);
        assert_eq!(bilinear(&picture.as_frame(), Point::new(-1e9, 0.0), Border::Nearest), [0.0; 3]);
    }

    #[test]
    fn ranges_are_those_of_the_model_cards() {
        let picture = two_pixels();
        let mut out = Vec::new();
        sample_rgb(&picture.as_frame(), &Affine::scale(1.0, 0.0), 2, Border::Black, Range::MinusOneToOne, &mut out);
        assert_eq!(out[..6], [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]);
        sample_rgb(&picture.as_frame(), &Affine::scale(1.0, 0.0), 2, Border::Black, Range::ZeroToOne, &mut out);
        assert_eq!(out[..6], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    }
}
