//! The texts that people are shown before they turn on the camera. The page sends the hash of the text it showed and
//! the signed transcript repeats it, so every event says what its person was shown.

use engine::transcript::consent_hash;

/// The current texts, one per language. A page with an older text asks to be reloaded.
const TEXTS: &[&str] = &[include_str!("../../www/consent/en.txt")];

/// Whether `hash` is that of a current text.
pub fn is_known(hash: &str) -> bool {
    hashes().any(|known| known == hash)
}

/// The hashes of the current texts, as transcripts have them.
pub fn hashes() -> impl Iterator<Item = String> {
    TEXTS.iter().map(|text| consent_hash(text.trim_end()))
}
