//! Scoring of submissions: the engine in processes of its own, as many at a time as there are permits.
//!
//! Pictures from outside go through large decoders, which have spun, crashed and eaten memory before. So they are decoded
//! where the loss can be borne: a worker (`worker.rs`) is this same program, started as `blinkgate score-worker`, with
//! limits on its time and memory that the system enforces (`limits.rs`). The server holds one for each permit (`pool.rs`,
//! `process.rs`), sends it submissions and reads decisions (`wire.rs`); one that fails is replaced.

mod crowd;
mod limits;
mod pool;
mod process;
mod wire;
mod worker;

use engine::Issued;

pub use limits::{Limits, confine, dump_no_memory};
pub use pool::{Capacity, Place, ScoringPool};
pub use process::Program;
pub use worker::{answer_all, run};

use crate::verification::Upload;

/// A submission to decide.
#[derive(Clone, Debug)]
pub struct Job {
    /// What the server laid down and saw.
    pub issued: Issued,
    /// What was uploaded.
    pub upload: Upload,
}

impl Job {
    /// What was uploaded, in the order in which it goes to a worker.
    fn parts(&self) -> [&[u8]; 4] {
        let Upload { transcript, open, closed, strip } = &self.upload;
        [transcript, open, closed, strip]
    }

    /// `None` if there are more or fewer parts than a submission has.
    fn from_parts(issued: Issued, parts: Vec<Vec<u8>>) -> Option<Job> {
        let [transcript, open, closed, strip] = parts.try_into().ok()?;
        Some(Job { issued, upload: Upload { transcript, open, closed, strip } })
    }
}

/// A submission could not be scored, and why: a fault of ours. Says nothing about the person.
#[derive(Debug)]
pub struct ScoringError(pub String);
