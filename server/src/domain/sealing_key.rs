//! A key of 32 bytes, as settings and key files write it. What it seals: `sealing.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::token::random_bytes;

/// 32 bytes that seal and open. Zeroed when dropped, and never printed.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

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
            64 => hex::decode(text).ok(),
            _ => URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok(),
        };
        Some(Self::from_bytes(bytes.map(Zeroizing::new)?.as_slice().try_into().ok()?))
    }

    /// The key as text, for the file that stores it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// The key itself.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_every_form_in_which_people_make_them() {
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
