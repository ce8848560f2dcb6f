//! The evidence strip: small face crops around each counted eye closure, as one picture.
//!
//! Two captures cannot show that eyes closed and opened again; the strip's cells show it step by step, for a third of
//! the bytes. The browser cannot pick the frames that suit it: both sides compute from the recorded numbers which
//! frames become cells ([`choose()`]).

pub(crate) mod choose;
mod judge;
mod layout;
mod sheet;

pub use choose::{Moment, choose};
pub(crate) use judge::{CaptureInStrip, check, score};
pub use judge::{CellScore, StripScore};
pub use layout::{CELL_SIDE, CELLS, COLUMNS, ROWS};
pub(crate) use sheet::{Cell, encode};
