//! The vector operations that the kernels are written in.
#![allow(unsafe_code)]

/// A vector of floats of one instruction set.
///
/// # Safety
/// Every method may only be called where the instruction set exists, and inlined into a function that is compiled for it:
/// the implementations are the bare instructions.
pub(super) unsafe trait Lanes {
    /// The vector.
    type V: Copy;
    /// Floats in a vector: 4 or 8.
    const COUNT: usize;
    /// Pixels that the matrix kernel does at once, so that accumulators, weights and one pixel's value fit the registers.
    const TILE: usize;

    /// `COUNT` floats from `from` on.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn load(from: *const f32) -> Self::V;
    /// The float at `from`, in every lane.
    ///
    /// # Safety
    /// It must be readable.
    unsafe fn splat(from: *const f32) -> Self::V;
    /// # Safety
    /// `COUNT` floats from `to` on must be writable.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// # Safety
    /// See the trait.
    unsafe fn zero() -> Self::V;
    /// `a · b + c`, rounded once or twice.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// # Safety
    /// See the trait.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// The greater one; either if one is no number.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller one; either if one is no number.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
}
