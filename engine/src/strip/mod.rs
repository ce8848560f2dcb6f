//! The evidence strip: small face crops around each counted closure of the eyes, as one picture.
//!
//! Two captures cannot show that eyes closed and opened again; the strip's cells show it, moment by moment, for a third of
//! the bytes. Which frames become cells is not the browser's choice: both sides compute it from the recorded numbers
//! ([`choose()`]), so that a browser cannot pick what suits it.

pub(crate) mod choose;
mod judge;
mod sheet;

pub use choose::{Moment, choose};
pub use judge::{CellScore, StripScore};
pub(crate) use judge::{Shown, judge};
pub(crate) use sheet::{Cell, encode};

/// Cells of a strip.
pub const CELLS: usize = 24;
/// Cells in a row of the sheet.
pub const COLUMNS: usize = 6;
/// Rows of the sheet.
pub const ROWS: usize = CELLS / COLUMNS;
/// Side of a cell in pixels: half the side of the crop that the mesh reads.
pub const CELL_SIDE: usize = 96;
