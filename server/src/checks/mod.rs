//! Checks: what a site asks about a mailbox, from the question to the result. A check is one series of attempts; the
//! attempts themselves are those of `verification`, which tells this module how each ended.
//!
//! Every change of state adds an event for the site, in the same transaction.

mod attempts;
mod create;
mod events;
mod review;
mod states;
mod upkeep;

pub use attempts::{AttemptEnd, Bearing, attempt_ended};
pub use create::{CreateError, Made, NewCheck, create, from_front_door, mail_again, new_client_token};
pub use events::tell;
pub use review::reviewed;
pub use states::{cancel, decide_due, expire_due, opened, redacted};
pub use upkeep::{forget, run};
