//! Eight floats at a time with fused multiply-add: x86-64 from 2013 on.
#![allow(unsafe_code)]
// Each method of `Lanes` is the bare instruction, under the trait's contract.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::depthwise::{self, DepthwiseRows};
use super::lanes::Lanes;
use super::matrix::{self, Product};

struct Avx2;

// SAFETY: each method is one instruction on registers, or reads and writes only what the trait's contract allows.
unsafe impl Lanes for Avx2 {
    type V = __m256;
    const COUNT: usize = 8;
    const TILE: usize = 6;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        _mm256_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> __m256 {
        _mm256_broadcast_ss(&*from)
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m256) {
        _mm256_storeu_ps(to, v)
    }

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        _mm256_setzero_ps()
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        _mm256_max_ps(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        _mm256_min_ps(a, b)
    }
}

/// # Safety
/// The machine must have AVX2 and FMA, and the product must have been checked.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn multiply(product: &mut Product) {
    // SAFETY: the instruction set exists and the product was checked, by this function's contract.
    unsafe { matrix::multiply::<Avx2>(product) }
}

/// # Safety
/// The machine must have AVX2 and FMA, and the rows must have been checked.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn convolve(rows: &mut DepthwiseRows) {
    // SAFETY: the instruction set exists and the rows were checked, by this function's contract.
    unsafe { depthwise::convolve::<Avx2>(rows) }
}
