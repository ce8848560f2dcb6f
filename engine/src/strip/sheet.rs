//! The sheet: cells in, one JPEG out, and back again.

use super::layout::{CELL_SIDE, CELLS, COLUMNS, ROWS};
use crate::budget::STRIP_MAX_BYTES;
use crate::error::EngineError;
use crate::frame::{Frame, Picture};
use crate::geometry::Region;
use crate::jpeg::{self, Encoded};
use crate::mesh::{CROP_SIDE, sample_crop};
use crate::perceptual_hash::{PerceptualHash, pixel_hash};
use crate::reason::Reason;
use crate::thresholds::Thresholds;

/// A face cut out of a frame: [`CELL_SIDE`] rows of as many R, G, B triples.
#[derive(Clone, Debug)]
pub(crate) struct Cell(Vec<u8>);

const _: () = assert!(CROP_SIDE == 2 * CELL_SIDE);

impl Cell {
    /// Cuts the region out of the frame that a mesh was read in.
    pub(crate) fn cut(frame: &Frame, region: &Region) -> Cell {
        let mut crop = Vec::new();
        sample_crop(frame, region, &mut crop);
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

/// Lays the cells out in rows, in order, and compresses them. Missing cells stay black. `None` if even the lowest
/// quality makes too many bytes.
///
/// # Errors
/// [`EngineError::Encode`] if the picture cannot be encoded.
pub(crate) fn encode(cells: &[Option<&Cell>]) -> Result<Option<Encoded>, EngineError> {
    let mut rgba = vec![0; CELLS * CELL_SIDE * CELL_SIDE * 4];
    rgba.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
    for (index, cell) in cells.iter().take(CELLS).enumerate() {
        let Some(Cell(rgb)) = cell else { continue };
        for (y, row) in rgb.chunks_exact(CELL_SIDE * 3).enumerate() {
            let (top, left) = (index / COLUMNS * CELL_SIDE + y, index % COLUMNS * CELL_SIDE);
            let start = (top * COLUMNS * CELL_SIDE + left) * 4;
            for (to, from) in rgba[start..start + CELL_SIDE * 4].chunks_exact_mut(4).zip(row.chunks_exact(3)) {
                to[..3].copy_from_slice(from);
            }
        }
    }
    let sheet = Frame::new(&rgba, COLUMNS * CELL_SIDE, ROWS * CELL_SIDE)?;
    jpeg::encode(&sheet, STRIP_MAX_BYTES)
}

/// A decoded strip from outside.
pub(crate) struct Sheet {
    /// Perceptual hash of the whole sheet.
    pub(crate) fingerprint: PerceptualHash,
    /// Exact hash of the whole sheet's pixels.
    pub(crate) pixels: String,
    /// The cells, in order.
    pub(crate) cells: Vec<Picture>,
}

/// Decodes a strip from outside.
///
/// # Errors
/// The [`Reason`] for rejecting it.
pub(crate) fn decode(bytes: &[u8], thresholds: &Thresholds) -> Result<Sheet, Reason> {
    let mut limits = thresholds.capture.clone();
    limits.max_bytes = thresholds.strip.max_bytes;
    let sheet = jpeg::decode(bytes, &limits)?;
    let sheet = sheet.as_frame();
    if (sheet.width(), sheet.height()) != (COLUMNS * CELL_SIDE, ROWS * CELL_SIDE) {
        return Err(Reason::CaptureSize);
    }
    let cell = |index: usize| {
        let (top, left) = (index / COLUMNS * CELL_SIDE, index % COLUMNS * CELL_SIDE);
        sheet.part((left, top), CELL_SIDE, CELL_SIDE).ok_or(Reason::CaptureDamaged)
    };
    let cells = (0..CELLS).map(cell).collect::<Result<_, _>>()?;
    Ok(Sheet { fingerprint: PerceptualHash::of(&sheet), pixels: pixel_hash(&sheet), cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_positions() {
        let grey = |level: f32| Cell::of_crop(&vec![level / 255.0; CROP_SIDE * CROP_SIDE * 3]);
        let all: Vec<Cell> = (0..CELLS).map(|i| grey(10.0 * i as f32)).collect();
        let mut places: Vec<Option<&Cell>> = all.iter().map(Some).collect();
        places[5] = None;
        let jpeg = encode(&places).unwrap().unwrap();
        let back = decode(&jpeg.bytes, &Thresholds::V5).unwrap().cells;
        for (index, cell) in back.iter().enumerate() {
            let expected = if index == 5 { 0 } else { 10 * index as i32 };
            let [r, ..] = cell.as_frame().rgb(48, 48);
            assert!((i32::from(r) - expected).abs() <= 2, "cell {index}: {r}");
        }
    }

    #[test]
    fn a_sheet_of_another_size_is_rejected() {
        let picture = Picture::from_rgb(&vec![9; 576 * 400 * 3], 576, 400).unwrap();
        let jpeg = jpeg::encode(&picture.as_frame(), STRIP_MAX_BYTES).unwrap().unwrap();
        assert_eq!(decode(&jpeg.bytes, &Thresholds::V5).err(), Some(Reason::CaptureSize));
        assert!(decode(&jpeg.bytes[..900], &Thresholds::V5).is_err());
    }
}
