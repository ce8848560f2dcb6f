//! The strip cells of the latest frames.

use std::collections::VecDeque;

use crate::strip::Cell;

/// Cells held while a step is under way: more frames than a step can have at 60 frames a second, of which its eyes may be
/// closed for 6 s.
const MAX_RECENT: usize = 500;

/// Cells by the times of their frames.
#[derive(Debug, Default)]
pub(super) struct Cells {
    recent: VecDeque<(u32, Cell)>,
}

impl Cells {
    /// Adds the newest cell.
    pub(super) fn push(&mut self, t_ms: u32, cell: Cell) {
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((t_ms, cell));
    }

    /// Forgets all cells.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    /// The cell of this time, if it is still held.
    pub(super) fn at(&self, t_ms: u32) -> Option<&Cell> {
        self.recent.iter().find(|(t, _)| *t == t_ms).map(|(_, cell)| cell)
    }
}
