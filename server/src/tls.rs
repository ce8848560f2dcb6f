//! Which implementation of TLS's arithmetic this program uses: ring, for everything. Libraries that leave the choice to
//! the program ask for it here.

/// Makes ring the choice for this process. Any number of calls do the same.
pub fn use_ring() {
    // It fails only where a choice was made before: by an earlier call.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
