//! The vector operations that the kernels are written in.
#![allow(unsafe_code)]

/// A vector of floats of one instruction set.
///
/// # Safety
/// The methods are bare instructions. They may be called only where the instruction set exists, inlined into a function
/// that is compiled for it.
pub(super) unsafe trait Lanes {
    /// The vector.
    type V: Copy;
    /// Floats per vector: 4 or 8.
    const COUNT: usize;
    /// Pixels that the matrix kernel computes at once, so that accumulators, weights and one pixel's value fit into the
    /// registers.
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
    /// The greater value; either one if one is not a number.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller value; either one if one is not a number.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
}
