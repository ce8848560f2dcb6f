//! One attempt, from upload to answer: its evidence arrives (`upload.rs`), its challenge is claimed (`claiming.rs`), it
//! is decided (`judging.rs`) and its captures are stored (`attempt.rs`), the outcome is recorded (`recording.rs`,
//! `counting.rs`) and answered. Before that, a prompted challenge reveals its cues (`rounds.rs`). One that told a cue
//! and was left is recorded too (`leaving.rs`).
//!
//! A rejection is an outcome. A fault of ours (database, disk, engine) is not: it releases the claim, costs no attempt
//! and verifies nobody.

mod attempt;
mod claiming;
mod counting;
mod judging;
mod leaving;
mod outcome;
mod pictures;
mod recording;
mod review_hint;
mod rounds;
mod served;
mod sweep;
mod upload;

pub use attempt::Verifier;
pub use leaving::note;
pub use outcome::{AttemptAnswer, GiveUp, VerificationError};
pub use rounds::next;
pub use sweep::sweep;
pub use upload::{Uploads, discard_stale};
