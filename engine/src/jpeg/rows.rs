//! A picture whose rows are compressed one by one: each row is a JPEG of its own as soon as it is complete, and the
//! sheet joins the rows' data with restart markers (ITU-T T.81, E.1.4) into one JPEG that any viewer shows.
//!
//! A row can therefore be committed to before the next one exists. The rows of a sheet share one quality, because a
//! baseline JPEG has one set of tables.

use super::{encode_at, rgb_of};
use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::reason::Reason;

/// Compresses the rows of one sheet.
#[derive(Clone, Debug)]
pub struct RowEncoder {
    /// Greatest size of a row in bytes.
    max_bytes: usize,
    /// The quality of every row; the first row decides it.
    quality: Option<u8>,
}

/// The first row may take this share of the greatest size: a later row at the same quality may be larger.
const FIRST_SHARE: f32 = 0.8;

/// A row that is too large at the sheet's quality is smoothed once, then twice, four times and so on, with at most this
/// many doublings. Even pure noise fits by then.
const MAX_DOUBLINGS: u32 = 7;

/// Most rows of a sheet.
const MAX_ROWS: usize = 8;

impl RowEncoder {
    /// Rows of at most `max_bytes` each.
    pub fn new(max_bytes: usize) -> RowEncoder {
        RowEncoder { max_bytes, quality: None }
    }

    /// Compresses the next row, which must be as large as the others and whose sides must be multiples of 16. `None` if
    /// it is too large even when smoothed.
    ///
    /// # Errors
    /// [`EngineError::Encode`] if a side is too long for JPEG.
    pub fn encode(&mut self, row: &Frame) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(quality) = self.quality else {
            let aim = (self.max_bytes as f32 * FIRST_SHARE) as usize;
            let first = super::encode(row, aim)?;
            self.quality = first.as_ref().map(|first| first.quality);
            return Ok(first.map(|first| first.bytes));
        };
        let side = |v: usize| u16::try_from(v).map_err(|_| EngineError::Encode("picture too large".into()));
        let size = (side(row.width())?, side(row.height())?);
        let mut rgb = rgb_of(row);
        for doublings in 0..=MAX_DOUBLINGS {
            let bytes = encode_at(&rgb, size, quality)?;
            if bytes.len() <= self.max_bytes {
                return Ok(Some(bytes));
            }
            for _ in 0..1 << doublings {
                rgb = smoothed(&rgb, row.width());
            }
        }
        Ok(None)
    }
}

/// Each pixel becomes the mean of itself and its neighbours to the left and above.
fn smoothed(rgb: &[u8], width: usize) -> Vec<u8> {
    let at = |i: usize| u32::from(rgb[i]);
    let mean = |i: usize| {
        let left = if i % (3 * width) >= 3 { i - 3 } else { i };
        let above = if i >= 3 * width { i - 3 * width } else { i };
        ((2 * at(i) + at(left) + at(above) + 2) / 4) as u8
    };
    (0..rgb.len()).map(mean).collect()
}

/// Joins rows into one sheet. `None` unless all are JPEGs of ours with the same tables and size.
pub fn join_rows(rows: &[Vec<u8>]) -> Option<Vec<u8>> {
    let parts: Vec<Parts> = rows.iter().map(|row| Parts::of(row)).collect::<Option<_>>()?;
    let first = parts.first()?;
    if parts.len() > MAX_ROWS || parts.iter().any(|row| row.head != first.head) {
        return None;
    }
    let (width, height) = size_of(first.head)?;
    let blocks = u16::try_from((width / BLOCK) * (height / BLOCK)).ok()?;
    let total = u16::try_from(height * rows.len()).ok()?;
    let mut sheet = with_height(first.head, total)?;
    let scan_at = scan_at(&sheet)?;
    let mut interval = vec![0xFF, RESTART_INTERVAL, 0, 4];
    interval.extend(blocks.to_be_bytes());
    sheet.splice(scan_at..scan_at, interval);
    for (number, row) in parts.iter().enumerate() {
        if number > 0 {
            sheet.extend([0xFF, RESTART + (number as u8 - 1) % 8]);
        }
        sheet.extend(row.data);
    }
    sheet.extend(END);
    Some(sheet)
}

/// The rows of a sheet from outside, each as a JPEG of its own that no decoder has seen yet.
///
/// # Errors
/// [`Reason::CaptureFormat`] for anything that [`join_rows`] does not write.
pub fn split_rows(sheet: &[u8]) -> Result<Vec<Vec<u8>>, Reason> {
    // Whatever was misread here does not come out the same when it is joined again.
    let rows = read(sheet).ok_or(Reason::CaptureFormat)?;
    (join_rows(&rows).as_deref() == Some(sheet)).then_some(rows).ok_or(Reason::CaptureFormat)
}

fn read(sheet: &[u8]) -> Option<Vec<Vec<u8>>> {
    let Parts { head, data } = Parts::of(sheet)?;
    let interval_at = scan_at(head)?.checked_sub(INTERVAL_LENGTH)?;
    let interval = head.get(interval_at..interval_at + INTERVAL_LENGTH)?;
    let &[0xFF, RESTART_INTERVAL, 0, 4, high, low] = interval else { return None };
    let blocks = usize::from(u16::from_be_bytes([high, low]));
    let mut row_head = head.to_vec();
    row_head.drain(interval_at..interval_at + INTERVAL_LENGTH);
    let (width, _) = size_of(&row_head)?;
    let height = blocks.checked_div(width / BLOCK)? * BLOCK;
    let row_head = with_height(&row_head, u16::try_from(height).ok()?)?;
    let whole = |data: &[u8]| [&row_head, data, &END].concat();
    let mut rows = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xFF && pair[1] & 0xF8 == RESTART) {
        rows.push(whole(&rest[..at]));
        rest = &rest[at + 2..];
        if rows.len() == MAX_ROWS {
            return None;
        }
    }
    rows.push(whole(rest));
    Some(rows)
}

/// Joins the pictures of decoded rows, all of the same width, into one.
pub(crate) fn stack(rows: &[Picture]) -> Option<Picture> {
    let first = rows.first()?.as_frame();
    let (width, height) = (first.width(), first.height());
    let rgb: Vec<u8> = rows.iter().flat_map(|row| rgb_of(&row.as_frame())).collect();
    Picture::from_rgb(&rgb, width, height * rows.len()).ok()
}

/// Side of a block with all three components: colours have half the resolution.
const BLOCK: usize = 16;

const RESTART: u8 = 0xD0;
const RESTART_INTERVAL: u8 = 0xDD;
/// Bytes of a restart interval's segment with its marker.
const INTERVAL_LENGTH: usize = 6;
const END: [u8; 2] = [0xFF, 0xD9];
const SCAN: u8 = 0xDA;
const FRAME: u8 = 0xC0;

/// A JPEG up to and including the header of its scan, and the scan's data without the end marker.
struct Parts<'a> {
    head: &'a [u8],
    data: &'a [u8],
}

impl Parts<'_> {
    fn of(jpeg: &[u8]) -> Option<Parts<'_>> {
        let scan_at = scan_at(jpeg)?;
        let end = scan_at + 2 + usize::from(u16::from_be_bytes([*jpeg.get(scan_at + 2)?, *jpeg.get(scan_at + 3)?]));
        let data = jpeg.get(end..)?.strip_suffix(&END)?;
        Some(Parts { head: &jpeg[..end], data })
    }
}

/// Position of the scan's marker.
fn scan_at(jpeg: &[u8]) -> Option<usize> {
    segment_at(jpeg, SCAN)
}

/// Position of the first marker of this kind, if only whole segments stand before it.
fn segment_at(jpeg: &[u8], kind: u8) -> Option<usize> {
    let mut at = 2;
    loop {
        let &[0xFF, code, high, low] = jpeg.get(at..at + 4)? else { return None };
        if code == kind {
            return Some(at);
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

/// Width and height according to a head's frame segment (T.81 B.2.2).
fn size_of(head: &[u8]) -> Option<(usize, usize)> {
    let at = segment_at(head, FRAME)?;
    let &[_, h1, h0, w1, w0] = head.get(at + 4..at + 9)? else { return None };
    Some((u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into()))
}

fn with_height(head: &[u8], height: u16) -> Option<Vec<u8>> {
    let at = segment_at(head, FRAME)? + 5;
    let mut changed = head.to_vec();
    changed.get_mut(at..at + 2)?.copy_from_slice(&height.to_be_bytes());
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;
    use crate::thresholds::{CaptureThresholds, Thresholds};
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;

    const WIDTH: usize = 192;
    const HEIGHT: usize = 96;

    /// A row with this much noise on a level of its own.
    fn row(level: u8, noise: u32) -> Picture {
        let mut state = u32::from(level) + 1;
        let mut grain = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % (noise + 1)) as u8
        };
        let rgb: Vec<u8> = (0..WIDTH * HEIGHT * 3).map(|_| level.saturating_add(grain())).collect();
        Picture::from_rgb(&rgb, WIDTH, HEIGHT).unwrap()
    }

    fn rows() -> Vec<Vec<u8>> {
        let mut encoder = RowEncoder::new(9000);
        [20, 90, 160].map(|level| encoder.encode(&row(level, 30).as_frame()).unwrap().unwrap()).to_vec()
    }

    fn limits() -> CaptureThresholds {
        Thresholds::V8.capture
    }

    #[test]
    fn a_sheet_splits_into_the_rows_that_were_joined() {
        let rows = rows();
        assert_eq!(split_rows(&join_rows(&rows).unwrap()).unwrap(), rows);
        assert_eq!(split_rows(&join_rows(&rows[..1]).unwrap()).unwrap(), rows[..1]);
    }

    #[test]
    fn any_decoder_shows_the_sheet_as_its_rows_show_alone() {
        let rows = rows();
        let sheet = join_rows(&rows).unwrap();
        let mut decoder = JpegDecoder::new(ZCursor::new(&sheet));
        let pixels = decoder.decode().unwrap();
        assert_eq!(decoder.dimensions(), Some((WIDTH, 3 * HEIGHT)));
        let alone: Vec<Picture> = rows.iter().map(|row| decode(row, &limits()).unwrap()).collect();
        let stacked = stack(&alone).unwrap();
        // Decoders interpolate colours across the border of two rows, but nothing else differs.
        let differences = rgb_of(&stacked.as_frame()).into_iter().zip(pixels).map(|(a, b)| u32::from(a.abs_diff(b)));
        let mean = differences.sum::<u32>() as f32 / (3 * 3 * WIDTH * HEIGHT) as f32;
        assert!(mean < 0.2, "{mean}");
    }

    #[test]
    fn rows_keep_to_their_size_at_one_quality() {
        let mut encoder = RowEncoder::new(6000);
        for noise in [5, 60, 200] {
            let length = encoder.encode(&row(20, noise).as_frame()).unwrap().map(|bytes| bytes.len());
            assert!(length.is_some_and(|length| length <= 6000), "{noise}: {length:?}");
        }
    }

    #[test]
    fn what_was_not_joined_here_is_refused() {
        let good = join_rows(&rows()).unwrap();
        let restart_at = good.windows(2).position(|pair| pair == [0xFF, 0xD0]).unwrap();
        let interval_at = good.windows(2).position(|pair| pair == [0xFF, 0xDD]).unwrap();
        type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
        let cases: [(&str, Change); 8] = [
            ("nothing", &|j| j.clear()),
            ("one whole picture", &|j| *j = rows()[0].clone()),
            ("no restart interval", &|j| _ = j.drain(interval_at..interval_at + 6)),
            ("another interval", &|j| j[interval_at + 5] ^= 1),
            ("restart markers out of order", &|j| j[restart_at + 1] = 0xD3),
            ("a row less than its height says", &|j| j.truncate(restart_at)),
            ("bytes after the end", &|j| j.push(0)),
            ("another marker's byte as restart", &|j| j[restart_at + 1] = 0xD9),
        ];
        for (what, change) in cases {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(split_rows(&bad).is_err(), "{what}");
        }
    }

    #[test]
    fn rows_with_different_tables_or_sizes_are_not_joined() {
        let [a, b, _] = rows().try_into().unwrap();
        let other = RowEncoder::new(3000).encode(&row(20, 30).as_frame()).unwrap().unwrap();
        assert!(join_rows(&[a.clone(), b]).is_some());
        assert_eq!(join_rows(&[a, other]), None);
        assert_eq!(join_rows(&[]), None);
    }
}
