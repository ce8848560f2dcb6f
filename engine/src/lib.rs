//! Blinkgate's engine: pixels and timestamps in, observations, captures, a transcript and verdicts out.
//!
//! Pure: it has no clock, randomness, file, network, DOM or logging. Time comes in with each frame; the networks come in
//! behind [`Network`]. Data flows one way:
//!
//! frame → [`detect`] → region → [`mesh`] → EAR, pose, quality, glare → [`gate`] → [`blink`] → [`prompt`], capture and
//! [`strip`] selection → [`transcript`], and on the other side of the wire: transcript, captures and strip → [`decide()`] →
//! [`Verdict`].
//!
//! Left and right are the subject's own everywhere (`mesh/landmarks.rs`).

pub mod blink;
pub mod budget;
pub mod detect;
pub mod ear;
pub mod gate;
pub mod jpeg;
pub mod mesh;
pub mod pair;
pub mod prompt;
pub mod strip;
pub mod transcript;

mod attempt;
mod capture;
mod compress;
mod cover;
mod decide;
mod error;
mod fingerprint;
mod glare;
mod network;
mod pose;
mod quality;
mod reason;
mod region;
mod score;
mod session;
mod stats;
mod thresholds;
mod tracker;

// As if they were modules of this crate.
use engine_pixels::{crop, frame};

pub use attempt::{Ask, Attempt, Evidence, Phase, Progress, Prompt};
pub use blink::{Blink, EyeState};
pub use cover::Surroundings;
pub use decide::{Decision, Issued, Record, Submission, Verdict, decide};
pub use engine_pixels::crop::rgb_at as crop_rgb;
pub use engine_pixels::frame::{Frame, FrameError, Picture};
pub use engine_pixels::geometry;
pub use error::EngineError;
pub use fingerprint::Fingerprint;
pub use gate::{Direction, Gate};
pub use glare::Glare;
pub use network::{Network, NetworkError, Networks};
pub use pose::Pose;
pub use quality::{Quality, Scene};
pub use reason::Reason;
pub use score::{CaptureScore, Scorer};
pub use session::{FrameReport, Observation, Session};
pub use thresholds::{
    BlinkThresholds, CaptureThresholds, CoverThresholds, PromptThresholds, StripThresholds, Thresholds,
};
pub use tracker::{Face, Reading, Tracker};
pub use transcript::{KeyKind, Terms, public_key_is_acceptable};

/// The engine's version: both sides must run the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
