//! The engine's [`Network`](engine::Network) trait over a small runtime for exactly the engine's networks: the browser's
//! runtime, and the server's if it is set to it. The reference is tract (`engine-tract`).
//!
//! ```text
//! pack (bytes) → Graph (layers, f32) → Plan (buffers placed, weights in panels) → CompactNetwork
//! ```
//!
//! All layers of these networks are one thing: a row of pixels is gathered (as it is, under a window, or through a
//! depthwise 3×3 convolution), multiplied by a matrix, and leaves with bias, residual and PReLU applied. So there are two
//! kernels to make fast (`kernels`) and one loop around them (`plan`).

mod graph;
mod kernels;
mod network;
mod pack;
mod plan;

pub use graph::{Activation, Gather, Graph, GraphError, Layer, Residual, Shape};
pub use kernels::Backend;
pub use network::{CompactNetwork, Models};
pub use pack::{FILE_NAME, Pack, PackError, step};
