//! Makes a clip look as if it was recorded in the dark: 0.4 of the light, with the noise of an underexposed sensor.

use std::io::{Read, Write};

use anyhow::Context as _;

/// Share of the light that remains.
const LIGHT: f32 = 0.4;

/// Standard deviation of the noise in grey levels, 0 to 255.
const NOISE_LEVELS: f32 = 6.0;

/// Number of limited-range luma codes from black to white, for 255 grey levels (ITU-R BT.601).
const LUMA_CODES: f32 = 219.0;

/// Black in limited-range luma.
const BLACK: f32 = 16.0;

/// No colour.
const GREY: f32 = 128.0;

/// An arbitrary number, the same for every clip so that runs are reproducible.
const SEED: u64 = 20_261_124;

/// Copies a Y4M stream (4:2:0, limited range) and darkens every frame.
///
/// # Errors
/// If `input` is not a Y4M stream or `output` cannot be written.
pub(crate) fn darken_stream(input: impl Read, output: impl Write) -> anyhow::Result<()> {
    let mut clip = y4m::decode(input).context("not a Y4M stream")?;
    let header = y4m::encode(clip.get_width(), clip.get_height(), clip.get_framerate());
    let mut dark = header.with_colorspace(clip.get_colorspace()).write_header(output)?;
    let mut darkener = Darkener::new();
    loop {
        let frame = match clip.read_frame() {
            Ok(frame) => frame,
            Err(y4m::Error::EOF) => return Ok(()),
            Err(cause) => return Err(cause).context("the Y4M stream is damaged"),
        };
        let luma = darkener.luma(frame.get_y_plane());
        let [blue, red] = [frame.get_u_plane(), frame.get_v_plane()].map(chroma);
        dark.write_frame(&y4m::Frame::new([&luma, &blue, &red], None))?;
    }
}

/// Darkens luma and adds noise from a fixed sequence.
struct Darkener {
    /// Normal deviates in luma codes. A table, since drawing one for each of ten billion pixels takes too long.
    noise: Vec<f32>,
    random: Random,
}

impl Darkener {
    fn new() -> Darkener {
        let mut random = Random(SEED);
        let sigma = NOISE_LEVELS * LUMA_CODES / 255.0;
        // The sum of twelve uniform numbers less 6 is close to normal with deviation 1, and the same on every machine.
        let normal = |random: &mut Random| (0..12).map(|_| random.uniform()).sum::<f32>() - 6.0;
        let noise = (0..=u16::MAX).map(|_| sigma * normal(&mut random)).collect();
        Darkener { noise, random }
    }

    fn luma(&mut self, plane: &[u8]) -> Vec<u8> {
        let mut dark = Vec::with_capacity(plane.len());
        for four in plane.chunks(4) {
            let mut bits = self.random.next();
            for &code in four {
                let noise = self.noise[usize::from(bits as u16)];
                bits >>= 16;
                // The cast rounds down and saturates at 0 and 255.
                dark.push((BLACK + (f32::from(code) - BLACK) * LIGHT + noise + 0.5) as u8);
            }
        }
        dark
    }
}

fn chroma(plane: &[u8]) -> Vec<u8> {
    plane.iter().map(|&code| (GREY + (f32::from(code) - GREY) * LIGHT).round() as u8).collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014): small and good enough for noise.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to 1, 1 excluded.
    fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation.
    fn spread(values: &[u8]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt())
    }

    #[test]
    fn light_falls_to_two_fifths_and_noise_has_the_stated_strength() {
        let (mean, deviation) = spread(&Darkener::new().luma(&[216; 100_000]));
        assert!((mean - (16.0 + 0.4 * 200.0)).abs() < 0.1, "{mean}");
        assert!((deviation - 6.0 * 219.0 / 255.0).abs() < 0.1, "{deviation}");
    }

    #[test]
    fn noise_differs_from_frame_to_frame_and_is_the_same_in_every_run() {
        let mut darkener = Darkener::new();
        let (first, second) = (darkener.luma(&[100; 1001]), darkener.luma(&[100; 1001]));
        assert_ne!(first, second);
        assert_eq!(first, Darkener::new().luma(&[100; 1001]));
        assert_eq!(first.len(), 1001);
    }

    #[test]
    fn colours_fade_towards_grey() {
        assert_eq!(chroma(&[128, 228, 28]), [128, 168, 88]);
    }

    #[test]
    fn a_stream_keeps_its_size_rate_and_number_of_frames() {
        let mut stream = b"YUV4MPEG2 W2 H2 F30:1 C420mpeg2\n".to_vec();
        for _ in 0..3 {
            stream.extend(b"FRAME\n");
            stream.extend([235, 235, 235, 235, 228, 28]);
        }
        let mut out = Vec::new();
        darken_stream(stream.as_slice(), &mut out).unwrap();
        let mut dark = y4m::decode(out.as_slice()).unwrap();
        assert_eq!((dark.get_width(), dark.get_height(), dark.get_framerate().num), (2, 2, 30));
        let frame = dark.read_frame().unwrap();
        assert_eq!((frame.get_u_plane(), frame.get_v_plane()), ([168].as_slice(), [88].as_slice()));
        assert!(dark.read_frame().is_ok() && dark.read_frame().is_ok() && dark.read_frame().is_err());
    }
}
