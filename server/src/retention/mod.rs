//! Retention: removes captures, links, sessions and mails when their time is over. For how long they are kept:
//! `config`.

mod sweep;

pub use sweep::{Sweeper, Swept, run, sweep};
