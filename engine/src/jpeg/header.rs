//! The header gate: the bytes of a JPEG in, its size out, or the reason why no decoder may see it.

use crate::reason::Reason;
use crate::thresholds::CaptureThresholds;

/// Width and height according to a JPEG header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Walks the markers from the start of the image to its end and returns the size, without decoding anything.
///
/// # Errors
/// [`Reason::CaptureSize`] for too many bytes or pixels or too short a side, [`Reason::CaptureFormat`] for anything but
/// one 8-bit baseline scan with three components and at most a JFIF header, [`Reason::CaptureDamaged`] if the data ends
/// early or continues after the end.
pub fn inspect_header(bytes: &[u8], limits: &CaptureThresholds) -> Result<Size, Reason> {
    if bytes.len() > limits.max_bytes {
        return Err(Reason::CaptureSize);
    }
    let mut reader = Reader { rest: bytes };
    if reader.marker()? != marker::START {
        return Err(Reason::CaptureFormat);
    }
    let mut size = None;
    let mut has_jfif = false;
    for _ in 0..MAX_SEGMENTS {
        match reader.marker()? {
            marker::JFIF if !has_jfif && is_plain_jfif(reader.segment()?) => has_jfif = true,
            marker::QUANTIZATION | marker::HUFFMAN => _ = reader.segment()?,
            marker::BASELINE if size.is_none() => size = Some(frame_size(reader.segment()?, limits)?),
            marker::SCAN if reader.segment()? == WHOLE_SCAN => break,
            _ => return Err(Reason::CaptureFormat),
        }
    }
    reader.skip_scan()?;
    match (reader.marker()?, reader.rest.is_empty()) {
        (marker::END, true) => size.ok_or(Reason::CaptureFormat),
        (marker::END, false) => Err(Reason::CaptureDamaged),
        _ => Err(Reason::CaptureFormat),
    }
}

/// Second bytes of the accepted markers (ITU-T T.81, table B.1).
mod marker {
    pub(super) const START: u8 = 0xD8;
    pub(super) const END: u8 = 0xD9;
    pub(super) const JFIF: u8 = 0xE0;
    pub(super) const QUANTIZATION: u8 = 0xDB;
    pub(super) const HUFFMAN: u8 = 0xC4;
    pub(super) const BASELINE: u8 = 0xC0;
    pub(super) const SCAN: u8 = 0xDA;
}

/// Most header segments of a file that does not just overwrite its own tables.
const MAX_SEGMENTS: usize = 12;

/// The components of a frame header with their quantization tables: luma, and two chromas with one sample for four
/// pixels.
const COMPONENTS: [u8; 9] = [0, 0x22, 0, 1, 0x11, 1, 2, 0x11, 1];

/// The payload of a scan header (T.81 B.2.3): all three components with their tables, the whole spectrum at once.
const WHOLE_SCAN: [u8; 10] = [3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0];

/// A JFIF header without a thumbnail or anything else hidden in it.
fn is_plain_jfif(payload: &[u8]) -> bool {
    payload.len() == 14 && payload.starts_with(b"JFIF\0") && payload.ends_with(&[0, 0])
}

/// Reads the payload of a frame header (T.81 B.2.2): precision, height, width, components.
fn frame_size(payload: &[u8], limits: &CaptureThresholds) -> Result<Size, Reason> {
    let Some((&[precision, h1, h0, w1, w0, components], rest)) = payload.split_first_chunk() else {
        return Err(Reason::CaptureDamaged);
    };
    if precision != 8 || components != 3 || rest != COMPONENTS {
        return Err(Reason::CaptureFormat);
    }
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    let pixels = u32::from(width) * u32::from(height);
    if pixels > limits.max_pixels || u32::from(width.min(height)) < limits.min_side {
        return Err(Reason::CaptureSize);
    }
    Ok(Size { width: width.into(), height: height.into() })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next marker's second byte.
    fn marker(&mut self) -> Result<u8, Reason> {
        match self.rest {
            [0xFF, code, rest @ ..] => {
                self.rest = rest;
                Ok(*code)
            }
            [] | [0xFF] => Err(Reason::CaptureDamaged),
            _ => Err(Reason::CaptureFormat),
        }
    }

    /// The payload of the segment that starts here with its length.
    fn segment(&mut self) -> Result<&'a [u8], Reason> {
        let &[high, low, ..] = self.rest else { return Err(Reason::CaptureDamaged) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 || length > self.rest.len() {
            return Err(Reason::CaptureDamaged);
        }
        let (segment, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(&segment[2..])
    }

    /// Skips entropy-coded data up to the next marker. A stuffed FF 00 is data. [`encode`](super::encode)
    /// never writes restart markers.
    fn skip_scan(&mut self) -> Result<(), Reason> {
        let marker_at = self.rest.windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0);
        self.rest = &self.rest[marker_at.ok_or(Reason::CaptureDamaged)?..];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{decode, encode};
    use super::*;
    use crate::frame::Picture;
    use crate::thresholds::Thresholds;

    fn limits() -> CaptureThresholds {
        Thresholds::V8.capture
    }

    fn sample() -> Vec<u8> {
        let rgb: Vec<u8> = (0..128 * 160 * 3).map(|i| (i % 251) as u8).collect();
        encode(&Picture::from_rgb(&rgb, 128, 160).unwrap().as_frame(), limits().max_bytes).unwrap().unwrap().bytes
    }

    /// Position of the frame header's precision byte.
    fn precision_at(jpeg: &[u8]) -> usize {
        jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap() + 4
    }

    #[test]
    fn encoded_pictures_pass_the_gate_and_can_be_decoded() {
        let jpeg = sample();
        assert_eq!(inspect_header(&jpeg, &limits()), Ok(Size { width: 128, height: 160 }));
        let picture = decode(&jpeg, &limits()).unwrap();
        assert_eq!((picture.as_frame().width(), picture.as_frame().height()), (128, 160));
    }

    #[test]
    fn sr_24_each_kind_of_bad_jpeg_is_refused_with_its_reason_before_a_decoder_sees_it() {
        type Change = fn(&mut Vec<u8>);
        let cases: [(&str, Reason, Change); 21] = [
            ("empty", Reason::CaptureDamaged, |j| j.clear()),
            ("a PNG", Reason::CaptureFormat, |j| *j = b"\x89PNG\r\n\x1a\n".to_vec()),
            ("text", Reason::CaptureFormat, |j| *j = b"hello".to_vec()),
            ("cut in the header", Reason::CaptureDamaged, |j| j.truncate(30)),
            ("cut in the data", Reason::CaptureDamaged, |j| j.truncate(j.len() - 400)),
            ("with a second JFIF header", Reason::CaptureFormat, |j| {
                let header = j[2..20].to_vec();
                j.splice(2..2, header);
            }),
            ("with a payload in its JFIF header", Reason::CaptureFormat, |j| {
                j[5] += 4;
                j.splice(20..20, *b"hide");
            }),
            ("with colours sampled otherwise", Reason::CaptureFormat, |j| {
                let at = precision_at(j) + 7;
                j[at] = 0x11;
            }),
            ("with a scan of one component", Reason::CaptureFormat, |j| {
                let at = j.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
                j.splice(at + 2..at + 14, [0, 8, 1, 1, 0, 0, 63, 0]);
            }),
            ("without its end", Reason::CaptureDamaged, |j| j.truncate(j.len() - 2)),
            ("with a tail", Reason::CaptureDamaged, |j| j.extend(b"<script>")),
            ("progressive", Reason::CaptureFormat, |j| {
                let at = precision_at(j) - 3;
                j[at] = 0xC2
            }),
            ("12 bits", Reason::CaptureFormat, |j| {
                let at = precision_at(j);
                j[at] = 12
            }),
            ("65535 × 65535", Reason::CaptureSize, |j| {
                let at = precision_at(j);
                j[at + 1..at + 5].fill(0xFF)
            }),
            ("1 × 65535", Reason::CaptureSize, |j| {
                let at = precision_at(j);
                j[at + 1..at + 5].copy_from_slice(&[0xFF, 0xFF, 0, 1])
            }),
            ("CMYK", Reason::CaptureFormat, |j| {
                let at = precision_at(j);
                j[at + 5] = 4
            }),
            ("with two frame headers", Reason::CaptureFormat, |j| {
                let at = precision_at(j) - 4;
                let frame = j[at..at + 19].to_vec();
                j.splice(at..at, frame);
            }),
            ("with a trailing ZIP", Reason::CaptureDamaged, |j| j.extend(b"PK\x03\x04")),
            ("with tables over tables", Reason::CaptureFormat, |j| {
                let tables: Vec<u8> = [0xFF, 0xDB, 0, 2].repeat(20);
                j.splice(2..2, tables);
            }),
            ("0 × 0", Reason::CaptureSize, |j| {
                let at = precision_at(j);
                j[at + 1..at + 5].fill(0)
            }),
            ("with Exif", Reason::CaptureFormat, |j| {
                j.splice(2..2, [0xFF, 0xE1, 0, 4, 1, 2]);
            }),
        ];
        for (what, expected, change) in cases {
            let mut jpeg = sample();
            change(&mut jpeg);
            assert_eq!(inspect_header(&jpeg, &limits()).err(), Some(expected), "{what}");
            assert_eq!(decode(&jpeg, &limits()).err(), Some(expected), "{what}");
        }
    }

    #[test]
    fn too_many_bytes_are_rejected_before_anything_else() {
        assert_eq!(inspect_header(&vec![0; limits().max_bytes + 1], &limits()), Err(Reason::CaptureSize));
    }

    #[test]
    fn no_prefix_and_no_flipped_byte_panics() {
        let jpeg = sample();
        for length in 0..jpeg.len().min(900) {
            assert!(decode(&jpeg[..length], &limits()).is_err(), "prefix of {length} bytes");
        }
        for at in 0..jpeg.len().min(700) {
            let mut damaged = jpeg.clone();
            damaged[at] ^= 0x55;
            let _ = decode(&damaged, &limits());
        }
    }
}
