//! The strip's dimensions.

/// Cells of a strip.
pub const CELLS: usize = 24;
/// Cells in a row of the sheet.
pub const COLUMNS: usize = 6;
/// Rows of the sheet.
pub const ROWS: usize = CELLS / COLUMNS;
/// Side of a cell in pixels: half the side of the crop that the mesh reads.
pub const CELL_SIDE: usize = 96;
