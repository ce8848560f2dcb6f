//! What the browser sends to be judged: a signed transcript and three pictures. Knows sizes and hashes, not what is
//! inside.

use engine::budget::{CAPTURE_MAX_BYTES, STRIP_MAX_BYTES, TRANSCRIPT_MAX_BYTES};
use sha2::{Digest, Sha256};

/// The sizes of an upload's parts, each within its limit.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    transcript: usize,
    open: usize,
    closed: usize,
    strip: usize,
}

impl Lengths {
    /// `None` if a part is larger than it may be.
    pub fn new(transcript: usize, open: usize, closed: usize, strip: usize) -> Option<Lengths> {
        let fits =
            transcript <= TRANSCRIPT_MAX_BYTES && open.max(closed) <= CAPTURE_MAX_BYTES && strip <= STRIP_MAX_BYTES;
        fits.then_some(Lengths { transcript, open, closed, strip })
    }
}

/// A complete upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The compact JWS.
    pub transcript: Vec<u8>,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
    /// JPEG of the evidence strip.
    pub strip: Vec<u8>,
}

impl Upload {
    /// Splits `bytes` into the parts, which follow one another. `None` if their lengths do not add up.
    pub fn split(mut bytes: Vec<u8>, Lengths { transcript, open, closed, strip }: Lengths) -> Option<Upload> {
        if bytes.len() != transcript + open + closed + strip {
            return None;
        }
        let strip = bytes.split_off(transcript + open + closed);
        let closed = bytes.split_off(transcript + open);
        let open = bytes.split_off(transcript);
        Some(Upload { transcript: bytes, open, closed, strip })
    }

    /// The parts, in the order in which they are sent.
    pub(crate) fn parts(&self) -> [&[u8]; 4] {
        [&self.transcript, &self.open, &self.closed, &self.strip]
    }

    /// The reverse of [`Upload::parts`]. `None` if the number of parts is wrong.
    pub(crate) fn from_parts(parts: Vec<Vec<u8>>) -> Option<Upload> {
        let [transcript, open, closed, strip] = parts.try_into().ok()?;
        Some(Upload { transcript, open, closed, strip })
    }

    /// Digest of the evidence that a decision about this upload leaves, with the signed transcript as it is stored.
    pub fn evidence_digest(&self, issued: &str, transcript: &str) -> String {
        evidence_digest([issued.as_bytes(), transcript.as_bytes(), &self.open, &self.closed, &self.strip])
    }

    /// SHA-256 of each picture's file, in hexadecimal.
    pub fn picture_hashes(&self) -> Vec<String> {
        let hash = |bytes: &Vec<u8>| hex::encode(Sha256::digest(bytes));
        [&self.open, &self.closed, &self.strip].map(hash).into()
    }
}

/// The files of a bundle that are evidence, in the order of their digest.
pub const EVIDENCE_FILES: [&str; 5] = ["issued.json", "transcript.jws", "open.jpg", "closed.jpg", "strip.jpg"];

/// SHA-256, in hexadecimal, over the output of `sha256sum` for the [`EVIDENCE_FILES`] with these contents.
pub fn evidence_digest(contents: [&[u8]; 5]) -> String {
    let line = |(name, bytes): (&str, &[u8])| format!("{}  {name}\n", hex::encode(Sha256::digest(bytes)));
    let list: String = EVIDENCE_FILES.into_iter().zip(contents).map(line).collect();
    hex::encode(Sha256::digest(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_evidence_is_what_sha256sum_gives() {
        // printf a >issued.json (b, c, d, e into the others); sha256sum issued.json transcript.jws open.jpg closed.jpg
        // strip.jpg | sha256sum
        let digest = evidence_digest([b"a", b"b", b"c", b"d", b"e"]);
        assert_eq!(digest, "3032256e018d06abd7406fafe81a7bc60bb54a67c8cb3c1548e6352306011a16");
    }
}
