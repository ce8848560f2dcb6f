//! The texts that people read, one catalogue per language: those of the pages, which mails and the consent use too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::Language;
use crate::embedded;

/// The texts of one language.
#[derive(Debug)]
pub struct Catalogue {
    /// The language.
    pub language: Language,
    /// Whether a native speaker has read it.
    pub reviewed: bool,
    texts: BTreeMap<String, String>,
}

/// A file as it is.
#[derive(Deserialize)]
struct File {
    reviewed: bool,
    texts: BTreeMap<String, String>,
}

static CATALOGUES: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
    let mut found: Vec<Catalogue> = embedded::locales()
        .map(|(tag, json)| {
            let File { reviewed, texts } = serde_json::from_slice(json).expect("a test reads every catalogue");
            let language = Language::parse(tag).expect("a test reads the name of every catalogue");
            Catalogue { language, reviewed, texts }
        })
        .collect();
    found.sort_by(|a, b| a.language.cmp(&b.language));
    found
});

/// Every catalogue.
pub fn all() -> &'static [Catalogue] {
    &CATALOGUES
}

/// The catalogue of this language; English if there is none.
pub fn of(language: Option<&Language>) -> &'static Catalogue {
    let english = Language::english();
    let find = |wanted: &Language| CATALOGUES.iter().find(|catalogue| catalogue.language == *wanted);
    language.and_then(find).or_else(|| find(&english)).expect("a test finds English")
}

impl Catalogue {
    /// The text with this key, or its English one.
    pub fn text(&'static self, key: &str) -> &'static str {
        self.texts.get(key).map_or_else(|| of(None).texts.get(key).map_or("", String::as_str), String::as_str)
    }

    /// The texts whose keys begin with this, by the rest of their keys.
    pub fn below(&'static self, start: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let keys = of(None).texts.keys().filter_map(move |key| Some((key.as_str(), key.strip_prefix(start)?)));
        keys.map(|(key, rest)| (rest, self.text(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_can_be_read_and_english_is_there() {
        assert_eq!(of(None).language, Language::english());
        assert!(of(None).reviewed);
        assert!(all().len() >= 20, "{}", all().len());
        assert_eq!(of(Language::parse("xx").as_ref()).language, Language::english());
        for catalogue in all() {
            assert_ne!(catalogue.text("mail.subject"), "", "{:?}", catalogue.language);
        }
    }
}
