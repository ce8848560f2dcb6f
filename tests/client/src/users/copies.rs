//! Copies of one recorded attempt, for other challenges.
//!
//! The server refuses pictures that were submitted before, by the hash of their bytes and by that of their pixels. So each copy
//! has slightly larger divisors of the higher frequencies in its quantization tables, which changes pixels by a level or two.
//! (An index of exact pictures cannot stop an attacker who holds the key.) The hashes in the transcript are replaced, and the
//! copy is signed.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::transcript::{Transcript, signing_input};
use engine::{Evidence, Terms};
use fastrand::Rng;
use sha2::{Digest as _, Sha256};

use crate::submission::{Key, Recorded, SubmissionParts};

/// An attempt without prompts, to be copied.
pub(super) struct Copies {
    transcript: Transcript,
    evidence: Evidence,
    /// Length of the recording in milliseconds. The server rejects a copy for a challenge younger than that.
    pub(super) lasted_ms: u64,
}

impl Copies {
    /// Prepares copies of this attempt.
    ///
    /// # Errors
    /// The attempt was prompted; its rounds belong to its own challenge.
    pub(super) fn of(recorded: &Recorded) -> anyhow::Result<Copies> {
        ensure!(!recorded.terms.policy.is_prompted(), "a prompted attempt cannot be copied");
        let (_, payload) = recorded.evidence.signing_input.split_once('.').context("no payload to sign")?;
        let transcript = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
        Ok(Copies { transcript, evidence: recorded.evidence.clone(), lasted_ms: recorded.lasted_ms })
    }

    /// A copy for another challenge, signed.
    ///
    /// # Errors
    /// A picture has no quantization table for its brightness.
    pub(super) fn sign_for(&self, terms: &Terms, key: &Key, rng: &mut Rng) -> anyhow::Result<SubmissionParts> {
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
            vary(picture, rng)?;
            *hash = URL_SAFE_NO_PAD.encode(Sha256::digest(picture));
        }
        let input = signing_input(&serde_json::to_vec(&transcript)?, &key.public());
        let (challenge, transcript) = (terms.challenge_id.clone(), key.sign(&input));
        Ok(SubmissionParts { challenge, transcript, open, closed, strip })
    }
}

/// Divisors of a brightness table that are kept: those of the lowest frequencies, which carry most of the picture.
const KEPT: usize = 10;

/// Increases the divisors of the higher frequencies of brightness by 0, 1 or 2 each, at random.
fn vary(jpeg: &mut [u8], rng: &mut Rng) -> anyhow::Result<()> {
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
    anyhow::bail!("a JPEG without a quantization table for its brightness")
}
