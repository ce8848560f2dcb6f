//! Blinkgate's engine: pixels and timestamps in, observations, captures, a transcript and verdicts out.
//!
//! The engine is pure: it has no clock, randomness, file, network, DOM or logging. The time comes in with each frame,
//! and the neural networks come in behind [`Network`]. Data flows one way:
//!
//! frame → [`detect`] → region → [`mesh`] → EAR, pose, quality, glare → [`gate`] → [`blink`] → [`prompt`], capture and
//! [`strip`] selection → [`transcript`], and on the server: transcript, captures and strip → [`decide()`] →
//! [`Verdict`].
//!
//! Left and right are the subject's own everywhere (`mesh/landmarks.rs`).
//!
//! # Examples
//!
//! A [`Session`] turns frames into observations. The real networks come from the crates `engine-compact` and
//! `engine-tract`; this one never finds a face:
//!
//! ```
//! use engine::{Frame, Gate, Network, NetworkError, Networks, Session, Thresholds};
//!
//! /// Answers every input with very low scores.
//! struct NoFace {
//!     output_lens: Vec<usize>,
//! }
//!
//! impl Network for NoFace {
//!     fn input_len(&self) -> usize {
//!         128 * 128 * 3
//!     }
//!
//!     fn run(&mut self, _input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError> {
//!         for (output, len) in outputs.iter_mut().zip(&self.output_lens) {
//!             *output = vec![-100.0; *len];
//!         }
//!         Ok(())
//!     }
//! }
//!
//! // The detector has 896 anchors with 16 coordinates and a score each. The other networks run only if it finds a face.
//! let network = |output_lens: &[usize]| Box::new(NoFace { output_lens: output_lens.to_vec() });
//! let networks = Networks {
//!     id: "example".to_owned(),
//!     detector: network(&[896 * 16, 896]),
//!     trunk: network(&[]),
//!     eye_right: network(&[]),
//!     eye_left: network(&[]),
//! };
//! let mut session = Session::new(networks, Thresholds::V8);
//!
//! let rgba = vec![128; 640 * 480 * 4];
//! let frame = Frame::new(&rgba, 640, 480)?;
//! for t_ms in [0.0, 33.0, 67.0] {
//!     let observation = session.push(&frame, t_ms)?;
//!     assert_eq!((observation.faces, observation.gate), (0, Gate::NoFace));
//! }
//! # Ok::<(), engine::EngineError>(())
//! ```
//!
//! The blink detector inside a session takes eye aspect ratios. These eyes are closed from 1000 ms to 1200 ms:
//!
//! ```
//! use engine::Thresholds;
//! use engine::blink::BlinkDetector;
//! use engine::ear::EyeRatios;
//!
//! let mut detector = BlinkDetector::new(Thresholds::V8.blink);
//! let mut blinks = Vec::new();
//! for t_ms in (0..2000).step_by(33) {
//!     let ear = if (1000..1200).contains(&t_ms) { 0.05 } else { 0.3 };
//!     let update = detector.update(t_ms, Some(EyeRatios { right: ear, left: ear }));
//!     blinks.extend(update.blink);
//! }
//! assert_eq!(blinks.len(), 1);
//! assert!(blinks[0].end_ms >= 1200);
//! ```

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
mod decide;
mod digest;
mod error;
mod eye_context;
mod frame_record;
mod glare;
mod network;
mod occlusion;
mod perceptual_hash;
mod pose;
mod quality;
mod reason;
mod region;
mod score;
mod session;
mod shape;
mod stats;
mod stop;
mod thresholds;
mod tracker;

// Used like modules of this crate.
use engine_pixels::{crop, frame};

pub use attempt::{Ask, Attempt, Evidence, Phase, Progress, Prompt};
pub use blink::{Blink, EyeState};
pub use decide::{Decision, Fingerprints, Issued, Record, Submission, Verdict, decide};
pub use engine_pixels::crop::rgb_at as crop_rgb;
pub use engine_pixels::frame::{Frame, FrameError, Picture};
pub use engine_pixels::{colours, geometry, planes};
pub use error::EngineError;
pub use eye_context::EyeContext;
pub use gate::{Direction, Gate};
pub use glare::Glare;
pub use network::{Network, NetworkError, Networks};
pub use perceptual_hash::PerceptualHash;
pub use pose::Pose;
pub use quality::{Quality, Scene};
pub use reason::Reason;
pub use score::{CaptureScore, Scorer};
pub use session::{FrameReport, Observation, Session};
pub use stop::Stop;
pub use thresholds::{
    BlinkThresholds, CaptureThresholds, OcclusionThresholds, PromptThresholds, SignalThresholds, StripThresholds,
    Thresholds,
};
pub use tracker::{Face, Reading, Tracker};
pub use transcript::{KeyKind, Terms, public_key_is_acceptable};

/// The engine's version. Browser and server must run the same one.
///
/// It is the workspace's version in `Cargo.toml`. **Raise it with every release that changes what either side computes
/// or decides**: readings (networks aside, see [`Networks::id`]), gates, blinks or the choice of captures and cells;
/// the transcript's content or format; thresholds ([`Thresholds::name`] changes too) or checks in [`decide()`]. Changes
/// that leave all of these as they are, bit for bit, need no new version: speed, names, documentation, texts.
///
/// The page writes this version into every transcript ([`transcript::EngineVersions`]). If it is not the server's own,
/// [`decide()`] rejects the attempt with [`Reason::EngineVersion`], and the page asks the person to reload it. Without
/// a new version, a page left open during an upgrade keeps running the old engine unnoticed, and its honest attempts
/// may fail for misleading reasons, or pass by outdated rules.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
