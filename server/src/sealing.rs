//! Sealing: encrypts bytes so that without the key nobody can read them, change them or pass them off as others.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce in front. The context (what the bytes are and where they belong) is
//! authenticated but not stored: sealed bytes open only with the context that they were sealed with.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

pub use crate::domain::SealingKey;
use crate::domain::random_bytes;

const NONCE: usize = 24;
const TAG: usize = 16;

/// How many bytes sealing adds.
pub const OVERHEAD: usize = NONCE + TAG;

/// The bytes were sealed by another key or for another context, or have been changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open")]
pub struct DecryptFailed;

impl SealingKey {
    /// Derives the key for a purpose from a secret with at least 32 random bytes (HMAC-SHA-256).
    pub fn derive(secret: &str, purpose: &str) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        Self::from_bytes(mac.chain_update(purpose).finalize().into_bytes().into())
    }

    /// Seals bytes that belong to this context.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random_bytes();
        let sealed = cipher(self).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context });
        let sealed = sealed.expect("encryption fails only above 256 GB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for this context.
    ///
    /// # Errors
    /// [`DecryptFailed`]: another key, another context, or changed bytes.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DecryptFailed> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(DecryptFailed)?;
        cipher(self).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).map_err(|_| DecryptFailed)
    }
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_only_with_their_key_and_context() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"a", b"a picture");
        assert_eq!(sealed.len(), b"a picture".len() + OVERHEAD);
        assert_eq!(key.open(b"a", &sealed).unwrap(), b"a picture");
        assert!(key.open(b"b", &sealed).is_err(), "another context");
        assert!(SealingKey::generate().open(b"a", &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(b"a", &changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(b"a", &sealed[..length]).is_err(), "{length} bytes");
        }
        assert_ne!(key.seal(b"a", b"a picture"), sealed, "nonces never repeat");
    }

    #[test]
    fn the_cipher_is_the_published_one() {
        // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
        let unhex = |text: &str| hex::decode(text).unwrap();
        let key: [u8; 32] =
            unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f").try_into().unwrap();
        let sealed = unhex(
            "404142434445464748494a4b4c4d4e4f5051525354555657bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c2139\
             6cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2b\
             c369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
        );
        let plain = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                     sunscreen would be it.";
        let opened = SealingKey::from_bytes(key).open(&unhex("50515253c0c1c2c3c4c5c6c7"), &sealed).unwrap();
        assert_eq!(String::from_utf8(opened).unwrap(), plain);
    }
}
