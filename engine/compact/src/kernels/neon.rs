//! Four floats at a time with fused multiply-add: every 64-bit ARM.
#![allow(unsafe_code)]
// Each method of `Lanes` is the bare instruction, under the trait's contract.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vdupq_n_f32, vfmaq_f32, vld1q_dup_f32, vld1q_f32, vmaxq_f32, vminq_f32, vst1q_f32,
};

use super::depthwise::{self, DepthwiseRows};
use super::lanes::Lanes;
use super::matrix::{self, Product};

struct Neon;

// SAFETY: each method is one instruction on registers, or reads and writes only what the trait's contract allows.
unsafe impl Lanes for Neon {
    type V = float32x4_t;
    const COUNT: usize = 4;
    const TILE: usize = 6;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        vld1q_f32(from)
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> float32x4_t {
        vld1q_dup_f32(from)
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: float32x4_t) {
        vst1q_f32(to, v)
    }

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        vdupq_n_f32(0.0)
    }

    #[inline(always)]
    unsafe fn mul_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        vfmaq_f32(c, a, b)
    }

    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vaddq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vmaxq_f32(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vminq_f32(a, b)
    }
}

/// # Safety
/// The product must have been checked.
#[target_feature(enable = "neon")]
pub(super) unsafe fn multiply(product: &mut Product) {
    // SAFETY: the instruction set exists and the product was checked, by this function's contract.
    unsafe { matrix::multiply::<Neon>(product) }
}

/// # Safety
/// The rows must have been checked.
#[target_feature(enable = "neon")]
pub(super) unsafe fn convolve(rows: &mut DepthwiseRows) {
    // SAFETY: the instruction set exists and the rows were checked, by this function's contract.
    unsafe { depthwise::convolve::<Neon>(rows) }
}
