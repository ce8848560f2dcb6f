//! The part of the engine that touches every pixel: frames, plane geometry, and the sampling that cuts a network's input
//! out of a frame. A crate of its own so that it is compiled for speed where the rest is compiled for size.

pub mod crop;
pub mod frame;
pub mod geometry;
mod upright;
