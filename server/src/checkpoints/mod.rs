//! Checkpoints of the audit trail that are kept elsewhere: one server at a time sends them (`courier.rs`) to a folder, an
//! address or a mailbox (`place.rs`), and `doctor` compares what is kept there with the trail (`compare.rs`).

mod compare;
mod courier;
mod place;

pub use compare::{Comparison, compare};
pub use courier::{Courier, run, send_due};
pub use place::{Kept, Place};
