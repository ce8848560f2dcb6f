//! Where the pixels of a product are in its buffers.

use std::ops::Range;

/// Positions of pixels, in increasing order, so that the last one says whether all of them fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pixels(Vec<u32>);

/// Some pixels in a row of [`Pixels`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PixelRange<'a>(&'a [u32]);

impl Pixels {
    /// Positions in pixels, not in floats.
    pub(crate) fn new(positions: Vec<u32>) -> Pixels {
        assert!(positions.is_sorted(), "positions increase");
        Pixels(positions)
    }

    pub(crate) fn range(&self, range: Range<usize>) -> PixelRange<'_> {
        PixelRange(&self.0[range])
    }
}

impl<'a> PixelRange<'a> {
    pub(super) fn positions(self) -> &'a [u32] {
        self.0
    }

    /// Whether a buffer of `len` floats, with `step` floats for each pixel, holds them.
    pub(super) fn fit(self, step: usize, len: usize) -> bool {
        self.0.last().is_none_or(|&last| (last as usize + 1) * step <= len)
    }
}
