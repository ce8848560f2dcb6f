//! The matrix kernel: gathered pixels times weights, then bias, an addend and PReLU.
#![allow(unsafe_code)]

use super::backend::{Backend, CHANNEL_STEP};
use super::lanes::Lanes;
use super::pixels::PixelRange;

/// Weights arranged for one instruction set.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    backend: Backend,
    /// Contiguous runs of input values: one, or one for each row of a window.
    segments: usize,
    /// Values in a run.
    length: usize,
    /// Output channels, padded to a multiple of [`CHANNEL_STEP`].
    channels: usize,
    /// For two vectors of channels at a time (one, if only one is left): their weights, input by input.
    panels: Vec<f32>,
    bias: Vec<f32>,
    slopes: Vec<f32>,
}

/// Values that are added before the PReLU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addend<'a> {
    pub(crate) values: &'a [f32],
    /// Floats from one pixel to the next. Nothing is added to channels beyond.
    pub(crate) step: usize,
    /// The addend's pixel for each pixel of the product.
    pub(crate) pixels: PixelRange<'a>,
}

/// One product: some pixels of a layer.
pub(crate) struct Product<'a> {
    pub(crate) matrix: &'a Matrix,
    /// Starts with the first value of the first pixel.
    pub(crate) input: &'a [f32],
    /// Floats from one pixel to the next.
    pub(crate) pixel_step: usize,
    /// Floats from one segment of a pixel to the next.
    pub(crate) segment_step: usize,
    pub(crate) addend: Option<Addend<'a>>,
    pub(crate) output: &'a mut [f32],
    /// The output's pixel for each pixel of the product.
    pub(crate) pixels: PixelRange<'a>,
}

impl Matrix {
    /// Arranges `weights`, one row of `segments * length` values for each output channel.
    pub(crate) fn new(
        backend: Backend,
        segments: usize,
        length: usize,
        weights: &[f32],
        bias: &[f32],
        slopes: &[f32],
    ) -> Matrix {
        let depth = segments * length;
        assert_eq!(weights.len(), bias.len() * depth, "one row of weights for each channel");
        assert_eq!(slopes.len(), bias.len(), "one slope for each channel");
        let channels = bias.len().next_multiple_of(CHANNEL_STEP);
        let mut panels = vec![0.0; channels * depth];
        let mut rest = panels.as_mut_slice();
        for (first, width) in panel_widths(channels, backend.lanes()) {
            let (panel, behind) = rest.split_at_mut(width * depth);
            for (lane, row) in weights.chunks_exact(depth).skip(first).take(width).enumerate() {
                for (to, &weight) in panel[lane..].iter_mut().step_by(width).zip(row) {
                    *to = weight;
                }
            }
            rest = behind;
        }
        let filled = |values: &[f32]| {
            let mut values = values.to_vec();
            values.resize(channels, 0.0);
            values
        };
        Matrix { backend, segments, length, channels, panels, bias: filled(bias), slopes: filled(slopes) }
    }

    pub(super) fn backend(&self) -> Backend {
        self.backend
    }
}

/// First channel and width of each panel.
fn panel_widths(channels: usize, lanes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..channels).step_by(2 * lanes).map(move |first| (first, (channels - first).min(2 * lanes)))
}

impl Product<'_> {
    /// Checks that input, output and addend hold every pixel.
    pub(super) fn check(&self) {
        let Matrix { segments, length, channels, .. } = *self.matrix;
        let count = self.pixels.positions().len();
        let last = count.saturating_sub(1) * self.pixel_step + (segments - 1) * self.segment_step + length;
        assert!(self.input.len() >= last, "the input holds every pixel");
        assert!(self.pixels.fit(channels, self.output.len()), "the output holds every pixel");
        if let Some(addend) = self.addend {
            let has_all = addend.pixels.positions().len() == count;
            assert!(addend.step.is_multiple_of(CHANNEL_STEP) && has_all, "the addend fits");
            assert!(addend.pixels.fit(addend.step, addend.values.len()), "the addend holds every pixel");
        }
    }
}

/// # Safety
/// The product must have been checked; see also [`Lanes`].
#[inline(always)]
pub(super) unsafe fn multiply<L: Lanes>(product: &mut Product) {
    let matrix = product.matrix;
    let depth = matrix.segments * matrix.length;
    let mut panel = matrix.panels.as_ptr();
    for (first, width) in panel_widths(matrix.channels, L::COUNT) {
        // SAFETY: the panels hold `width * depth` weights for each of these widths, and the product was checked.
        unsafe {
            if width == 2 * L::COUNT {
                pixels::<L, 2>(product, panel, first);
            } else {
                pixels::<L, 1>(product, panel, first);
            }
            panel = panel.add(width * depth);
        }
    }
}

/// Computes all pixels for `N` vectors of channels from `channel` on.
///
/// # Safety
/// The product must have been checked, and `weights` hold `N` vectors for each input.
#[inline(always)]
unsafe fn pixels<L: Lanes, const N: usize>(product: &mut Product, weights: *const f32, channel: usize) {
    let count = product.pixels.positions().len();
    let mut done = 0;
    // SAFETY: no tile extends beyond the last pixel.
    unsafe {
        while L::TILE >= 6 && count - done >= 6 {
            tile::<L, 6, N>(product, weights, channel, done);
            done += 6;
        }
        while count - done >= 4 {
            tile::<L, 4, N>(product, weights, channel, done);
            done += 4;
        }
        if count - done >= 2 {
            tile::<L, 2, N>(product, weights, channel, done);
            done += 2;
        }
        if count - done >= 1 {
            tile::<L, 1, N>(product, weights, channel, done);
        }
    }
}

/// Computes `M` pixels from `first` on for `N` vectors of channels.
///
/// # Safety
/// As for [`pixels`], and the pixels must exist.
#[inline(always)]
unsafe fn tile<L: Lanes, const M: usize, const N: usize>(
    product: &mut Product,
    weights: *const f32,
    channel: usize,
    first: usize,
) {
    let matrix = product.matrix;
    // SAFETY: `Product::check` has made sure that each pixel's values, output and addend are inside their buffers, and
    // bias and slopes have a value for every channel of every panel.
    unsafe {
        let vectors = |from: *const f32| -> [L::V; N] { std::array::from_fn(|n| L::load(from.add(n * L::COUNT))) };
        let mut sums = [vectors(matrix.bias.as_ptr().add(channel)); M];
        let mut weights = weights;
        for segment in 0..matrix.segments {
            let start = product.input.as_ptr().add(first * product.pixel_step + segment * product.segment_step);
            for k in 0..matrix.length {
                let weight = vectors(weights);
                for (m, sum) in sums.iter_mut().enumerate() {
                    let value = L::splat(start.add(m * product.pixel_step + k));
                    for (sum, weight) in sum.iter_mut().zip(weight) {
                        *sum = L::mul_add(value, weight, *sum);
                    }
                }
                weights = weights.add(N * L::COUNT);
            }
        }
        let slopes = vectors(matrix.slopes.as_ptr().add(channel));
        for (m, sum) in sums.iter_mut().enumerate() {
            if let Some(addend) = &product.addend {
                let at = *addend.pixels.positions().get_unchecked(first + m) as usize * addend.step + channel;
                for (n, sum) in sum.iter_mut().enumerate() {
                    if channel + n * L::COUNT < addend.step {
                        *sum = L::add(*sum, L::load(addend.values.as_ptr().add(at + n * L::COUNT)));
                    }
                }
            }
            let at = *product.pixels.positions().get_unchecked(first + m) as usize * matrix.channels + channel;
            for (n, (&sum, slope)) in sum.iter().zip(slopes).enumerate() {
                let positive = L::max(sum, L::zero());
                let value = L::mul_add(L::min(sum, L::zero()), slope, positive);
                L::store(product.output.as_mut_ptr().add(at + n * L::COUNT), value);
            }
        }
    }
}
