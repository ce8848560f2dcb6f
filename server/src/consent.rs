//! The texts that people are shown before they turn on the camera. The page sends the hash of the text it showed and
//! the signed transcript repeats it, so every event says what its person was shown, and in which language.

use std::sync::LazyLock;

use engine::transcript::consent_hash;

use crate::locales::{self, Catalogue};

/// What the text consists of, in order. `www/assets/consent.js` has the same list.
const KEYS: [&str; 4] = ["priming.video", "priming.video.text", "priming.sent", "priming.sent.text"];

static HASHES: LazyLock<Vec<String>> =
    LazyLock::new(|| locales::all().iter().map(|catalogue| consent_hash(&text(catalogue))).collect());

/// Whether `hash` is that of a current text. A page with an older one asks to be reloaded.
pub fn is_known(hash: &str) -> bool {
    hashes().iter().any(|known| known == hash)
}

/// The hashes of the current texts, as transcripts have them.
fn hashes() -> &'static [String] {
    &HASHES
}

fn text(catalogue: &'static Catalogue) -> String {
    KEYS.map(|key| catalogue.text(key)).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_same_list() {
        let page = include_str!("../../www/assets/consent.js");
        let list = KEYS.map(|key| format!("'{key}'")).join(", ");
        assert!(page.contains(&format!("const KEYS = [{list}];")), "{list}");
    }
}
