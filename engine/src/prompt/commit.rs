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

/// What a step that was done commits to besides its numbers: the SHA-256 of each picture, base64url without padding.
/// Only these pictures may be uploaded for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pictures {
    /// Its row of the strip.
    pub row: String,
    /// Its candidates for the captures, if it has any.
    pub captures: Option<CandidatePair>,
}

/// A step's candidates for the two captures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidatePair {
    /// The frame with open eyes.
    pub open: Candidate,
    /// The frame with closed eyes.
    pub closed: Candidate,
}

/// A capture that may be uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Time of its frame, in milliseconds from the start.
    pub t: u32,
    /// SHA-256 of the JPEG's bytes, base64url without padding.
    pub sha256: String,
}

/// Commits to the frames recorded since the commitment `before` (in the first round: since the challenge's nonce) and
/// to the pictures of the step, if it was done.
///
/// SHA-256, base64url, over three parts: the text `before` and a newline; the hashes of row, open and closed capture,
/// each followed by a comma and empty if there is none, and a newline; and every field of each frame as a 32-bit
/// little-endian integer.
pub fn commitment(before: &str, frames: &[FrameRecord], pictures: Option<&Pictures>) -> String {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(b"\n");
    let captures = pictures.and_then(|pictures| pictures.captures.as_ref());
    let hashes = [
        pictures.map(|pictures| &pictures.row),
        captures.map(|pair| &pair.open.sha256),
        captures.map(|pair| &pair.closed.sha256),
    ];
    for sha256 in hashes {
        hash.update(sha256.map_or("", |sha256| sha256.as_str()));
        hash.update(b",");
    }
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

    fn pictures(row: &str, captures: Option<(&str, &str)>) -> Pictures {
        let candidate = |sha256: &str| Candidate { t: 1, sha256: sha256.into() };
        let captures =
            captures.map(|(open, closed)| CandidatePair { open: candidate(open), closed: candidate(closed) });
        Pictures { row: row.into(), captures }
    }

    #[test]
    fn a_commitment_depends_on_everything_before_it() {
        let frames = [FrameRecord(1, 2, 3, 4, 5, 6), FrameRecord(40, 2, 3, 4, 5, 6)];
        let first = commitment("nonce", &frames[..1], None);
        let all = [
            first.clone(),
            commitment("other", &frames[..1], None),
            commitment("nonce", &frames, None),
            commitment(&first, &frames[1..], None),
            commitment("nonce", &[FrameRecord(1, 2, 3, 4, 5, 7)], None),
            commitment("nonce", &frames[..1], Some(&pictures("row", None))),
            commitment("nonce", &frames[..1], Some(&pictures("row", Some(("open", "closed"))))),
            commitment("nonce", &frames[..1], Some(&pictures("row", Some(("closed", "open"))))),
            commitment("nonce", &frames[..1], Some(&pictures("other row", Some(("open", "closed"))))),
            commitment("nonce", &frames[..1], Some(&pictures("", Some(("open", "closed"))))),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| b != a), "{i}");
        }
        assert_eq!(first, "N2CuwGyNSlDNVsBAKiREri8-UJNmXvDpFXLiIjFJYAM");
    }
}
