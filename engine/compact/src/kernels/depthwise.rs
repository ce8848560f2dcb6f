//! The depthwise kernel: rows of a 3×3 convolution in which every channel depends only on itself.
#![allow(unsafe_code)]

use super::backend::{Backend, CHANNEL_STEP};
use super::lanes::Lanes;

/// Nine weights for each channel.
#[derive(Clone, Debug)]
pub(crate) struct DepthwiseWeights {
    backend: Backend,
    /// Channels, padded to a multiple of [`CHANNEL_STEP`].
    channels: usize,
    /// Tap by tap from the top left.
    taps: Vec<f32>,
}

/// Some rows of output.
pub(crate) struct DepthwiseRows<'a> {
    pub(crate) weights: &'a DepthwiseWeights,
    /// Starts with the top left pixel of the first output pixel's window.
    pub(crate) input: &'a [f32],
    /// Floats from one row of the input to the next.
    pub(crate) row_step: usize,
    /// Input pixels from one output pixel to the next: 1 or 2.
    pub(crate) stride: usize,
    /// Output pixels in a row.
    pub(crate) width: usize,
    /// Output rows.
    pub(crate) height: usize,
    /// The rows, one after the other.
    pub(crate) output: &'a mut [f32],
}

impl DepthwiseWeights {
    /// Arranges `weights`, nine rows of one value for each channel.
    pub(crate) fn new(backend: Backend, weights: &[f32]) -> DepthwiseWeights {
        assert!(weights.len().is_multiple_of(9), "nine taps");
        let count = weights.len() / 9;
        let channels = count.next_multiple_of(CHANNEL_STEP);
        let mut taps = vec![0.0; 9 * channels];
        for (to, from) in taps.chunks_exact_mut(channels).zip(weights.chunks_exact(count)) {
            to[..count].copy_from_slice(from);
        }
        DepthwiseWeights { backend, channels, taps }
    }

    pub(super) fn backend(&self) -> Backend {
        self.backend
    }
}

impl DepthwiseRows<'_> {
    /// Checks that the input holds every window and the output every pixel.
    pub(super) fn check(&self) {
        let channels = self.weights.channels;
        assert!(
            matches!(self.stride, 1 | 2) && self.width > 0 && self.height > 0,
            "stride, width and height are valid"
        );
        let last_row = (self.height - 1) * self.stride + 2;
        let last_column = (self.width - 1) * self.stride + 3;
        assert!(self.input.len() >= last_row * self.row_step + last_column * channels, "the input holds every window");
        assert!(self.output.len() >= self.width * self.height * channels, "the output holds every pixel");
    }
}

/// # Safety
/// The rows must have been checked; see also [`Lanes`].
#[inline(always)]
pub(super) unsafe fn convolve<L: Lanes>(rows: &mut DepthwiseRows) {
    // SAFETY: as this function's contract says.
    unsafe {
        if rows.stride == 1 {
            convolve_stride::<L, 1>(rows);
        } else {
            convolve_stride::<L, 2>(rows);
        }
    }
}

/// # Safety
/// As for [`convolve`], and the stride must be `S`.
#[inline(always)]
unsafe fn convolve_stride<L: Lanes, const S: usize>(rows: &mut DepthwiseRows) {
    let channels = rows.weights.channels;
    for row in 0..rows.height {
        for channel in (0..channels).step_by(L::COUNT) {
            // SAFETY: `DepthwiseRows::check` has made sure that every window and every output pixel is inside its
            // buffer; there are nine taps for every channel.
            unsafe {
                let taps = rows.weights.taps.as_ptr().add(channel);
                let taps: [L::V; 9] = std::array::from_fn(|tap| L::load(taps.add(tap * channels)));
                let input = rows.input.as_ptr().add(row * S * rows.row_step + channel);
                let output = rows.output.as_mut_ptr().add(row * rows.width * channels + channel);
                let mut x = 0;
                while x < rows.width {
                    let (from, to) = (input.add(x * S * channels), output.add(x * channels));
                    if rows.width - x >= 4 {
                        columns::<L, S, 4>(&taps, from, rows.row_step, channels, to);
                        x += 4;
                    } else {
                        columns::<L, S, 1>(&taps, from, rows.row_step, channels, to);
                        x += 1;
                    }
                }
            }
        }
    }
}

/// Computes `X` adjacent output pixels. Each value is loaded once for all the pixels that use it.
///
/// # Safety
/// The windows of `X` pixels from `input` on must be readable, and their `X` values from `output` on writable.
#[inline(always)]
unsafe fn columns<L: Lanes, const S: usize, const X: usize>(
    taps: &[L::V; 9],
    input: *const f32,
    row_step: usize,
    channels: usize,
    output: *mut f32,
) {
    // SAFETY: as this function's contract says.
    unsafe {
        let mut sums = [L::zero(); X];
        for row in 0..3 {
            for column in 0..(X - 1) * S + 3 {
                let value = L::load(input.add(row * row_step + column * channels));
                for tap in 0..3 {
                    // The pixel that uses this column with this tap, if there is one.
                    if column >= tap && (column - tap).is_multiple_of(S) && (column - tap) / S < X {
                        let sum = &mut sums[(column - tap) / S];
                        *sum = L::mul_add(value, taps[row * 3 + tap], *sum);
                    }
                }
            }
        }
        for (x, sum) in sums.into_iter().enumerate() {
            L::store(output.add(x * channels), sum);
        }
    }
}
