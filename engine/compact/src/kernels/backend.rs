//! The instruction sets and what they have in common.

/// Every buffer has a multiple of this many channels per pixel, padded with zeros, so that no kernel needs to handle a
/// remainder.
pub(crate) const CHANNEL_STEP: usize = 8;

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Plain Rust, on every machine. Left out of builds that require something better, since people download them.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Scalar,
    /// AVX2 with FMA: x86-64 from 2013 on.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// NEON: every 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// WebAssembly's 128-bit SIMD.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
}

impl Backend {
    /// The fastest instruction set of this machine.
    pub fn best() -> Backend {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return Backend::Avx2;
        }
        #[cfg(target_arch = "aarch64")]
        return Backend::Neon;
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        return Backend::Simd128;
        #[cfg(not(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128"))))]
        Backend::Scalar
    }

    /// Floats per vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => 8,
            _ => 4,
        }
    }
}
