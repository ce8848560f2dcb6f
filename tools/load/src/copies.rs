//! Copies of one recorded attempt for other challenges.
//!
//! The server refuses pictures that were sent before, by their files and by their pixels, so no two copies have the same: the
//! divisors of their higher frequencies differ by a little, which moves pixels by a level or two. (That this is enough is what
//! an index of exact pictures is worth against somebody with the key.) Hashes are written anew, and the copy is signed.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::transcript::{Transcript, signing_input};
use engine::{Evidence, Terms};
use fastrand::Rng;
use sha2::{Digest as _, Sha256};
use test_client::{Key, Parcel, Recorded};

/// One attempt without prompts, to be copied.
pub struct Copies {
    transcript: Transcript,
    evidence: Evidence,
    /// Milliseconds that the recording lasted: a challenge must be so old before a copy for it can be true.
    pub lasted_ms: u64,
}

impl Copies {
    /// Copies of this attempt.
    ///
    /// # Errors
    /// It has prompts, whose rounds belong to their challenge alone.
    pub fn of(recorded: &Recorded) -> anyhow::Result<Copies> {
        ensure!(!recorded.terms.policy.is_prompted(), "a prompted attempt cannot be copied");
        let (_, payload) = recorded.evidence.signing_input.split_once('.').context("no payload to sign")?;
        let transcript = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
        Ok(Copies { transcript, evidence: recorded.evidence.clone(), lasted_ms: recorded.lasted_ms })
    }

    /// A copy for another challenge, signed.
    ///
    /// # Errors
    /// The pictures are no JPEGs of ours.
    pub fn parcel(&self, terms: &Terms, key: &Key, rng: &mut Rng) -> anyhow::Result<Parcel> {
        let [mut open, mut closed, mut strip] =
            [&self.evidence.open, &self.evidence.closed, &self.evidence.strip].map(Vec::clone);
        let mut transcript = self.transcript.clone();
        transcript.chal.clone_from(&terms.challenge_id);
        transcript.nonce.clone_from(&terms.nonce);
        transcript.aud.clone_from(&terms.audience);
        transcript.att = terms.attempt;
        transcript.cam.rate = terms.rate;
        let hashes = [&mut transcript.cap.open.sha256, &mut transcript.cap.closed.sha256, &mut transcript.strip.sha256];
        for (hash, picture) in hashes.into_iter().zip([&mut open, &mut closed, &mut strip]) {
            mark(picture, rng)?;
            *hash = URL_SAFE_NO_PAD.encode(Sha256::digest(picture));
        }
        let input = signing_input(&serde_json::to_vec(&transcript)?, &key.public());
        Ok(Parcel { challenge: terms.challenge_id.clone(), transcript: key.sign(&input), open, closed, strip })
    }
}

/// Divisors of a brightness table that stay as they are: the lowest frequencies, which carry most of what is seen.
const KEPT: usize = 10;

/// Draws the divisors of the higher frequencies of brightness anew, each up to two levels larger.
fn mark(jpeg: &mut [u8], rng: &mut Rng) -> anyhow::Result<()> {
    const TABLE: usize = 1 + 64;
    let mut at = 2;
    while let [0xFF, code, high, low, ..] = jpeg[at..] {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if code == 0xDB {
            let mut tables = jpeg[at + 4..end].chunks_exact_mut(TABLE);
            if let Some(luma) = tables.find(|table| table[0] == 0) {
                luma[1 + KEPT..].iter_mut().for_each(|divisor| *divisor = divisor.saturating_add(rng.u8(..=2)));
                return Ok(());
            }
        }
        at = end;
    }
    anyhow::bail!("a JPEG without a table for its brightness")
}
