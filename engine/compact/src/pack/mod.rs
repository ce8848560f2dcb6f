//! Packs: the four networks in one small file for download. Weights are integers of 8 bits, or of up to 16 where
//! needed, with one scale for each output channel. Everything else is 16-bit floats. All become `f32` when they are
//! read.
//!
//! ```text
//! magic "BGNP" · version u32 · length of the rest u32 · Adler-32 of the rest u32 · the rest
//! the rest: SHA-256 that names the model files it was made from · the graphs of detector, trunk, right eye, left eye
//! graph:    height, width, channels u16 · number of layers u16 · layers · number of outputs u8 ·
//!           for each output: number of tensors u8 · tensors u16
//! layer:    input u16 · channels u16 ·
//!           gather: 0 u8, kernel, stride, before, after u8 | 1 u8, stride u8, rows (one for each input channel, 9 long) ·
//!           residual: 0 u8 | 1 u8, tensor u16 | 2 u8 (pooled), tensor u16 ·
//!           activation: 0 u8 (linear) | 1 u8 (ReLU) | 2 u8 (PReLU), slopes f16 for each channel ·
//!           bias f16 for each channel · rows (one for each channel, as long as what is gathered)
//! rows:     1 u8, scale f16 for each row, i8 for each value |
//!           2 u8, scale f16 for each row, the low byte of each value, the high byte of each value
//! ```
//!
//! The checksum detects damage, not malice: anyone who can change the pack can change the page that loads it. A
//! cryptographic hash would take a browser longer than everything else in loading.
//!
//! Numbers are little-endian. A value is its row's scale times the integer.

mod read;
mod write;

use crate::graph::{Graph, GraphError};

pub use write::step;

/// The pack's name in `models/`.
pub const FILE_NAME: &str = "networks.pack";

const MAGIC: [u8; 4] = *b"BGNP";
const VERSION: u32 = 1;
/// Magic, version, length, sum.
const HEADER_LEN: usize = 16;

const WINDOW: u8 = 0;
const DEPTHWISE: u8 = 1;

const NO_RESIDUAL: u8 = 0;
const RESIDUAL: u8 = 1;
const POOLED_RESIDUAL: u8 = 2;

const LINEAR: u8 = 0;
const RELU: u8 = 1;
const PRELU: u8 = 2;

const NARROW: u8 = 1;
const WIDE: u8 = 2;

/// The four networks and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// SHA-256, in lowercase hexadecimal, that names the model files: [`engine::Networks::id`].
    pub source: String,
    /// Detector, trunk, right eye, left eye.
    pub graphs: [Graph; 4],
}

/// A pack that cannot be used.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Not a pack.
    #[error("not a model pack: it begins with {found:02x?}, expected {:02x?}", MAGIC)]
    NotAPack {
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// A pack of another version.
    #[error("the model pack has version {found}, expected {}", VERSION)]
    Version {
        /// The version it states.
        found: u32,
    },
    /// A pack that is too short or too long.
    #[error("the model pack has {found} bytes, expected {expected}")]
    Length {
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// A pack with changed bytes.
    #[error("the model pack is damaged: its Adler-32 is {found:08x}, expected {expected:08x}")]
    Altered {
        /// The checksum it states.
        expected: u32,
        /// The checksum it has.
        found: u32,
    },
    /// A pack that does not follow the format.
    #[error("the model pack is malformed: {0}")]
    Malformed(&'static str),
    /// A pack with an inconsistent graph.
    #[error("the model pack is malformed: {0}")]
    Graph(#[from] GraphError),
}
