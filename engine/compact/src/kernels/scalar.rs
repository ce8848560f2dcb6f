//! Four floats at a time in plain Rust: for machines without a kernel of their own, and as the reference in tests.
#![allow(unsafe_code)]

use super::depthwise::{self, DepthwiseRows};
use super::lanes::Lanes;
use super::matrix::{self, Product};

struct Scalar;

// SAFETY: plain Rust runs everywhere.
unsafe impl Lanes for Scalar {
    type V = [f32; 4];
    const COUNT: usize = 4;
    const TILE: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: four floats are readable, by the trait's contract; an array of floats has the alignment of a float.
        unsafe { from.cast::<[f32; 4]>().read() }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> [f32; 4] {
        // SAFETY: one float is readable, by the trait's contract.
        [unsafe { from.read() }; 4]
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: [f32; 4]) {
        // SAFETY: four floats are writable, by the trait's contract.
        unsafe { to.cast::<[f32; 4]>().write(v) }
    }

    #[inline(always)]
    unsafe fn zero() -> [f32; 4] {
        [0.0; 4]
    }

    #[inline(always)]
    unsafe fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        // Not `f32::mul_add`, which is a slow call on machines without an instruction for it.
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
}

/// # Safety
/// The product must have been checked.
pub(super) unsafe fn multiply(product: &mut Product) {
    // SAFETY: the product was checked, by this function's contract.
    unsafe { matrix::multiply::<Scalar>(product) }
}

/// # Safety
/// The rows must have been checked.
pub(super) unsafe fn convolve(rows: &mut DepthwiseRows) {
    // SAFETY: the rows were checked, by this function's contract.
    unsafe { depthwise::convolve::<Scalar>(rows) }
}
