//! Sampling a region that is not rotated: all cells in a column have the same x, all cells in a row the same y. So each
//! row of the frame is interpolated along x only once, however many rows of cells need it, and then along y.
//!
//! The values equal those of the general way ([`crate::crop`]), bit for bit.

use crate::frame::Frame;
use crate::geometry::{Affine, Point};
use crate::sampling::{Border, Channels};

/// The position of a column of cells: the pixels to its left and right, and its distance from the left one in pixels.
struct Column {
    left: Option<usize>,
    right: Option<usize>,
    share: f32,
}

/// Samples like [`crate::crop::sample_rgb`]. `out` has `side * side * 3` values.
pub(crate) fn sample(
    frame: &Frame,
    to_frame: &Affine,
    side: usize,
    border: Border,
    channels: Channels,
    out: &mut [f32],
) {
    let at = |cell: usize| to_frame.apply(Point::new(cell as f32, cell as f32));
    let column = |cell: usize| {
        let (left, share) = split(at(cell).x);
        let [left, right] = [left, left.saturating_add(1)].map(|x| within(x, frame.width(), border));
        Column { left, right, share }
    };
    let columns: Vec<Column> = (0..side).map(column).collect();
    let mut lines = [0, 1].map(|_| Line { row: None, values: vec![0.0; side * 3] });
    for (cell, values) in out.chunks_exact_mut(side * 3).enumerate() {
        let (above, share) = split(at(cell).y);
        let [top, below] = &mut lines;
        if below.row == Some(above) {
            std::mem::swap(top, below);
        }
        for (line, row) in [(&mut *top, above), (&mut *below, above.saturating_add(1))] {
            line.move_to(row, frame, &columns, border);
        }
        for ((value, top), below) in values.iter_mut().zip(&top.values).zip(&below.values) {
            *value = channels.of(top + (below - top) * share);
        }
    }
}

/// A row of the frame, interpolated along x.
struct Line {
    row: Option<i64>,
    values: Vec<f32>,
}

impl Line {
    fn move_to(&mut self, row: i64, frame: &Frame, columns: &[Column], border: Border) {
        if self.row.replace(row) == Some(row) {
            return;
        }
        let row = within(row, frame.height(), border);
        let pixel = |x: Option<usize>| x.zip(row).map_or([0.0; 3], |(x, y)| frame.rgb(x, y).map(f32::from));
        for (values, column) in self.values.chunks_exact_mut(3).zip(columns) {
            for ((value, left), right) in values.iter_mut().zip(pixel(column.left)).zip(pixel(column.right)) {
                *value = left + (right - left) * column.share;
            }
        }
    }
}

/// The pixel before a coordinate, and the coordinate's distance from it.
fn split(at: f32) -> (i64, f32) {
    let before = at.floor();
    (before as i64, at - before)
}

/// The pixel to read at position `at` of `count`; `None` for a black one.
fn within(at: i64, count: usize, border: Border) -> Option<usize> {
    let last = count as i64 - 1;
    match border {
        Border::Black => usize::try_from(at).ok().filter(|_| at <= last),
        Border::Nearest => usize::try_from(at.clamp(0, last)).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crop;
    use crate::frame::Picture;
    use crate::sampling::Range;

    #[test]
    fn every_value_equals_that_of_the_general_way() {
        let rgb: Vec<u8> = (0..37 * 23 * 3_usize).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let picture = Picture::from_rgb(&rgb, 37, 23).unwrap();
        let frame = picture.as_frame();
        let maps = [
            ("cells closer than pixels", Affine::scale(0.5, 0.5)),
            ("cells wider than pixels", Affine::scale(2.3, 1.7)),
            ("each cell a pixel", Affine::scale(1.0, 1.0)),
            ("beyond all edges", Affine::shift(-7.3, -9.6).then_inner(&Affine::scale(1.9, 1.4))),
            ("outside", Affine::shift(400.0, -400.0)),
            ("mirrored", Affine::shift(36.0, 22.0).then_inner(&Affine::scale(-0.9, -0.6))),
            ("nowhere", Affine::shift(f32::NAN, f32::INFINITY)),
        ];
        for (what, map) in maps {
            for border in [Border::Black, Border::Nearest] {
                let channels = Channels::of_range(Range::MinusOneToOne);
                let [mut upright, mut turned] = [0, 1].map(|_| vec![0.0; 32 * 32 * 3]);
                sample(&frame, &map, 32, border, channels, &mut upright);
                crop::sample_turned(&frame, &map, 32, border, channels, &mut turned);
                let bits = |values: &[f32]| {
                    values.iter().map(|v| if v.is_nan() { 1 } else { v.to_bits() }).collect::<Vec<_>>()
                };
                assert_eq!(bits(&upright), bits(&turned), "{what}, {border:?}");
            }
        }
    }
}
