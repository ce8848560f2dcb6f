//! Secrets given to a person: shown once, stored only as a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Prefix of tokens for the person of a check.
const CLIENT: &str = "ct_";

/// 32 random bytes as base64url. Exists only until it is sent to the person.
pub struct PlainToken(String);

impl PlainToken {
    /// Makes a new token.
    pub fn generate() -> Self {
        Self(random_base64url())
    }

    /// Makes a new token for the person of a check. Its prefix says what it is.
    pub fn generate_for_client() -> Self {
        Self(format!("{CLIENT}{}", random_base64url()))
    }

    /// The text that goes into the link or the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash that is stored instead of the token.
    pub fn hash(&self) -> HashedToken {
        HashedToken::of(&self.0)
    }
}

impl std::fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainToken(hidden)")
    }
}

/// SHA-256 of a token, in hexadecimal. A plain hash is enough for 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedToken(String);

impl HashedToken {
    /// Hashes a presented token.
    pub fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text)))
    }

    /// Takes a hash that was stored before, without parsing it again.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &HashedToken) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for HashedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashedToken(hidden)")
    }
}

/// Returns 32 random bytes as 43 characters of base64url.
pub fn random_base64url() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// Returns 32 random bits.
pub fn random_u32() -> u32 {
    u32::from_le_bytes(random_bytes())
}

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_and_never_printed() {
        let token = PlainToken::generate();
        assert_eq!(token.expose().len(), 43);
        assert!(HashedToken::of(token.expose()).matches(&token.hash()));
        assert!(!HashedToken::of(&format!("{}x", token.expose())).matches(&token.hash()));
        let printed = format!("{token:?} {:?}", token.hash());
        assert!(!printed.contains(token.expose()) && !printed.contains(token.hash().as_str()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(HashedToken::of("abc").as_str(), expected);
    }
}
