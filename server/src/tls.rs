//! The cryptography behind TLS: ring, for every library that leaves the choice to the program.

/// Selects ring for this process. May be called any number of times.
pub fn use_ring() {
    // Fails only if an earlier call has selected it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
