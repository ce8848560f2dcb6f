//! Four floats at a time: WebAssembly's fixed-width SIMD. With the crate's feature `relaxed-simd`, products and sums are
//! fused.
#![allow(unsafe_code)]
// Each method of `Lanes` is the bare instruction, under the trait's contract.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::wasm32::{
    f32x4_add, f32x4_pmax, f32x4_pmin, f32x4_splat, v128, v128_load, v128_load32_splat, v128_store,
};

use super::depthwise::{self, DepthwiseRows};
use super::lanes::Lanes;
use super::matrix::{self, Product};

#[cfg(feature = "relaxed-simd")]
use std::arch::wasm32::f32x4_relaxed_madd as multiply_add;

#[cfg(not(feature = "relaxed-simd"))]
#[inline(always)]
fn multiply_add(a: v128, b: v128, c: v128) -> v128 {
    f32x4_add(std::arch::wasm32::f32x4_mul(a, b), c)
}

struct Simd128;

// SAFETY: each method is one instruction on registers, or reads and writes only what the trait's contract allows.
unsafe impl Lanes for Simd128 {
    type V = v128;
    const COUNT: usize = 4;
    const TILE: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> v128 {
        v128_load(from.cast())
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> v128 {
        v128_load32_splat(from.cast())
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: v128) {
        v128_store(to.cast(), v)
    }

    #[inline(always)]
    unsafe fn zero() -> v128 {
        f32x4_splat(0.0)
    }

    #[inline(always)]
    unsafe fn mul_add(a: v128, b: v128, c: v128) -> v128 {
        multiply_add(a, b, c)
    }

    #[inline(always)]
    unsafe fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(a, b)
    }
}

/// # Safety
/// The product must have been checked.
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
pub(super) unsafe fn multiply(product: &mut Product) {
    // SAFETY: the instruction set exists and the product was checked, by this function's contract.
    unsafe { matrix::multiply::<Simd128>(product) }
}

/// # Safety
/// The rows must have been checked.
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
pub(super) unsafe fn convolve(rows: &mut DepthwiseRows) {
    // SAFETY: the instruction set exists and the rows were checked, by this function's contract.
    unsafe { depthwise::convolve::<Simd128>(rows) }
}
