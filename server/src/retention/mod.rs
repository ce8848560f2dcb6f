//! Retention: removes what has been kept long enough. `config` says how long that is.
//!
//! One server at a time sweeps for all (`turns.rs`). It reads and removes in pages and batches, so that it needs the
//! same memory however much there is, and other writers get their turn.

mod expired;
mod sweep;
mod sweeper;
mod traces;
mod turns;
mod unnamed;

pub use sweep::{Swept, sweep};
pub use sweeper::Sweeper;
pub use turns::run;
