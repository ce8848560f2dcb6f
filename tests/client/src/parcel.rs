//! What is sent for a challenge, and the key that signs for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use engine::{Evidence, Terms, transcript};
use fastrand::Rng;
use serde_json::{Value, json};

/// A key pair for one challenge.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Draws one. For tests and measurements, which keep no secrets.
    pub fn draw(rng: &mut Rng) -> Key {
        Key(std::array::from_fn(|_| rng.u8(..)))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.0).verifying_key().to_bytes()
    }

    /// The secret half.
    pub fn secret(&self) -> [u8; 32] {
        self.0
    }

    /// The public half as it is registered.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public())
    }

    /// The signed transcript.
    pub fn sign(&self, signing_input: &str) -> Vec<u8> {
        transcript::sign(signing_input, &self.0).into_bytes()
    }
}

/// What an attempt came to, before it is signed.
#[derive(Clone)]
pub struct Recorded {
    /// The challenge that it was made for.
    pub terms: Terms,
    /// Its key.
    pub key: Key,
    /// Text to sign, captures and strip.
    pub evidence: Evidence,
    /// Milliseconds that the recording lasted.
    pub lasted_ms: u64,
}

impl Recorded {
    /// Signs it.
    pub fn parcel(&self) -> Parcel {
        let Evidence { signing_input, open, closed, strip, .. } = self.evidence.clone();
        let transcript = self.key.sign(&signing_input);
        Parcel { challenge: self.terms.challenge_id.clone(), transcript, open, closed, strip }
    }
}

/// What is uploaded.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The challenge.
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

impl Parcel {
    /// All bytes in the order in which they are sent.
    pub fn bytes(&self) -> Vec<u8> {
        [self.transcript.as_slice(), &self.open, &self.closed, &self.strip].concat()
    }

    /// Changes one bit of any part, each as likely as every other.
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

    /// Where it is sent.
    pub fn path(&self) -> String {
        format!("/api/submission/{}", self.challenge)
    }

    /// The parts' sizes, as the question for the decision names them.
    pub fn lengths(&self) -> Value {
        let [transcript, open, closed, strip] = [&self.transcript, &self.open, &self.closed, &self.strip].map(Vec::len);
        json!({ "transcript": transcript, "open": open, "closed": closed, "strip": strip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_bit_is_one_bit_of_any_part() {
        let parcel = Parcel {
            challenge: "c".to_owned(),
            transcript: vec![0; 3],
            open: vec![0; 5],
            closed: vec![0; 2],
            strip: vec![0; 4],
        };
        let mut rng = Rng::with_seed(1);
        let mut bits = vec![0; 14 * 8];
        for _ in 0..5000 {
            let mut forged = parcel.clone();
            forged.flip_bit(&mut rng);
            let set: Vec<_> = forged.bytes().into_iter().enumerate().filter(|&(_, byte)| byte != 0).collect();
            let [(at, byte)] = set[..] else { panic!("not one byte") };
            assert_eq!(byte.count_ones(), 1);
            bits[at * 8 + byte.trailing_zeros() as usize] += 1;
        }
        assert!(bits.iter().all(|&count| count > 0), "{bits:?}");
    }
}
