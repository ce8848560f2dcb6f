//! Why the engine could not compute. A rejected person is not an error but a [`crate::Verdict`].

use engine_pixels::frame::FrameError;

use crate::network::NetworkError;

/// The engine could not compute an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The pixels do not make a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame's time is not later than that of the frame before, or not a valid time.
    #[error("frame times must increase by at least a millisecond")]
    TimeOrder,
    /// A network failed, or its output does not have the documented shape.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A JPEG could not be made from a capture.
    #[error("capture could not be encoded: {0}")]
    Encode(String),
    /// The transcript could not be written as JSON.
    #[error("transcript could not be written: {0}")]
    Transcript(#[from] serde_json::Error),
}
