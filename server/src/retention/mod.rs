//! Retention: removes captures, links, sessions and mails when their time is over. `config` says how long they are
//! kept.

mod sweep;

pub use sweep::{Sweeper, Swept, run, sweep};
