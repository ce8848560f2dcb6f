//! The fuzz targets, one file each, and their seed inputs.
//!
//! A target takes any bytes and must return. Panics, overflows, bad memory accesses and excessive time or memory are
//! findings, and so are violated guarantees, which the targets assert.
#![allow(clippy::unwrap_used)]

pub mod jpeg;
pub mod packs;
pub mod score;
pub mod seeds;
pub mod transcript;
#[cfg(feature = "upload")]
pub mod upload;
