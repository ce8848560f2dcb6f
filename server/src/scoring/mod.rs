//! Scoring of submissions: the engine in processes of its own, as many at a time as there are permits.
//!
//! Pictures from outside go through large decoders, which have spun, crashed and eaten memory before. So they are decoded
//! where the loss can be borne: a worker (`worker.rs`) is this same program, started as `blinkgate score-worker`, with
//! limits on its time and memory that the system enforces (`limits.rs`). The server holds one for each permit (`pool.rs`,
//! `process.rs`), sends it submissions and reads decisions (`wire.rs`); one that fails is replaced.

mod limits;
mod pool;
mod process;
mod wire;
mod worker;

use engine::Terms;
use serde::{Deserialize, Serialize};

pub use limits::{Limits, confine};
pub use pool::ScoringPool;
pub use process::Program;
pub use worker::{answer_all, run};

/// What the server lays down for a submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// What the transcript must repeat.
    pub terms: Terms,
    /// The key that was registered for the challenge.
    pub public_key: [u8; 32],
    /// How long after the challenge was issued it was received.
    pub elapsed_ms: u64,
}

/// A submission to decide.
#[derive(Clone, Debug)]
pub struct Job {
    /// What the server knows.
    pub facts: Facts,
    /// The compact JWS.
    pub transcript: Vec<u8>,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
}

impl Job {
    /// What was uploaded, in the order in which it goes to a worker.
    fn parts(&self) -> [&[u8]; 3] {
        [&self.transcript, &self.open, &self.closed]
    }

    /// `None` if there are more or fewer parts than a submission has.
    fn from_parts(facts: Facts, parts: Vec<Vec<u8>>) -> Option<Job> {
        let [transcript, open, closed] = parts.try_into().ok()?;
        Some(Job { facts, transcript, open, closed })
    }
}

/// A submission could not be scored. Says nothing about the person.
#[derive(Debug)]
pub enum ScoringError {
    /// Too many wait already.
    Busy,
    /// A fault of ours.
    Failed(String),
}
