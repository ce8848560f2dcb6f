//! The engine's [`Network`](engine::Network) trait implemented by a small runtime for exactly the engine's networks.
//! The browser uses it, and the server if configured to. The reference is tract (`engine-tract`).
//!
//! ```text
//! pack (bytes) → Graph (layers, f32) → Plan (buffers assigned, weights in panels) → CompactNetwork
//! ```
//!
//! All layers of these networks have one form: gather a row of pixels (unchanged, under a window, or through a
//! depthwise 3×3 convolution), multiply it by a matrix, and apply bias, residual and PReLU. So there are two kernels to
//! make fast (`kernels`) and one loop around them (`plan`).

mod graph;
mod kernels;
mod network;
mod pack;
mod plan;

pub use graph::{Activation, Gather, Graph, GraphError, Layer, Residual, Shape};
pub use kernels::Backend;
pub use network::{CompactNetwork, Models};
pub use pack::{FILE_NAME, Pack, PackError, step};
