//! The strip's dimensions.

/// Cells of a strip, at most.
pub(crate) const CELLS: usize = 24;
/// Rows that the blink of a challenge without prompts fills.
pub(crate) const NATURAL_ROWS: usize = 3;
/// Side of a cell in pixels: half the side of the crop that the mesh reads.
pub const CELL_SIDE: usize = 96;

/// Cells in each row of a sheet with this many rows: one row for each step.
pub fn columns(rows: usize) -> usize {
    CELLS / rows.clamp(1, CELLS)
}
