//! Checks a kernel's arguments and runs the kernel for its instruction set.
#![allow(unsafe_code)]

use super::backend::Backend;
use super::depthwise::{self, DepthwiseRows};
use super::matrix::{self, Product};
use super::scalar::Scalar;

impl DepthwiseRows<'_> {
    /// Computes the rows.
    pub(crate) fn run(mut self) {
        self.check();
        // SAFETY: `check` has made sure that every pixel is inside its buffer; a backend exists only where its
        // instruction set does.
        unsafe {
            match self.weights.backend() {
                Backend::Scalar => depthwise::convolve::<Scalar>(&mut self),
                #[cfg(target_arch = "x86_64")]
                Backend::Avx2 => super::avx2::convolve(&mut self),
                #[cfg(target_arch = "aarch64")]
                Backend::Neon => super::neon::convolve(&mut self),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Backend::Simd128 => super::simd128::convolve(&mut self),
            }
        }
    }
}

impl Product<'_> {
    /// Computes the product.
    pub(crate) fn run(mut self) {
        self.check();
        // SAFETY: `check` has made sure that every pixel is inside its buffer, and `Matrix::new` that there are enough
        // weights; a backend exists only where its instruction set does.
        unsafe {
            match self.matrix.backend() {
                Backend::Scalar => matrix::multiply::<Scalar>(&mut self),
                #[cfg(target_arch = "x86_64")]
                Backend::Avx2 => super::avx2::multiply(&mut self),
                #[cfg(target_arch = "aarch64")]
                Backend::Neon => super::neon::multiply(&mut self),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Backend::Simd128 => super::simd128::multiply(&mut self),
            }
        }
    }
}
