//! Compact JWS with Ed25519 and one fixed header. Signs and verifies bytes without interpreting them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::budget::TRANSCRIPT_MAX_BYTES;
use crate::reason::Reason;

/// Whether this can be the key of a challenge: a point of the curve in its canonical encoding, and not a weak key,
/// under which almost any signature would verify.
pub fn public_key_is_acceptable(public_key: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(public_key)
        .is_ok_and(|key| !key.is_weak() && key.to_edwards().compress().to_bytes() == *public_key)
}

/// The key's RFC 7638 thumbprint, base64url without padding.
pub fn key_id(public_key: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(jwk))
}

/// The text to sign: the encoded header, a dot, the encoded payload.
pub fn signing_input(payload: &[u8], public_key: &[u8; 32]) -> String {
    format!("{}.{}", encoded_header(public_key), URL_SAFE_NO_PAD.encode(payload))
}

/// Signs `signing_input` with a secret key held by the caller and returns the complete JWS.
pub fn sign(signing_input: &str, secret_key: &[u8; 32]) -> String {
    let signature = SigningKey::from_bytes(secret_key).sign(signing_input.as_bytes());
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Returns the payload of a JWS that was signed with the registered key.
///
/// The header is compared byte for byte with the only one allowed for this key, so a header cannot choose its own
/// `alg`, `jwk` or `crit`. The signature is verified over the received bytes before anything is parsed.
///
/// # Errors
/// [`Reason::TranscriptHeader`] or [`Reason::TranscriptSignature`].
pub(super) fn verified_payload(jws: &[u8], public_key: &[u8; 32]) -> Result<Vec<u8>, Reason> {
    let text = std::str::from_utf8(jws).map_err(|_| Reason::TranscriptHeader)?;
    let parts: Vec<&str> = text.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else { return Err(Reason::TranscriptHeader) };
    if jws.len() > TRANSCRIPT_MAX_BYTES || header != encoded_header(public_key) {
        return Err(Reason::TranscriptHeader);
    }
    let verify = || -> Option<()> {
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_bytes(signature.as_slice().try_into().ok()?);
        let key = VerifyingKey::from_bytes(public_key).ok()?;
        let signed = &text[..header.len() + 1 + payload.len()];
        key.verify_strict(signed.as_bytes(), &signature).ok()
    };
    verify().ok_or(Reason::TranscriptSignature)?;
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| Reason::TranscriptMalformed)
}

fn encoded_header(public_key: &[u8; 32]) -> String {
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"blink-transcript+jws;v=4"}}"#, key_id(public_key));
    URL_SAFE_NO_PAD.encode(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [9; 32];

    fn public() -> [u8; 32] {
        SigningKey::from_bytes(&SECRET).verifying_key().to_bytes()
    }

    fn signed(payload: &[u8]) -> String {
        sign(&signing_input(payload, &public()), &SECRET)
    }

    #[test]
    fn a_signed_payload_is_returned() {
        assert_eq!(verified_payload(signed(b"{}").as_bytes(), &public()), Ok(b"{}".to_vec()));
    }

    #[test]
    fn every_altered_byte_is_rejected() {
        let jws = signed(br#"{"v":1,"aud":"a"}"#);
        for at in 0..jws.len() {
            let mut altered = jws.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert!(verified_payload(&altered, &public()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn other_headers_keys_and_shapes_are_rejected() {
        let jws = signed(b"{}");
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let (_, rest) = jws.split_once('.').unwrap();
        let cases = [
            (format!("{none}.{rest}"), Reason::TranscriptHeader),
            (format!("{jws}.{jws}"), Reason::TranscriptHeader),
            (String::new(), Reason::TranscriptHeader),
            (format!("{jws}="), Reason::TranscriptSignature),
            (format!("{}.", jws.rsplit_once('.').unwrap().0), Reason::TranscriptSignature),
            ("a".repeat(TRANSCRIPT_MAX_BYTES + 1), Reason::TranscriptHeader),
        ];
        for (text, expected) in cases {
            assert_eq!(verified_payload(text.as_bytes(), &public()), Err(expected), "{}", &text[..text.len().min(80)]);
        }
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
        assert_eq!(verified_payload(jws.as_bytes(), &other), Err(Reason::TranscriptHeader));
        assert_eq!(verified_payload(&[0xFF, 0xFE], &public()), Err(Reason::TranscriptHeader));
    }

    #[test]
    fn weak_keys_and_non_points_are_rejected() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(!public_key_is_acceptable(&identity));
        assert!(!public_key_is_acceptable(&[0; 32]));
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert!(!public_key_is_acceptable(&no_point));
        assert!(public_key_is_acceptable(&public()));
    }

    /// RFC 8037, appendix A.3.
    #[test]
    fn the_key_id_is_the_published_thumbprint() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key_id(&x.try_into().unwrap()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
