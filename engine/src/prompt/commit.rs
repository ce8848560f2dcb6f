//! Commitments: the browser binds itself to what it recorded before it learns what is asked next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Outcome;
use crate::transcript::FrameRecord;

/// The end of a round, as the browser tells the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// The round's number.
    pub round: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// [`commitment`] of its frames, after that of the round before.
    pub commitment: String,
}

/// The commitment to the frames that were recorded since the one `before` (in the first round: the challenge's nonce).
///
/// SHA-256, base64url, over the text `before`, a newline, and every field of each frame as a little-endian integer of 32
/// bits.
pub fn commitment(before: &str, frames: &[FrameRecord]) -> String {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(b"\n");
    for &FrameRecord(t_ms, right, left, yaw, pitch, gate) in frames {
        hash.update(t_ms.to_le_bytes());
        for value in [right, left, yaw, pitch, gate.into()] {
            hash.update(value.to_le_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_depends_on_all_that_came_before() {
        let frames = [FrameRecord(1, 2, 3, 4, 5, 6), FrameRecord(40, 2, 3, 4, 5, 6)];
        let first = commitment("nonce", &frames[..1]);
        let all = [
            first.clone(),
            commitment("other", &frames[..1]),
            commitment("nonce", &frames),
            commitment(&first, &frames[1..]),
            commitment("nonce", &[FrameRecord(1, 2, 3, 4, 5, 7)]),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| b != a), "{i}");
        }
        assert_eq!(first, "LaAY2rb9QZ0yW4xNzUyMm2uE-obc7914J9ZNqSXf-Ro");
    }
}
