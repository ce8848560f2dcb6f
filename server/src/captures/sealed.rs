//! A sealed picture: the owner of its key, then the sealed bytes. It opens only under its own name, so that no picture
//! can replace another.
//!
//! `BGS1`, the length of the user's id in one byte, the id, then nonce, ciphertext and tag.

use crate::domain::UserId;
use crate::sealing::{DecryptFailed, SealingKey};

const MARK: &[u8; 4] = b"BGS1";

/// Seals a picture of `user` that is stored under `name`.
pub(super) fn seal(key: &SealingKey, user: &UserId, name: &str, picture: &[u8]) -> Vec<u8> {
    let id = user.as_str().as_bytes();
    let length = u8::try_from(id.len()).expect("keys are found for ids of up to 64 bytes");
    let mut bytes = [MARK.as_slice(), &[length], id].concat();
    let sealed = key.seal(&context(&bytes, name), picture);
    bytes.extend(sealed);
    bytes
}

/// Returns the owner of the key that sealed a picture, and the sealed parts.
///
/// # Errors
/// [`DecryptFailed`]: these are not sealed bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<(UserId, Sealed<'_>), DecryptFailed> {
    let (&length, _) = bytes.strip_prefix(MARK).and_then(<[u8]>::split_first).ok_or(DecryptFailed)?;
    let (head, body) = bytes.split_at_checked(MARK.len() + 1 + usize::from(length)).ok_or(DecryptFailed)?;
    let id = std::str::from_utf8(&head[MARK.len() + 1..]).map_err(|_| DecryptFailed)?;
    Ok((UserId::from_client(id), Sealed { head, body }))
}

/// The parts of a sealed picture.
#[derive(Debug)]
pub(super) struct Sealed<'a> {
    head: &'a [u8],
    body: &'a [u8],
}

impl Sealed<'_> {
    /// Returns the picture that was stored under `name`.
    ///
    /// # Errors
    /// [`DecryptFailed`]: another key, another name, or changed bytes.
    pub(super) fn open(&self, key: &SealingKey, name: &str) -> Result<Vec<u8>, DecryptFailed> {
        key.open(&context(self.head, name), self.body)
    }
}

fn context(head: &[u8], name: &str) -> Vec<u8> {
    [head, name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_opens_only_with_its_owners_key_and_under_its_name() {
        let (jo, ann) = (UserId::from_client("0a"), UserId::from_client("0b"));
        let key = SealingKey::generate();
        let bytes = seal(&key, &jo, "a.jpg", b"jpeg");
        let (owner, sealed) = parse(&bytes).unwrap();
        assert_eq!((owner, sealed.open(&key, "a.jpg").unwrap()), (jo, b"jpeg".to_vec()));
        assert!(sealed.open(&key, "b.jpg").is_err());
        let mut stolen = seal(&key, &ann, "a.jpg", b"jpeg");
        stolen[..7].copy_from_slice(&bytes[..7]);
        assert!(parse(&stolen).unwrap().1.open(&key, "a.jpg").is_err(), "the owner cannot be changed");
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).and_then(|(_, sealed)| sealed.open(&key, "a.jpg")).is_err(), "{length}");
        }
        assert!(parse(b"\xff\xd8\xff\xe0 a plain picture").is_err());
    }
}
