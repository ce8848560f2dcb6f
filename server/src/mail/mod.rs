//! Mail: its text (`words`), its format (`message`), its transports (`mailer`: SMTP, Resend or a file), and the worker
//! that empties the outbox. Sending is never part of a request, so that the response time does not reveal whether a
//! mail is sent.

mod error;
mod facts;
mod mailer;
mod message;
mod notice;
mod resend;
mod smtp;
mod trial;
mod words;
mod worker;

pub use mailer::{Mailer, ProbeResult};
pub use notice::Notice;
pub use trial::send_test_email;
pub use worker::{Outbox, deliver_due, run};
