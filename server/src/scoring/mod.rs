//! Scoring of submissions: the engine runs in worker processes, one submission at a time in each.
//!
//! Untrusted pictures go through large decoders, which have hung, crashed and exhausted memory before. So they are
//! decoded where a failure does little harm: a worker (`worker.rs`) is this same program, started as `blinkgate
//! score-worker`, under limits on time and memory that the operating system enforces (`limits.rs`). The server runs a
//! pool of them (`pool.rs`, `process.rs`), sends submissions and reads decisions (`wire.rs`), and replaces any worker
//! that fails. Under overload it rejects submissions early (`overload.rs`).

mod limits;
mod overload;
mod pool;
mod process;
mod wire;
mod worker;

pub use limits::{Confinement, WorkerLimits, confine, hide_memory};
pub use pool::{Capacity, Permit, ScoringPool};
pub use process::Program;
pub use worker::{answer_all, run};

/// Why a submission could not be scored: a fault of ours, which says nothing about the person.
#[derive(Debug)]
pub struct ScoringError(pub String);
