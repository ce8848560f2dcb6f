//! Commitments: the browser commits to what it recorded before it learns what is asked next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Outcome;
use crate::frame_record::FrameRecord;

/// The end of a round, as the browser reports it to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Number of the round.
    pub round: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// [`commitment`] to its frames, chained to that of the previous round.
    pub commitment: String,
}

/// Commits to the frames recorded since the commitment `before` (in the first round: since the challenge's nonce).
///
/// SHA-256, base64url, over the text `before`, a newline, and every field of each frame as a 32-bit little-endian
/// integer.
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
    fn a_commitment_depends_on_everything_before_it() {
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
