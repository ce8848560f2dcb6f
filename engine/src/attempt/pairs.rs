//! Pairs of captures: one with open eyes and one with closed eyes, around the same eye closure.

use crate::blink::Blink;
use crate::capture::Capture;
use crate::strip::{Cell, Moment};

/// Two captures and the eye closure they show.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) eye_closure: Blink,
    pub(super) open: Capture,
    pub(super) closed: Capture,
}

impl Pair {
    pub(super) fn new(eye_closure: Blink, (open, closed): (&Capture, &Capture)) -> Pair {
        Pair { eye_closure, open: open.clone(), closed: closed.clone() }
    }

    /// Time between the two captures.
    pub(super) fn gap_ms(&self) -> u32 {
        self.open.t_ms.abs_diff(self.closed.t_ms)
    }

    /// `moment` with this pair's frames among its cells, if the pair's eye closure belongs to it.
    pub(super) fn shown_in(&self, moment: &Moment) -> Moment {
        let captures = if moment.has(&self.eye_closure) { vec![self.open.t_ms, self.closed.t_ms] } else { Vec::new() };
        Moment { captures, ..moment.clone() }
    }

    /// The cell of this time, if one of the captures was cut from that frame.
    pub(super) fn cell_at(&self, t_ms: u32) -> Option<&Cell> {
        [&self.open, &self.closed].into_iter().find(|capture| capture.t_ms == t_ms).map(|capture| &capture.cell)
    }
}
