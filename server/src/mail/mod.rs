//! Mail: what is written, how it leaves, and the worker that empties the outbox.
//! Sending is never part of a request, so that an address's answer takes the same time whether or not a mail leaves.

mod letter;
mod transport;
mod worker;

pub use transport::Transport;
pub use worker::{deliver_due, run};
