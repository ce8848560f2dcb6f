//! The evidence strip: small face crops around each counted eye closure, as one picture with a row for each step.
//!
//! Two captures cannot show that eyes closed and opened again; the strip's cells show it step by step, for a third of
//! the bytes. The browser cannot pick the frames that suit it: both sides compute from the recorded numbers which
//! frames become cells ([`choose()`]).

mod cell;
pub(crate) mod choose;
mod closures;
mod judge;
mod layout;
mod plane;
mod sheet;
mod signals;
mod turn;

pub use cell::{CellPart, CellScore};
pub use choose::{Moment, choose};
pub use judge::StripScore;
pub(crate) use judge::{CaptureInStrip, check, score};
pub use layout::{CELL_SIDE, columns};
pub(crate) use sheet::{Cell, SheetEncoder, join, rows};
pub use signals::{Signal, Signals};
pub use turn::TurnScore;
