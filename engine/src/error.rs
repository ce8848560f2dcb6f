//! What can keep the engine from computing. A rejected person is not among these: that is a [`crate::Verdict`].

use engine_pixels::frame::FrameError;

use crate::network::NetworkError;

/// The engine could not compute an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Pixels do not make a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame's time is not after the frame before it, or is no time at all.
    #[error("frame times must rise by a millisecond at least")]
    TimeOrder,
    /// A network failed to run or gave outputs of another shape than documented.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A JPEG could not be made from a capture.
    #[error("capture could not be encoded: {0}")]
    Encode(String),
    /// The transcript could not be written as JSON.
    #[error("transcript could not be written: {0}")]
    Transcript(#[from] serde_json::Error),
}
