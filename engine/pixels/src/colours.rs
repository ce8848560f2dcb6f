//! From luma and chroma to red, green and blue, as a video's matrix and range say.

/// What luma and chroma mean.
#[derive(Clone, Copy, Debug)]
pub struct Colours {
    /// How red, green and blue are mixed.
    pub matrix: Matrix,
    /// Whether all values from 0 to 255 are used, not just those from 16 to 235 (chroma: 240).
    pub full_range: bool,
}

/// The share of each colour in the luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition, JPEG.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020: ultra-high definition.
    Bt2020,
}

impl Matrix {
    /// By its name in WebCodecs. Cameras that say nothing follow standard-definition television, or that of HD from 720
    /// lines on.
    pub fn from_name(name: &str, height: usize) -> Matrix {
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

/// The factors of one kind of samples, in fixed point.
pub(crate) struct Conversion {
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
    pub(crate) fn new(Colours { matrix, full_range }: Colours) -> Conversion {
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
    #[inline]
    pub(crate) fn chroma(&self, blue: u8, red: u8) -> [i32; 3] {
        let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
        [self.red * red, -self.green_of_blue * blue - self.green_of_red * red, self.blue * blue]
    }

    /// Red, green and blue.
    #[inline]
    pub(crate) fn pixel(&self, luma: u8, chroma: [i32; 3]) -> [u8; 3] {
        let grey = (i32::from(luma) - self.luma_zero) * self.luma + (1 << (BITS - 1));
        chroma.map(|colour| ((grey + colour) >> BITS).clamp(0, 255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITED: Colours = Colours { matrix: Matrix::Bt601, full_range: false };

    /// One pixel's RGB.
    fn colour_of(bytes: [u8; 3], colours: Colours) -> [u8; 3] {
        let conversion = Conversion::new(colours);
        conversion.pixel(bytes[0], conversion.chroma(bytes[1], bytes[2]))
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
}
