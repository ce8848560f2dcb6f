//! What people are told before they switch the camera on. The page says which text it showed; the transcript, signed, says it
//! again; so an event tells what its person had been told.

use engine::transcript::consent_hash;

/// The texts that the pages have, a language each. A page from before a change asks to be loaded again.
const TEXTS: &[&str] = &[include_str!("../../www/consent/en.txt")];

/// Whether `hash` is that of a text that the pages have.
pub fn is_known(hash: &str) -> bool {
    hashes().any(|known| known == hash)
}

/// What transcripts call each of the texts.
pub fn hashes() -> impl Iterator<Item = String> {
    TEXTS.iter().map(|text| consent_hash(text.trim_end()))
}
