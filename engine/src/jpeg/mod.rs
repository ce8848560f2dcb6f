//! JPEG captures: a picture in, baseline JPEG bytes out, and back again.
//!
//! Bytes from outside pass our own header gate before any decoder sees them, because decoders are large and have hung
//! and panicked on hostile input. The gate accepts exactly what [`encode`] writes and no other kind of JPEG.

mod header;
mod rows;

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::reason::Reason;
use crate::thresholds::CaptureThresholds;

pub use header::{Size, inspect_header};
pub(crate) use rows::stack;
pub use rows::{RowEncoder, join_rows, split_rows};

/// The qualities to choose from, on the usual scale of 1 to 100. Each makes a file about a tenth larger than the one
/// before. Higher qualities spend bytes on nothing visible; at the lowest even pure noise is small.
const QUALITIES: [u8; 16] = [30, 36, 42, 48, 54, 59, 64, 69, 73, 77, 80, 83, 86, 89, 92, 97];

/// A picture as JPEG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// The quality it was encoded with.
    pub quality: u8,
}

/// Writes `frame` as a baseline JPEG without metadata, at the best quality at which it has at most `max_bytes`. `None`
/// if it is larger even at the lowest quality.
///
/// One scan, colours at half the resolution, the standard's own Huffman tables. The quality is found by bisection, with
/// at most five encodings.
///
/// # Errors
/// [`EngineError::Encode`] if a side is too long for JPEG.
pub fn encode(frame: &Frame, max_bytes: usize) -> Result<Option<Encoded>, EngineError> {
    let side = |v: usize| u16::try_from(v).map_err(|_| EngineError::Encode("picture too large".into()));
    let size = (side(frame.width())?, side(frame.height())?);
    let rgb = rgb_of(frame);
    // The qualities from `low` up to `high` are left to try. The highest comes first, because it fits for a small face.
    let (mut low, mut high) = (0, QUALITIES.len());
    let mut next = high - 1;
    let mut best = None;
    while low < high {
        let quality = QUALITIES[next];
        let bytes = encode_at(&rgb, size, quality)?;
        if bytes.len() <= max_bytes {
            best = Some(Encoded { bytes, quality });
            low = next + 1;
        } else {
            high = next;
        }
        next = low.midpoint(high);
    }
    Ok(best)
}

fn rgb_of(frame: &Frame) -> Vec<u8> {
    (0..frame.height()).flat_map(|y| (0..frame.width()).flat_map(move |x| frame.rgb(x, y))).collect()
}

fn encode_at(rgb: &[u8], (width, height): (u16, u16), quality: u8) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(rgb, width, height, ColorType::Rgb).map_err(|e| EngineError::Encode(e.to_string()))?;
    Ok(bytes)
}

/// Decodes a capture from outside: header gate first, then the decoder in strict mode.
///
/// A scan that was truncated and given a new end decodes with the rest in grey. Anyone who can sign that can sign any
/// invented picture, so it is judged by what it shows.
///
/// # Errors
/// The [`Reason`] for rejecting it: too many bytes or pixels, another format, or damaged data.
pub fn decode(bytes: &[u8], limits: &CaptureThresholds) -> Result<Picture, Reason> {
    let size = inspect_header(bytes, limits)?;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(size.width)
        .set_max_height(size.height)
        .jpeg_set_out_colorspace(ColorSpace::RGBA);
    let rgba =
        JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode().map_err(|_| Reason::CaptureDamaged)?;
    Picture::new(rgba, size.width, size.height).map_err(|_| Reason::CaptureDamaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{CAPTURE_AIM_BYTES, CAPTURE_MAX_BYTES};
    use crate::thresholds::Thresholds;

    /// A grey picture of 480 × 480 with this much noise, like that of a dark room.
    fn noisy(amplitude: u32) -> Picture {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (100 - amplitude / 2 + (state >> 16) % (amplitude + 1)) as u8
        };
        let rgb: Vec<u8> = (0..480 * 480 * 3).map(|_| noise()).collect();
        Picture::from_rgb(&rgb, 480, 480).unwrap()
    }

    #[test]
    fn the_best_quality_within_the_size_is_found() {
        let picture = noisy(8);
        let mut worse_than = u8::MAX;
        for max_bytes in [200_000, 60_000, CAPTURE_MAX_BYTES, CAPTURE_AIM_BYTES] {
            let Encoded { bytes, quality } = encode(&picture.as_frame(), max_bytes).unwrap().unwrap();
            assert!(bytes.len() <= max_bytes && quality <= worse_than, "{max_bytes}: {} at {quality}", bytes.len());
            worse_than = quality;
            let better = QUALITIES.into_iter().find(|better| *better > quality);
            let larger = better.map(|better| encode_at(&rgb_of(&picture.as_frame()), (480, 480), better).unwrap());
            assert!(larger.is_none_or(|jpeg| jpeg.len() > max_bytes), "{max_bytes}: {quality} is not the best");
        }
    }

    #[test]
    fn even_the_noisiest_camera_stays_within_the_budget() {
        assert!(encode(&noisy(40).as_frame(), CAPTURE_MAX_BYTES).unwrap().is_some());
        assert_eq!(encode(&noisy(40).as_frame(), 1000).unwrap(), None);
    }

    #[test]
    fn a_picture_survives_a_round_trip_except_for_compression() {
        let rgb: Vec<u8> = (0..160 * 128).flat_map(|i| [(i % 160) as u8, (i / 160) as u8, 90]).collect();
        let picture = Picture::from_rgb(&rgb, 160, 128).unwrap();
        let jpeg = encode(&picture.as_frame(), CAPTURE_MAX_BYTES).unwrap().unwrap();
        let back = decode(&jpeg.bytes, &Thresholds::V8.capture).unwrap();
        for (x, y) in [(0, 0), (80, 64), (159, 127), (17, 99)] {
            let (sent, got) = (picture.as_frame().rgb(x, y), back.as_frame().rgb(x, y));
            let furthest = sent.into_iter().zip(got).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(furthest <= 6, "({x}, {y}): {sent:?} came back as {got:?}");
        }
    }
}
