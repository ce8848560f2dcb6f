//! Mail: what it says (`words`), how it is written (`message`) and leaves (`transport` by `smtp`, `resend` or into a file),
//! and the worker that empties the outbox.
//! Sending is never part of a request, so that an address's answer takes the same time whether or not a mail leaves.

mod message;
mod resend;
mod smtp;
mod mailer;
mod error;
mod trial;
mod words;
mod worker;

pub use mailer::{Mailer, ProbeResult};
pub use trial::send_test_email;
pub use worker::{Outbox, deliver_due, run};
