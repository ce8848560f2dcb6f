//! Checkpoints: the signed state of the trail at one time, to be kept where the server cannot reach it.
//!
//! A checkpoint is a signed note (<https://c2sp.org/signed-note>):
//!
//! ```text
//! blink.example.com/blinkgate-trail
//! 1234
//! 0d9a…            the last entry's hash, hexadecimal
//! 2026-11-26T02:00:00.000Z
//!
//! — blink.example.com/blinkgate-trail mk5f…
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::clock;
use crate::config::BaseUrl;
use crate::db::trail::TrailHead;

/// The number of Ed25519 in signed notes.
const ED25519: u8 = 1;
/// Replaces the hash if there is no entry yet.
const NO_HASH: &str = "-";
/// Length of the key hash at the start of a signature.
const KEY_HASH: usize = 4;

/// The state of the trail at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of the last entry.
    pub number: i64,
    /// Its hash, hexadecimal; empty if there was none.
    pub hash: String,
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableCheckpoint {
    /// The text is not a checkpoint.
    #[error("this is not a checkpoint of a Blinkgate trail")]
    Malformed,
    /// No signature is from this key.
    #[error("the checkpoint is not signed by this key")]
    Unsigned,
    /// The key cannot be read.
    #[error("the key does not look like the output of `blinkgate checkpoint --public-key`")]
    Key,
}

/// Signs checkpoints.
#[derive(Debug)]
pub struct TrailKey {
    name: String,
    key: SigningKey,
}

impl TrailKey {
    /// The key of a server with this address.
    pub fn new(base_url: &BaseUrl, secret: &[u8; 32]) -> Self {
        let host = base_url.as_str().split("://").last().unwrap_or_default().replace('+', "-");
        Self { name: format!("{host}/blinkgate-trail"), key: SigningKey::from_bytes(secret) }
    }

    /// Signs the current state of the trail.
    pub fn sign(&self, head: &TrailHead, now_ms: i64) -> String {
        // A note must not contain empty lines.
        let hash = if head.hash.is_empty() { NO_HASH } else { &head.hash };
        let text = format!("{}\n{}\n{hash}\n{}\n", self.name, head.number, clock::rfc3339(now_ms));
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signed = [key_hash(&self.name, &self.key.verifying_key()).as_slice(), &signature].concat();
        format!("{text}\n— {} {}\n", self.name, STANDARD.encode(signed))
    }

    /// The public key in the format of signed notes: `NAME+HASH+KEY`.
    pub fn public(&self) -> String {
        let key = self.key.verifying_key();
        let hash = hex::encode(key_hash(&self.name, &key));
        let bytes = [[ED25519].as_slice(), key.as_bytes()].concat();
        format!("{}+{hash}+{}", self.name, STANDARD.encode(bytes))
    }
}

impl Checkpoint {
    /// Parses a checkpoint and verifies its signature.
    pub fn parse(note: &str, public_key: &str) -> Result<Self, UnreadableCheckpoint> {
        let (name, key) = parse_key(public_key).ok_or(UnreadableCheckpoint::Key)?;
        let (text, signatures) = note.split_once("\n\n").ok_or(UnreadableCheckpoint::Malformed)?;
        let text = format!("{text}\n");
        let is_signed = signatures.lines().any(|line| is_signature(line, &name, &key, &text));
        if !is_signed {
            return Err(UnreadableCheckpoint::Unsigned);
        }
        let lines: Vec<&str> = text.lines().collect();
        let [_, number, hash, _] = lines[..] else { return Err(UnreadableCheckpoint::Malformed) };
        let number = number.parse().map_err(|_| UnreadableCheckpoint::Malformed)?;
        Ok(Self { number, hash: if hash == NO_HASH { String::new() } else { hash.to_owned() } })
    }
}

/// Whether a line of a note is this key's signature of the text.
fn is_signature(line: &str, name: &str, key: &VerifyingKey, text: &str) -> bool {
    let signed = line.strip_prefix("— ").and_then(|rest| rest.strip_prefix(name)?.strip_prefix(' '));
    let Some(signed) = signed.and_then(|signed| STANDARD.decode(signed).ok()) else { return false };
    let Some((hash, signature)) = signed.split_at_checked(KEY_HASH) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    hash == key_hash(name, key) && key.verify_strict(text.as_bytes(), &signature).is_ok()
}

fn parse_key(text: &str) -> Option<(String, VerifyingKey)> {
    let mut parts = text.trim().splitn(3, '+');
    let (name, hash, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = STANDARD.decode(key).ok()?;
    let (&[ED25519], key) = bytes.split_at_checked(1)? else { return None };
    let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let expected = hex::encode(key_hash(name, &key));
    (hash == expected).then(|| (name.to_owned(), key))
}

fn key_hash(name: &str, key: &VerifyingKey) -> [u8; KEY_HASH] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> TrailKey {
        TrailKey::new(&"https://blink.example.com".parse().unwrap(), &[byte; 32])
    }

    #[test]
    fn a_checkpoint_is_accepted_only_with_the_key_that_signed_it() {
        let head = TrailHead { number: 12, hash: "ab".repeat(32), begun: 1 };
        let note = key(1).sign(&head, 1_700_000_000_000);
        let read = Checkpoint::parse(&note, &key(1).public());
        assert_eq!(read, Ok(Checkpoint { number: 12, hash: "ab".repeat(32) }));
        assert_eq!(Checkpoint::parse(&note, &key(2).public()), Err(UnreadableCheckpoint::Unsigned));
        let empty = key(1).sign(&TrailHead { begun: 1, ..TrailHead::default() }, 1_700_000_000_000);
        let read = Checkpoint::parse(&empty, &key(1).public());
        assert_eq!(read, Ok(Checkpoint { number: 0, hash: String::new() }), "{empty}");
        for (from, to) in [("12", "13"), ("abab", "abac"), ("2023", "2024"), ("example", "exemple")] {
            let changed = note.replacen(from, to, 1);
            assert_eq!(Checkpoint::parse(&changed, &key(1).public()), Err(UnreadableCheckpoint::Unsigned), "{from}");
        }
        assert_eq!(Checkpoint::parse("hello", &key(1).public()), Err(UnreadableCheckpoint::Malformed));
        assert_eq!(Checkpoint::parse(&note, "blink+00000000+AAAA"), Err(UnreadableCheckpoint::Key));
    }
}
