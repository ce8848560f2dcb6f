//! The part of the engine that touches every pixel: frames, plane geometry, and the sampling that cuts a network's
//! input out of a frame. It is a crate of its own so that the browser build can optimise it for speed and the rest for
//! size.

pub mod crop;
pub mod frame;
pub mod geometry;
mod sampling;
mod upright;
