//! Compares the compact runtime and the packed networks with tract and the ONNX files.
#![allow(clippy::unwrap_used)]

mod matches_tract;
mod real_faces;
