//! Frames: borrowed RGBA pixels whose length was checked once, from any source.

/// A picture of `width × height` pixels, row by row from the top left, four bytes each (R, G, B, A; A is ignored).
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    width: usize,
    height: usize,
    rgba: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Wraps `rgba`, which must be exactly `width * height * 4` bytes.
    ///
    /// # Errors
    /// [`FrameError::Length`] if it has another length, [`FrameError::Empty`] if a side is 0.
    pub fn new(rgba: &'a [u8], width: usize, height: usize) -> Result<Frame<'a>, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::Empty);
        }
        let expected = width.saturating_mul(height).saturating_mul(4);
        if rgba.len() != expected {
            return Err(FrameError::Length { expected, got: rgba.len() });
        }
        Ok(Frame { width, height, rgba })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All bytes of the picture.
    pub fn rgba(&self) -> &'a [u8] {
        self.rgba
    }

    /// The pixel in column `x` of row `y` as R, G, B. Panics outside the frame.
    #[inline]
    pub fn rgb(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]]
    }

    /// Copies `width × height` pixels from (`x`, `y`) on. `None` if some of them are outside the frame.
    pub fn part(&self, (x, y): (usize, usize), width: usize, height: usize) -> Option<Picture> {
        let (right, bottom) = (x.checked_add(width)?, y.checked_add(height)?);
        if right > self.width || bottom > self.height {
            return None;
        }
        let row = |y: usize| &self.rgba[(y * self.width + x) * 4..(y * self.width + right) * 4];
        let rgba = (y..bottom).flat_map(row).copied().collect();
        Picture::new(rgba, width, height).ok()
    }

    /// The pixels in columns `x` and `x + 1` of rows `y` and `y + 1`, as R G B A R G B A. Panics outside the frame.
    #[inline]
    pub(crate) fn pair_rows(&self, x: usize, y: usize) -> [&[u8; 8]; 2] {
        let pair = |y: usize| {
            let at = (y * self.width + x) * 4;
            self.rgba[at..].first_chunk::<8>().expect("two pixels are inside the frame")
        };
        [pair(y), pair(y + 1)]
    }
}

/// An owned picture in the same layout as [`Frame`].
#[derive(Clone, Debug, Default)]
pub struct Picture {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
}

impl Picture {
    /// Wraps `rgba`, under the conditions of [`Frame::new`].
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn new(rgba: Vec<u8>, width: usize, height: usize) -> Result<Picture, FrameError> {
        Frame::new(&rgba, width, height)?;
        Ok(Picture { width, height, rgba })
    }

    /// Builds a picture from rows of R, G, B triples without padding.
    ///
    /// # Errors
    /// [`FrameError::Length`] if `rgb` is not `width * height * 3` bytes, [`FrameError::Empty`] if a side is 0.
    pub fn from_rgb(rgb: &[u8], width: usize, height: usize) -> Result<Picture, FrameError> {
        let expected = width.saturating_mul(height).saturating_mul(3);
        if rgb.len() != expected {
            return Err(FrameError::Length { expected, got: rgb.len() });
        }
        let mut rgba = vec![255; width.saturating_mul(height).saturating_mul(4)];
        for (to, from) in rgba.chunks_exact_mut(4).zip(rgb.chunks_exact(3)) {
            to[..3].copy_from_slice(from);
        }
        Picture::new(rgba, width, height)
    }

    /// Borrows the picture as a frame.
    pub fn as_frame(&self) -> Frame<'_> {
        Frame { width: self.width, height: self.height, rgba: &self.rgba }
    }
}

/// The pixels do not make a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length of the pixel buffer does not match the size.
    #[error("frame has {got} bytes, expected {expected}")]
    Length {
        /// Bytes that width and height require.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// Width or height is 0.
    #[error("frame has no pixels")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_takes_exactly_four_bytes_per_pixel() {
        assert!(Frame::new(&[0; 24], 3, 2).is_ok());
        for (length, width, height) in [(23, 3, 2), (25, 3, 2), (0, 3, 2), (24, 0, 2), (24, usize::MAX, 2)] {
            assert!(Frame::new(&vec![0; length], width, height).is_err(), "{length} bytes as {width}×{height}");
        }
    }

    #[test]
    fn a_part_has_the_frames_pixels_and_must_be_inside_it() {
        let rgb: Vec<u8> = (0..5 * 4 * 3).collect();
        let picture = Picture::from_rgb(&rgb, 5, 4).unwrap();
        let frame = picture.as_frame();
        let part = frame.part((2, 1), 3, 2).unwrap();
        let part = part.as_frame();
        assert_eq!((part.width(), part.height()), (3, 2));
        for (x, y) in [(0, 0), (2, 0), (0, 1), (2, 1)] {
            assert_eq!(part.rgb(x, y), frame.rgb(x + 2, y + 1), "({x}, {y})");
        }
        for (at, width, height) in [((3, 1), 3, 2), ((2, 3), 3, 2), ((0, 0), 0, 2), ((usize::MAX, 0), 3, 2)] {
            assert!(frame.part(at, width, height).is_none(), "{width}×{height} at {at:?}");
        }
    }

    #[test]
    fn rgb_rows_become_opaque_rgba_in_the_same_order() {
        let picture = Picture::from_rgb(&[1, 2, 3, 4, 5, 6], 2, 1).unwrap();
        assert_eq!(picture.as_frame().rgb(0, 0), [1, 2, 3]);
        assert_eq!(picture.as_frame().rgb(1, 0), [4, 5, 6]);
        assert!(Picture::from_rgb(&[0; 5], 2, 1).is_err());
    }
}
