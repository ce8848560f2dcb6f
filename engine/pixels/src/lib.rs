//! The part of the engine that touches every pixel: frames, their conversion from video, plane geometry, and the sampling
//! that cuts a network's input out of a frame. It is a crate of its own so that the browser build can optimise it for
//! speed and the rest for size.

pub mod colours;
pub mod crop;
pub mod frame;
pub mod geometry;
pub mod planes;
mod sampling;
mod upright;
