//! A submission: the signed transcript and the pictures of one attempt, and the key that signs them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use engine::{Evidence, Terms, transcript};
use fastrand::Rng;
use serde_json::{Value, json};

/// The key pair of one challenge.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Draws a key. Not random enough for secrets.
    pub fn draw(rng: &mut Rng) -> Key {
        Key(std::array::from_fn(|_| rng.u8(..)))
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.0).verifying_key().to_bytes()
    }

    /// The secret key.
    pub fn secret(&self) -> [u8; 32] {
        self.0
    }

    /// The public key as `POST /api/challenge` takes it.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public())
    }

    /// The signed transcript.
    pub fn sign(&self, signing_input: &str) -> Vec<u8> {
        transcript::sign(signing_input, &self.0).into_bytes()
    }
}

impl From<[u8; 32]> for Key {
    fn from(secret: [u8; 32]) -> Key {
        Key(secret)
    }
}

/// A completed attempt, not signed yet.
#[derive(Clone)]
pub struct Recorded {
    /// The challenge.
    pub terms: Terms,
    /// The challenge's key.
    pub key: Key,
    /// The text to sign, the captures and the strip.
    pub evidence: Evidence,
    /// Length of the recording in milliseconds.
    pub lasted_ms: u64,
}

impl Recorded {
    /// Signs the attempt.
    pub fn sign(&self) -> SubmissionParts {
        SubmissionParts::sign(&self.terms.challenge_id, &self.evidence, &self.key)
    }
}

/// What is uploaded, in the order in which it is sent.
#[derive(Clone, Debug)]
pub struct SubmissionParts {
    /// The challenge's ID.
    pub challenge: String,
    /// The signed transcript.
    pub transcript: Vec<u8>,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
    /// JPEG of the strip.
    pub strip: Vec<u8>,
}

impl SubmissionParts {
    /// Signs the evidence of an attempt.
    pub fn sign(challenge_id: &str, evidence: &Evidence, key: &Key) -> SubmissionParts {
        let Evidence { signing_input, open, closed, strip, .. } = evidence.clone();
        SubmissionParts {
            challenge: challenge_id.to_owned(),
            transcript: key.sign(&signing_input),
            open,
            closed,
            strip,
        }
    }

    /// All parts, one after the other.
    pub fn bytes(&self) -> Vec<u8> {
        [self.transcript.as_slice(), &self.open, &self.closed, &self.strip].concat()
    }

    /// Flips one bit of any part, each as likely as every other.
    pub fn flip_bit(&mut self, rng: &mut Rng) {
        let mut parts = [&mut self.transcript, &mut self.open, &mut self.closed, &mut self.strip];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut at = rng.usize(..length);
        for part in &mut parts {
            match part.get_mut(at) {
                Some(byte) => return *byte ^= 1 << rng.u8(..8),
                None => at -= part.len(),
            }
        }
    }

    /// The path to which it is sent.
    pub fn path(&self) -> String {
        format!("/api/submission/{}", self.challenge)
    }

    /// The lengths of the parts, the body of the request for the decision.
    pub fn lengths(&self) -> Value {
        let [transcript, open, closed, strip] = [&self.transcript, &self.open, &self.closed, &self.strip].map(Vec::len);
        json!({ "transcript": transcript, "open": open, "closed": closed, "strip": strip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flip_bit_flips_one_bit_of_any_part() {
        let parts = SubmissionParts {
            challenge: "c".to_owned(),
            transcript: vec![0; 3],
            open: vec![0; 5],
            closed: vec![0; 2],
            strip: vec![0; 4],
        };
        let mut rng = Rng::with_seed(1);
        let mut bits = vec![0; 14 * 8];
        for _ in 0..5000 {
            let mut forged = parts.clone();
            forged.flip_bit(&mut rng);
            let set: Vec<_> = forged.bytes().into_iter().enumerate().filter(|&(_, byte)| byte != 0).collect();
            let [(at, byte)] = set[..] else { panic!("not one byte") };
            assert_eq!(byte.count_ones(), 1);
            bits[at * 8 + byte.trailing_zeros() as usize] += 1;
        }
        assert!(bits.iter().all(|&count| count > 0), "{bits:?}");
    }
}
