//! Checks a kernel's arguments and runs the kernel for its instruction set.
#![allow(unsafe_code)]

use super::backend::Backend;
use super::depthwise::DepthwiseRows;
use super::matrix::Product;

impl DepthwiseRows<'_> {
    /// Computes the rows.
    pub(crate) fn run(mut self) {
        self.check();
        // SAFETY: `check` has made sure that every pixel is inside its buffer; a backend exists only where its
        // instruction set does.
        unsafe {
            match self.weights.backend() {
                #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
                Backend::Scalar => super::scalar::convolve(&mut self),
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
                #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
                Backend::Scalar => super::scalar::multiply(&mut self),
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
