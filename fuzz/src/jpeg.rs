//! The JPEG header check and the decoder behind it.

use engine::Thresholds;
use engine::jpeg::{decode, inspect_header};

/// Takes any bytes as a capture. Whatever decodes has the size that the header check read, within its limits.
pub fn run(bytes: &[u8]) {
    let limits = Thresholds::V8.capture;
    let header = inspect_header(bytes, &limits);
    let Ok(picture) = decode(bytes, &limits) else { return };
    let frame = picture.as_frame();
    let size = header.unwrap();
    assert_eq!((frame.width(), frame.height()), (size.width, size.height));
    assert!(size.width * size.height <= limits.max_pixels as usize && bytes.len() <= limits.max_bytes);
}
