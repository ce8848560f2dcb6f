//! The secrets of endpoints, and signatures by them. Two at once: one that the receiver knows too, and one of which it
//! knows only the public half.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

use crate::clock::DAY_MS;
use crate::db::endpoints::Endpoint;
use crate::sealing::SealingKey;

/// How long the replaced secrets sign too.
const OVERLAP_MS: i64 = DAY_MS;

/// Derives the secrets of endpoints.
#[derive(Clone, Debug)]
pub struct EndpointKeys(SealingKey);

/// What a receiver needs to verify signatures. Either is enough.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// For HMAC-SHA-256.
    pub symmetric: String,
    /// For Ed25519.
    pub public: String,
}

impl EndpointKeys {
    /// From the server's key for sites.
    pub fn new(root: SealingKey) -> Self {
        Self(root)
    }

    fn derive(&self, endpoint: &Endpoint, generation: i64, kind: &str) -> SealingKey {
        SealingKey::derive(&self.0.to_text(), &format!("blinkgate: webhook {} {generation}, {kind}", endpoint.id))
    }

    fn asymmetric(&self, endpoint: &Endpoint, generation: i64) -> SigningKey {
        SigningKey::from_bytes(self.derive(endpoint, generation, "ed25519").as_bytes())
    }

    /// The endpoint's current secrets.
    pub fn secrets(&self, endpoint: &Endpoint) -> Secrets {
        let symmetric = self.derive(endpoint, endpoint.generation, "hmac");
        let public = self.asymmetric(endpoint, endpoint.generation).verifying_key();
        Secrets {
            symmetric: format!("whsec_{}", STANDARD.encode(symmetric.as_bytes())),
            public: format!("whpk_{}", STANDARD.encode(public.as_bytes())),
        }
    }

    /// The header `webhook-signature`: by the current secrets, and for a day by those that they replaced.
    pub(super) fn signatures(&self, endpoint: &Endpoint, signed: &str, now_ms: i64) -> String {
        let is_fresh = endpoint.rotated_at.is_some_and(|at| now_ms < at + OVERLAP_MS);
        let before = (is_fresh && endpoint.generation > 0).then_some(endpoint.generation - 1);
        let by = |generation: i64| {
            let symmetric = self.derive(endpoint, generation, "hmac");
            let mac = Hmac::<Sha256>::new_from_slice(symmetric.as_bytes()).expect("HMAC takes keys of any length");
            let mac = STANDARD.encode(mac.chain_update(signed).finalize().into_bytes());
            let signature = self.asymmetric(endpoint, generation).sign(signed.as_bytes());
            format!("v1,{mac} v1a,{}", STANDARD.encode(signature.to_bytes()))
        };
        [Some(endpoint.generation), before].into_iter().flatten().map(by).collect::<Vec<_>>().join(" ")
    }
}
