//! The strip's dimensions.

/// Cells of a strip, at most.
pub(crate) const CELLS: usize = 24;
/// Rows that the blink of a challenge without prompts fills.
pub(crate) const NATURAL_ROWS: usize = 3;
/// Side of a cell in pixels: half the side of the crop that the mesh reads.
pub const CELL_SIDE: usize = 96;
/// Side of a cell over that of the face's region, which is 1.5 times as large as the face: little but the face, since
/// narrow eyes are only a few pixels high. Smaller cells would cut faces off whose landmarks are read a little too small.
pub(crate) const CELL_SPAN: f32 = 0.8;

/// Cells in each row of a sheet with this many rows: one row for each step.
pub fn columns(rows: usize) -> usize {
    CELLS / rows.clamp(1, CELLS)
}
