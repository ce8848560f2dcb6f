//! Camera frames as browsers hold them, converted to the upright RGBA that the engine reads: the planes of 4:2:0 video
//! (I420, NV12), or RGB in any order. What a frame says about itself goes in; this module knows no JavaScript.

/// Samples of one kind: where the first one is, how far the next one and the next row are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) offset: usize,
    pub(crate) step: usize,
    pub(crate) stride: usize,
}

/// How a frame's bytes are to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// Luma for each pixel, and two chroma samples for each square of four.
    Yuv { luma: Plane, blue: Plane, red: Plane, colours: Colours },
    /// Three planes of one value for each pixel: red, green, blue.
    Rgb([Plane; 3]),
}

/// What luma and chroma mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colours {
    pub(crate) matrix: Matrix,
    /// Whether all values from 0 to 255 are used, not just those from 16 to 235 (chroma: 240).
    pub(crate) full_range: bool,
}

/// The share of each colour in the luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matrix {
    Bt601,
    Bt709,
    Bt2020,
}

/// How to make the frame upright: clockwise by quarters of a turn, then mirrored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) quarters: u32,
    pub(crate) mirrored: bool,
}

/// The layout reaches beyond the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfBounds;

impl Matrix {
    /// By its name in WebCodecs. Cameras that say nothing follow standard-definition television, or that of HD from 720
    /// lines on.
    pub(crate) fn from_name(name: &str, height: usize) -> Matrix {
        match name {
            "bt709" => Matrix::Bt709,
            "bt2020-ncl" => Matrix::Bt2020,
            "bt470bg" | "smpte170m" => Matrix::Bt601,
            _ if height >= 720 => Matrix::Bt709,
            _ => Matrix::Bt601,
        }
    }

    /// The shares of red and blue (ITU-R BT.601, BT.709, BT.2020).
    fn shares(self) -> (f32, f32) {
        match self {
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Bt709 => (0.2126, 0.0722),
            Matrix::Bt2020 => (0.2627, 0.0593),
        }
    }
}

impl Turn {
    /// The size of the upright picture.
    pub(crate) fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        if self.quarters % 2 == 0 { (width, height) } else { (height, width) }
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

/// Writes the frame's pixels, made upright, to `rgba`, which has 4 bytes for each of them.
pub(crate) fn to_rgba(
    bytes: &[u8],
    size: (usize, usize),
    layout: &Layout,
    turn: Turn,
    rgba: &mut [u8],
) -> Result<(), OutOfBounds> {
    let (width, height) = size;
    let (first, next, next_row) = turn.places(size);
    let mut put = |x: usize, y: usize, pixel: [u8; 3]| {
        let at = 4 * (first + next * x as isize + next_row * y as isize) as usize;
        if let Some(place) = rgba.get_mut(at..at + 4) {
            place.copy_from_slice(&[pixel[0], pixel[1], pixel[2], 255]);
        }
    };
    match *layout {
        Layout::Rgb(planes) => {
            for y in 0..height {
                let [red, green, blue] = planes.map(|plane| plane.row(bytes, y, width));
                let (red, green, blue) = (red?, green?, blue?);
                for x in 0..width {
                    put(x, y, [red[x * planes[0].step], green[x * planes[1].step], blue[x * planes[2].step]]);
                }
            }
        }
        Layout::Yuv { luma, blue, red, colours } => {
            let conversion = Conversion::new(colours);
            let half = width.div_ceil(2);
            for y in 0..height {
                let lumas = luma.row(bytes, y, width)?;
                let (blues, reds) = (blue.row(bytes, y / 2, half)?, red.row(bytes, y / 2, half)?);
                for pair in 0..half {
                    let chroma = conversion.chroma(blues[pair * blue.step], reds[pair * red.step]);
                    for x in 2 * pair..width.min(2 * pair + 2) {
                        put(x, y, conversion.pixel(lumas[x * luma.step], chroma));
                    }
                }
            }
        }
    }
    Ok(())
}

impl Plane {
    /// The bytes of one row, from its first sample to its last of `count`.
    fn row(self, bytes: &[u8], y: usize, count: usize) -> Result<&[u8], OutOfBounds> {
        let length = count.saturating_sub(1).checked_mul(self.step).and_then(|last| last.checked_add(1));
        let from = y.checked_mul(self.stride).and_then(|rows| rows.checked_add(self.offset));
        let range = from.zip(length).and_then(|(from, length)| Some(from..from.checked_add(length)?));
        range.and_then(|range| bytes.get(range)).ok_or(OutOfBounds)
    }
}

/// Fixed-point factors.
struct Conversion {
    luma_zero: i32,
    luma: i32,
    red: i32,
    green_of_blue: i32,
    green_of_red: i32,
    blue: i32,
}

/// Bits behind the point: products of 9-bit values and factors below 2.2 stay within 32 bits.
const BITS: u32 = 16;

impl Conversion {
    fn new(Colours { matrix, full_range }: Colours) -> Conversion {
        let (share_red, share_blue) = matrix.shares();
        let share_green = 1.0 - share_red - share_blue;
        let (luma, chroma) = if full_range { (1.0, 1.0) } else { (255.0 / 219.0, 255.0 / 224.0) };
        let fixed = |factor: f32| (factor * (1 << BITS) as f32).round() as i32;
        let (red, blue) = (2.0 * (1.0 - share_red) * chroma, 2.0 * (1.0 - share_blue) * chroma);
        Conversion {
            luma_zero: if full_range { 0 } else { 16 },
            luma: fixed(luma),
            red: fixed(red),
            green_of_blue: fixed(blue * share_blue / share_green),
            green_of_red: fixed(red * share_red / share_green),
            blue: fixed(blue),
        }
    }

    /// What two chroma samples add to red, green and blue.
    fn chroma(&self, blue: u8, red: u8) -> [i32; 3] {
        let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
        [self.red * red, -self.green_of_blue * blue - self.green_of_red * red, self.blue * blue]
    }

    fn pixel(&self, luma: u8, chroma: [i32; 3]) -> [u8; 3] {
        let grey = (i32::from(luma) - self.luma_zero) * self.luma + (1 << (BITS - 1));
        chroma.map(|colour| ((grey + colour) >> BITS).clamp(0, 255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// One pixel's RGB.
    fn colour_of(bytes: [u8; 3], colours: Colours) -> [u8; 3] {
        let mut rgba = [0; 4];
        to_rgba(&bytes, (1, 1), &i420(1, 1, colours), Turn::default(), &mut rgba).unwrap();
        [rgba[0], rgba[1], rgba[2]]
    }

    #[test]
    fn known_colours_come_out_in_both_ranges_and_all_matrices() {
        let full = Colours { full_range: true, ..LIMITED };
        let hd = Colours { matrix: Matrix::Bt709, ..LIMITED };
        let uhd = Colours { matrix: Matrix::Bt2020, ..LIMITED };
        for (bytes, colours, expected) in [
            ([16, 128, 128], LIMITED, [0, 0, 0]),
            ([235, 128, 128], LIMITED, [255, 255, 255]),
            ([16, 128, 128], full, [16, 16, 16]),
            ([255, 128, 128], full, [255, 255, 255]),
            // Red, green and blue of the standards.
            ([81, 90, 240], LIMITED, [255, 0, 0]),
            ([145, 54, 34], LIMITED, [0, 255, 0]),
            ([41, 240, 110], LIMITED, [0, 0, 255]),
            ([63, 102, 240], hd, [255, 0, 0]),
            ([173, 42, 26], hd, [0, 255, 0]),
            ([32, 240, 118], hd, [0, 0, 255]),
            ([74, 97, 240], uhd, [255, 0, 0]),
            ([76, 85, 255], full, [254, 0, 0]),
        ] {
            let found = colour_of(bytes, colours);
            let apart = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
            assert!(apart <= Some(2), "{bytes:?} {colours:?}: {found:?}, expected {expected:?}");
        }
    }

    #[test]
    fn names_of_matrices_are_known_and_others_are_guessed_by_the_height() {
        assert_eq!(Matrix::from_name("smpte170m", 1080), Matrix::Bt601);
        assert_eq!(Matrix::from_name("bt709", 480), Matrix::Bt709);
        assert_eq!(Matrix::from_name("bt2020-ncl", 480), Matrix::Bt2020);
        assert_eq!(Matrix::from_name("", 480), Matrix::Bt601);
        assert_eq!(Matrix::from_name("", 720), Matrix::Bt709);
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
    }
}
