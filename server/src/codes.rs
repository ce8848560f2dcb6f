//! Codes that people type: six digits, mailed together with the link, valid for ten minutes and five tries. Each follows
//! from the server's key for sites, the check, and a number, so that no database holds any.

use subtle::ConstantTimeEq as _;

use crate::domain::CheckId;
use crate::sealing::SealingKey;

/// How long a code can be typed.
pub const LASTS_MS: i64 = 600_000;
/// How many wrong ones may be typed. With three mails an hour, nobody finds one in a million by guessing.
pub const MAX_TRIES: i64 = 5;
/// How many codes there are.
const CODES: u64 = 1_000_000;

/// Derives codes.
#[derive(Clone, Debug)]
pub struct CodeKey(SealingKey);

impl CodeKey {
    /// From the server's key for sites.
    pub fn new(root: SealingKey) -> Self {
        Self(root)
    }

    /// The code of this number.
    pub fn code(&self, check: &CheckId, number: i64) -> String {
        let derived = SealingKey::derive(&self.0.to_text(), &format!("blinkgate: code {number} of check {check}"));
        let bytes: [u8; 8] = std::array::from_fn(|at| derived.as_bytes()[at]);
        format!("{:06}", u64::from_be_bytes(bytes) % CODES)
    }

    /// Whether this is the code of this number. Spaces do not matter.
    pub fn matches(&self, check: &CheckId, number: i64, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        self.code(check, number).as_bytes().ct_eq(typed.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mail_and_each_check_has_a_code_of_its_own() {
        let key = CodeKey::new(SealingKey::from_bytes([7; 32]));
        let (check, other) = (CheckId::new(1), CheckId::new(1));
        let code = key.code(&check, 1);
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert!(key.matches(&check, 1, &code) && key.matches(&check, 1, &format!(" {} {}", &code[..3], &code[3..])));
        let others = [key.code(&check, 2), key.code(&other, 1), CodeKey::new(SealingKey::generate()).code(&check, 1)];
        assert!(others.iter().filter(|other| **other == code).count() < 2, "one in a million may be the same");
        assert!(!key.matches(&check, 1, "") && !key.matches(&check, 1, &code[..5]));
    }
}
