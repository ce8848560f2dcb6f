//! What codes are made from, and the codes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use totp_rs::{Builder, Secret, Totp};

use crate::domain::{AdminKeyId, random_bytes};
use crate::sealing::{DecryptFailed, SealingKey};

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET: usize = 20;

/// Seals what codes are made from.
#[derive(Clone, Debug)]
pub struct FactorKey(SealingKey);

/// What the codes of one key are made from: six digits, for 30 seconds each. One step before and after the current one
/// counts too, because clocks differ and people type slowly.
pub struct Factor {
    secret: [u8; SECRET],
}

impl FactorKey {
    /// Derives the key from the server's key for sites.
    pub fn new(root: &SealingKey) -> Self {
        Self(SealingKey::derive(&root.to_text(), "blinkgate: second factors"))
    }

    /// Seals a second factor for the key that it belongs to.
    pub fn seal(&self, key: &AdminKeyId, factor: &Factor) -> String {
        STANDARD.encode(self.0.seal(key.as_str().as_bytes(), &factor.secret))
    }

    /// Opens what was sealed for this key.
    ///
    /// # Errors
    /// It was sealed with another `SITES_KEY`, or changed.
    pub fn open(&self, key: &AdminKeyId, sealed: &str) -> Result<Factor, DecryptFailed> {
        let sealed = STANDARD.decode(sealed).map_err(|_| DecryptFailed)?;
        let opened = self.0.open(key.as_str().as_bytes(), &sealed)?;
        Ok(Factor { secret: opened.try_into().map_err(|_| DecryptFailed)? })
    }
}

impl Factor {
    /// Makes a new one.
    pub fn generate() -> Self {
        Self { secret: random_bytes() }
    }

    /// The address that apps read from a QR code. It contains the secret.
    pub fn uri(&self, host: &str, name: &str) -> String {
        // A colon would end the name.
        let plain = |text: &str| text.replace(':', "-");
        let totp =
            self.builder().with_issuer(Some(format!("Blinkgate {}", plain(host)))).with_account_name(plain(name));
        totp.build_noncompliant().to_url().unwrap_or_default()
    }

    /// The time step of this code, if it is one of those that count now.
    pub fn step_of(&self, code: &str, now_ms: i64) -> Option<i64> {
        let step = self.totp().check(code, seconds(now_ms))?;
        i64::try_from(step).ok()
    }

    /// The code at this time.
    pub fn code(&self, now_ms: i64) -> String {
        self.totp().generate(seconds(now_ms)).to_string()
    }

    fn totp(&self) -> Totp {
        self.builder().build_noncompliant()
    }

    /// SHA-1, six digits, 30 seconds, one step of skew: what every app supports.
    fn builder(&self) -> Builder {
        Builder::new().with_secret(Secret::new_stack(self.secret))
    }
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Factor(hidden)")
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms / 1000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, for SHA-1; the last six of its eight digits.
        let factor = Factor { secret: *b"12345678901234567890" };
        for (time, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(factor.code(time * 1000), code);
            assert_eq!(factor.step_of(code, time * 1000), Some(time / 30));
        }
        assert!(Builder::new().with_secret(Secret::new_stack(factor.secret)).build().is_ok());
    }

    #[test]
    fn a_code_counts_one_step_early_and_one_step_late() {
        let factor = Factor::generate();
        let start = 1_700_000_010_000;
        assert_eq!(start % 30_000, 0);
        let code = factor.code(start);
        let counts = |ms: i64| factor.step_of(&code, start + ms).is_some();
        assert!(counts(-30_000) && counts(-1) && counts(0) && counts(59_999));
        // One in a million codes of another step is the same.
        assert!(factor.step_of(&code, start - 30_001).is_none_or(|step| step != start / 30_000));
        assert!(factor.step_of(&code, start + 60_000).is_none_or(|step| step != start / 30_000));
        for wrong in ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "+12345"] {
            assert_eq!(factor.step_of(wrong, start), None, "{wrong}");
        }
    }

    #[test]
    fn a_second_factor_opens_for_its_own_key_only_and_is_never_printed() {
        let keys = FactorKey::new(&SealingKey::from_bytes([1; 32]));
        let (id, factor) = (AdminKeyId::new(5), Factor::generate());
        let sealed = keys.seal(&id, &factor);
        assert_eq!(keys.open(&id, &sealed).unwrap().secret, factor.secret);
        assert!(keys.open(&AdminKeyId::new(5), &sealed).is_err());
        assert!(FactorKey::new(&SealingKey::from_bytes([2; 32])).open(&id, &sealed).is_err());
        assert_eq!(format!("{factor:?}"), "Factor(hidden)");
    }

    #[test]
    fn the_address_names_server_and_key() {
        let factor = Factor { secret: *b"12345678901234567890" };
        assert_eq!(
            factor.uri("localhost:8080", "jo: ops"),
            "otpauth://totp/Blinkgate%20localhost-8080:jo-%20ops?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Blinkgate%20localhost-8080"
        );
    }
}
