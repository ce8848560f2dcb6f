//! The strip cells an attempt holds: those of the latest frames, and those already chosen for the strip.

use std::collections::VecDeque;

use crate::strip::Cell;

/// Cells held while a step is under way: more frames than a step can have at 60 frames a second.
const MAX_RECENT: usize = 400;

/// Cells by the times of their frames.
#[derive(Debug, Default)]
pub(super) struct Cells {
    recent: VecDeque<(u32, Cell)>,
    chosen: Vec<(u32, Cell)>,
}

impl Cells {
    /// Adds the newest cell.
    pub(super) fn push(&mut self, t_ms: u32, cell: Cell) {
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((t_ms, cell));
    }

    /// Keeps the recent cells of these times and drops the others.
    pub(super) fn choose(&mut self, times: &[u32]) {
        let recent = std::mem::take(&mut self.recent);
        self.chosen.extend(recent.into_iter().filter(|(t_ms, _)| times.contains(t_ms)));
    }

    /// The cell of this time, if it was chosen or is still recent.
    pub(super) fn at(&self, t_ms: u32) -> Option<&Cell> {
        self.chosen.iter().chain(&self.recent).find(|(t, _)| *t == t_ms).map(|(_, cell)| cell)
    }
}
