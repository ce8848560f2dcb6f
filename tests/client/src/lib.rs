//! Test client: does what a user's browser does, by real requests to a server on this machine.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! # use std::{path::Path, time::Duration};
//! # use test_client::{AttemptOutcome, PersonSimulator, ServerProcess, UserClient};
//! let timeout = Duration::from_secs(60);
//! let server = ServerProcess::start(Path::new("target/debug/blinkgate"), Path::new("/tmp/data"), &[])?;
//! let mut user = UserClient::new(&server.http, 1); // user 1: an address, a mailbox and an IP address
//! user.open_session(&server.outbox(), timeout)?; // registers, and opens the mailed link
//! let simulator = PersonSimulator::load(Path::new("models"))?; // draws the frames, and analyses them as the page does
//! if let AttemptOutcome::Recorded(attempt) = simulator.attempt(&user, &mut fastrand::Rng::new())? {
//!     let decision = user.submit_until_decided("key", &attempt.sign(), timeout)?;
//!     assert!(decision.verified);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`UserPool`] makes many users who submit copies of one attempt. [`crash`] and [`faults`] are whole test scenarios, which
//! the server's tests run briefly and `scripts/load` runs for as long as asked.

pub mod crash;
pub mod faults;
mod http;
mod outbox;
mod parallel;
mod server_process;
mod simulator;
mod submission;
mod upload;
mod user;
mod users;

pub use http::{HttpClient, Response};
pub use outbox::Outbox;
pub use parallel::{cores, for_each};
pub use server_process::ServerProcess;
pub use simulator::{AttemptOutcome, Camera, Face, Head, Person, PersonSimulator, ReplayMode};
pub use submission::{Key, Recorded, SubmissionParts};
pub use upload::{CHUNK, Decision, SubmitOutcome};
pub use user::{UserClient, consent};
pub use users::{ReadyUser, UserPool};
