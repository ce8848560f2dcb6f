//! The sheet: cells in, one JPEG out, and back again.

use super::layout::{CELL_SIDE, CELL_SPAN, columns};
use crate::budget::STRIP_MAX_BYTES;
use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::geometry::Region;
use crate::jpeg::{self, RowEncoder};
use crate::mesh::{CROP_SIDE, sample_crop};
use crate::perceptual_hash::{PerceptualHash, pixel_hash};
use crate::reason::Reason;
use crate::thresholds::Thresholds;

/// A face cut out of a frame: [`CELL_SIDE`] rows of as many R, G, B triples.
#[derive(Clone, Debug)]
pub(crate) struct Cell(Vec<u8>);

const _: () = assert!(CROP_SIDE == 2 * CELL_SIDE);

impl Cell {
    /// Cuts the middle of a face's region out of its frame.
    pub(crate) fn cut(frame: &Frame, region: &Region) -> Cell {
        let mut crop = Vec::new();
        sample_crop(frame, &Region { size: CELL_SPAN * region.size, ..*region }, &mut crop);
        Cell::of_crop(&crop)
    }

    /// Shrinks the mesh's crop ([`CROP_SIDE`] rows of R, G, B triples, 0 to 1) to half its side.
    fn of_crop(crop: &[f32]) -> Cell {
        let row = CROP_SIDE * 3;
        let mean = |at: usize| {
            let sum = crop[at] + crop[at + 3] + crop[at + row] + crop[at + row + 3];
            (sum * (255.0 / 4.0)).round() as u8
        };
        let at = |y: usize, x: usize| 2 * y * row + 2 * x * 3;
        let places = (0..CELL_SIDE).flat_map(|y| (0..CELL_SIDE).map(move |x| at(y, x)));
        Cell(places.flat_map(|at| [mean(at), mean(at + 1), mean(at + 2)]).collect())
    }
}

/// Compresses the rows of a sheet one by one, so that each can be committed to before the next one exists.
#[derive(Clone, Debug)]
pub(crate) struct SheetEncoder {
    rows: RowEncoder,
    columns: usize,
}

impl SheetEncoder {
    /// For a sheet of this many rows.
    pub(crate) fn new(rows: usize) -> SheetEncoder {
        let max_bytes = (STRIP_MAX_BYTES - JOINING_BYTES) / rows.max(1);
        SheetEncoder { rows: RowEncoder::new(max_bytes), columns: columns(rows) }
    }

    /// The next row, as a JPEG of its own: at most [`columns`] cells. Missing cells stay black. `None` if it makes too
    /// many bytes.
    ///
    /// # Errors
    /// [`EngineError::Encode`] if the picture cannot be encoded.
    pub(crate) fn encode(&mut self, cells: &[Option<&Cell>]) -> Result<Option<Vec<u8>>, EngineError> {
        let columns = self.columns;
        let mut rgba = vec![0; columns * CELL_SIDE * CELL_SIDE * 4];
        rgba.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
        for (column, cell) in cells.iter().take(columns).enumerate() {
            let Some(Cell(rgb)) = cell else { continue };
            for (y, row) in rgb.chunks_exact(CELL_SIDE * 3).enumerate() {
                let start = (y * columns + column) * CELL_SIDE * 4;
                for (to, from) in rgba[start..start + CELL_SIDE * 4].chunks_exact_mut(4).zip(row.chunks_exact(3)) {
                    to[..3].copy_from_slice(from);
                }
            }
        }
        self.rows.encode(&Frame::new(&rgba, columns * CELL_SIDE, CELL_SIDE)?)
    }
}

/// Bytes that joining adds to the rows, at most.
const JOINING_BYTES: usize = 64;

/// Joins rows into the sheet. `None` if there are none or they do not belong together.
pub(crate) fn join(rows: &[Vec<u8>]) -> Option<Vec<u8>> {
    jpeg::join_rows(rows)
}

/// The rows of a sheet from outside, each as the JPEG it was before it was joined.
///
/// # Errors
/// The [`Reason`] for rejecting it.
pub(crate) fn rows(sheet: &[u8], thresholds: &Thresholds) -> Result<Vec<Vec<u8>>, Reason> {
    if sheet.len() > thresholds.strip.max_bytes {
        return Err(Reason::CaptureSize);
    }
    jpeg::split_rows(sheet)
}

/// A decoded strip from outside.
pub(crate) struct Sheet {
    /// Perceptual hash of the whole sheet.
    pub(crate) fingerprint: PerceptualHash,
    /// Exact hash of the whole sheet's pixels.
    pub(crate) pixels: String,
    /// The cells of each row, in order.
    pub(crate) rows: Vec<Vec<Picture>>,
}

/// Decodes the rows of a strip from outside, which have this many cells each.
///
/// # Errors
/// The [`Reason`] for rejecting it.
pub(crate) fn decode(rows: &[Vec<u8>], columns: usize, thresholds: &Thresholds) -> Result<Sheet, Reason> {
    let mut limits = thresholds.capture.clone();
    limits.max_bytes = thresholds.strip.max_bytes;
    limits.min_side = CELL_SIDE as u32;
    let rows: Vec<Picture> = rows.iter().map(|row| jpeg::decode(row, &limits)).collect::<Result<_, _>>()?;
    let right_size =
        |row: &Picture| (row.as_frame().width(), row.as_frame().height()) == (columns * CELL_SIDE, CELL_SIDE);
    if !rows.iter().all(right_size) {
        return Err(Reason::CaptureSize);
    }
    let sheet = jpeg::stack(&rows).ok_or(Reason::CaptureDamaged)?;
    let cell = |row: &Picture, column: usize| {
        row.as_frame().part((column * CELL_SIDE, 0), CELL_SIDE, CELL_SIDE).ok_or(Reason::CaptureDamaged)
    };
    let cells = |row: &Picture| (0..columns).map(|column| cell(row, column)).collect::<Result<_, _>>();
    let rows = rows.iter().map(cells).collect::<Result<_, _>>()?;
    let sheet = sheet.as_frame();
    Ok(Sheet { fingerprint: PerceptualHash::of(&sheet), pixels: pixel_hash(&sheet), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_positions() {
        let grey = |level: f32| Cell::of_crop(&vec![level / 255.0; CROP_SIDE * CROP_SIDE * 3]);
        let all: Vec<Cell> = (0..3 * 8).map(|i| grey(10.0 * i as f32)).collect();
        let mut encoder = SheetEncoder::new(3);
        let mut row = |number: usize| {
            let mut cells: Vec<Option<&Cell>> = all[number * 8..][..8].iter().map(Some).collect();
            cells[5] = None;
            encoder.encode(&cells).unwrap().unwrap()
        };
        let sheet = join(&[row(0), row(1), row(2)]).unwrap();
        let back = decode(&rows(&sheet, &Thresholds::V8).unwrap(), 8, &Thresholds::V8).unwrap().rows;
        for (index, cell) in back.iter().flatten().enumerate() {
            let expected = if index % 8 == 5 { 0 } else { 10 * index as i32 };
            let [r, ..] = cell.as_frame().rgb(48, 48);
            assert!((i32::from(r) - expected).abs() <= 2, "cell {index}: {r}");
        }
    }

    #[test]
    fn a_sheet_of_another_size_is_rejected() {
        let picture = Picture::from_rgb(&vec![9; 576 * 96 * 3], 576, 96).unwrap();
        let row = jpeg::encode(&picture.as_frame(), STRIP_MAX_BYTES).unwrap().unwrap().bytes;
        assert_eq!(decode(&[row], 8, &Thresholds::V8).err(), Some(Reason::CaptureSize));
        assert_eq!(rows(&[0; 900], &Thresholds::V8).err(), Some(Reason::CaptureFormat));
        assert_eq!(rows(&[0; STRIP_MAX_BYTES + 1], &Thresholds::V8).err(), Some(Reason::CaptureSize));
    }
}
