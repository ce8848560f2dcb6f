//! Kernels: the two inner loops that take most of the time, written once in plain Rust over a handful of vector
//! operations ([`lanes`]) and compiled for each instruction set. Every function here is safe: it checks its arguments
//! before the loops run.

mod backend;
mod depthwise;
mod dispatch;
mod lanes;
mod matrix;
mod pixels;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub use backend::Backend;
pub(crate) use backend::CHANNEL_STEP;
pub(crate) use depthwise::{DepthwiseRows, DepthwiseWeights};
pub(crate) use matrix::{Addend, Matrix, Product};
pub(crate) use pixels::Pixels;
