//! Keys of operators and sites: `bk_<id>_<secret>`, and `bk_test_<id>_<secret>` for checks without a camera. Scanners for
//! leaked secrets recognise the prefix, and the server finds a key by its id.

use super::ids::AdminKeyId;
use super::token::{HashedToken, PlainToken};

/// Prefix of every key.
const PREFIX: &str = "bk_";
/// Follows the prefix in keys for test mode.
const TEST: &str = "test_";

/// A new key. Exists only until it is shown to the operator.
pub struct PlainAdminKey {
    /// Its id.
    pub id: AdminKeyId,
    text: String,
}

impl PlainAdminKey {
    /// Makes a new key at `now_ms`.
    pub fn generate(now_ms: i64) -> Self {
        Self::with(PREFIX.to_owned(), now_ms)
    }

    /// Makes a new key for test mode at `now_ms`.
    pub fn generate_for_tests(now_ms: i64) -> Self {
        Self::with(format!("{PREFIX}{TEST}"), now_ms)
    }

    fn with(prefix: String, now_ms: i64) -> Self {
        let id = AdminKeyId::new(now_ms);
        let text = format!("{prefix}{id}_{}", PlainToken::generate().expose());
        Self { id, text }
    }

    /// The whole key, to show once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The hash that is stored instead of the key.
    pub fn hash(&self) -> HashedToken {
        HashedToken::of(&self.text)
    }
}

impl std::fmt::Debug for PlainAdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainAdminKey(hidden)")
    }
}

impl AdminKeyId {
    /// The id in a presented key, if that has the form of a key.
    pub fn in_key(text: &str) -> Option<Self> {
        let text = text.strip_prefix(PREFIX)?;
        let (id, _) = text.strip_prefix(TEST).unwrap_or(text).split_once('_')?;
        Some(Self::from_client(id)).filter(|id| id.made_at().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_the_id_in_it_and_never_printed() {
        let key = PlainAdminKey::generate(1_700_000_000_000);
        assert_eq!(AdminKeyId::in_key(key.expose()), Some(key.id.clone()));
        assert_eq!(key.expose().len(), 3 + 32 + 1 + 43);
        assert!(HashedToken::of(key.expose()).matches(&key.hash()));
        assert!(!format!("{key:?}").contains(key.id.as_str()));
        for other in ["", "bk_", "bk__", "bk_0123_x", &key.expose().replace("bk_", "xk_"), &key.expose().to_uppercase()]
        {
            assert_eq!(AdminKeyId::in_key(other), None, "{other}");
        }
    }
}
