//! Sealing: bytes in, bytes out that nobody can read, change or put in another's place without the key.
//!
//! XChaCha20-Poly1305, with 24 random bytes as the nonce in front. What the bytes are and where they belong is their
//! context: it is not stored, and they open only with the same one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::random_bytes;

const NONCE: usize = 24;
const TAG: usize = 16;

/// How many bytes sealing adds.
pub const OVERHEAD: usize = NONCE + TAG;

/// 32 bytes that seal and open. Forgotten when dropped, and never printed.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// The bytes were not sealed by this key for this context, or have been changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open")]
pub struct Unopenable;

impl SealingKey {
    /// Makes a new key.
    pub fn generate() -> Self {
        Self::from_bytes(random_bytes())
    }

    /// Takes 32 bytes that nobody can guess.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key as text: 32 bytes as base64, base64url or hexadecimal. `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.trim_end_matches('=');
        let bytes = match text.len() {
            64 => hexadecimal(text),
            _ => URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok(),
        };
        Some(Self::from_bytes(bytes.map(Zeroizing::new)?.as_slice().try_into().ok()?))
    }

    /// The key that a secret gives for a purpose (HMAC-SHA-256). The secret must have 32 random bytes in it.
    pub fn derive(secret: &str, purpose: &str) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        Self::from_bytes(mac.chain_update(purpose).finalize().into_bytes().into())
    }

    /// The key as text, for the file that keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// The key itself, for sealing it under another.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals bytes that belong to this context.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random_bytes();
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context });
        let sealed = sealed.expect("only more than 256 GB are too much");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for this context.
    ///
    /// # Errors
    /// [`Unopenable`]: another key, another context, or other bytes.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Unopenable)?;
        self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).map_err(|_| Unopenable)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(hidden)")
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_context_alone() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"a", b"a picture");
        assert_eq!(sealed.len(), b"a picture".len() + OVERHEAD);
        assert_eq!(key.open(b"a", &sealed).unwrap(), b"a picture");
        assert!(key.open(b"b", &sealed).is_err(), "another place");
        assert!(SealingKey::generate().open(b"a", &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(b"a", &changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(b"a", &sealed[..length]).is_err(), "{length} bytes");
        }
        assert_ne!(key.seal(b"a", b"a picture"), sealed, "no nonce comes twice");
    }

    #[test]
    fn the_cipher_is_the_published_one() {
        // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
        let unhex = |text: &str| hexadecimal(text).unwrap();
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

    #[test]
    fn a_key_is_read_in_the_forms_in_which_people_make_them() {
        let bytes: [u8; 32] = std::array::from_fn(|i| (i * 9) as u8 ^ 0xfb);
        let hex = hex::encode(bytes);
        let padded = base64::engine::general_purpose::STANDARD.encode(bytes);
        let key = SealingKey::from_bytes(bytes);
        for text in [hex.as_str(), &hex.to_uppercase(), &padded, padded.trim_end_matches('='), &key.to_text()] {
            assert_eq!(SealingKey::parse(&format!(" {text}\n")).unwrap().as_bytes(), &bytes, "{text}");
        }
        for text in ["", "short", &hex[..62], &padded[..40], &format!("{padded}AAAA"), &"g".repeat(64)] {
            assert!(SealingKey::parse(text).is_none(), "{text}");
        }
        assert!(!format!("{key:?}").contains(&*key.to_text()));
    }
}
