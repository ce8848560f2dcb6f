//! What the fuzz targets do with their input, one file a target, and the inputs that they begin with.
//!
//! A target takes any bytes and must come back: a panic, an overflow, a bad memory access, too much time or memory is a
//! finding, and so is a broken promise, which it asserts.
#![allow(clippy::unwrap_used)]

pub mod jpeg;
pub mod packs;
pub mod score;
pub mod seeds;
pub mod transcript;
#[cfg(feature = "upload")]
pub mod upload;
