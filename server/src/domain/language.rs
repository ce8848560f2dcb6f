//! Languages as BCP 47 tags, and which of several a visitor prefers.

use std::cmp::Reverse;

/// Longest useful tag (RFC 5646 §4.4.1).
const MAX_LENGTH: usize = 35;
/// Languages that are written from right to left, as far as there are texts in them.
const RIGHT_TO_LEFT: [&str; 4] = ["ar", "fa", "he", "ur"];
/// Tags whose readers can read another language that is named more exactly, or by a newer name.
const READ_AS: [(&str, &str); 8] = [
    ("zh", "zh-hans"),
    ("zh-cn", "zh-hans"),
    ("zh-sg", "zh-hans"),
    ("pt", "pt-br"),
    ("pt-pt", "pt-br"),
    ("iw", "he"),
    ("iw-il", "he"),
    ("in", "id"),
];
/// How many of the browser's languages are considered.
const MAX_RANGES: usize = 16;

/// A language: its tag in lower case, such as `de` or `pt-br`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// The default language.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// Parses a tag: letters first, then letters and digits, in parts of at most eight.
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.split('-');
        let is_language = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
        let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        (tag.len() <= MAX_LENGTH && parts.next().is_some_and(is_language) && parts.all(is_subtag))
            .then(|| Self(tag.to_ascii_lowercase()))
    }

    /// Takes a tag that was stored before, without parsing it again.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is written from right to left.
    pub fn is_right_to_left(&self) -> bool {
        RIGHT_TO_LEFT.contains(&self.0.split('-').next().unwrap_or_default())
    }

    /// The language among these that an `Accept-Language` header prefers, if it names any. `de-AT` also matches `de`
    /// (lookup of RFC 4647 §3.4).
    pub fn preferred<'a>(accept: &str, among: &'a [Self]) -> Option<&'a Self> {
        let mut ranges: Vec<(&str, f32)> = accept.split(',').take(MAX_RANGES).filter_map(range).collect();
        ranges.sort_by_key(|(_, weight)| Reverse((weight * 1000.0) as u32));
        ranges.iter().find_map(|(tag, _)| {
            let wider = std::iter::successors(Some(*tag), |tag| tag.rsplit_once('-').map(|(wider, _)| wider));
            // As it stands: `zh-TW` is not read as `zh`.
            let read_as = READ_AS.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag)).map(|(_, other)| *other);
            let mut tags = wider.into_iter().chain(read_as);
            tags.find_map(|tag| among.iter().find(|language| language.0.eq_ignore_ascii_case(tag)))
        })
    }
}

/// One language of the header and its weight, above 0 and up to 1; `None` if it is not acceptable.
fn range(text: &str) -> Option<(&str, f32)> {
    let (tag, weight) = text.split_once(';').unwrap_or((text, "q=1"));
    let weight = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
    (weight > 0.0 && weight <= 1.0).then(|| (tag.trim(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(tags: &[&str]) -> Vec<Language> {
        tags.iter().map(|tag| Language::parse(tag).unwrap()).collect()
    }

    #[test]
    fn a_visitor_gets_the_language_that_the_browser_prefers() {
        let there = languages(&["en", "de", "he", "pt-br", "zh-hans", "zh-hant"]);
        for (accept, expected) in [
            ("de", Some("de")),
            ("DE-at, en;q=0.8", Some("de")),
            ("en-GB,en;q=0.9,de;q=0.8", Some("en")),
            ("de;q=0.5, en;q=0.7", Some("en")),
            ("fr, de;q=0, en;q=0.1", Some("en")),
            ("pt-BR", Some("pt-br")),
            ("pt, en;q=0.5", Some("pt-br")),
            ("zh-Hant-TW", Some("zh-hant")),
            ("zh-CN", Some("zh-hans")),
            ("zh-TW", None),
            ("iw-IL", Some("he")),
            ("fr,*;q=0.5", None),
            ("", None),
            (";;;,q=1,de;q=x,de;q=NaN,de;q=7", None),
        ] {
            let preferred = Language::preferred(accept, &there).map(Language::as_str);
            assert_eq!(preferred, expected, "{accept}");
        }
        let endless = "fr,".repeat(1000) + "de";
        assert_eq!(Language::preferred(&endless, &there), None);
    }

    #[test]
    fn a_tag_is_no_path() {
        for tag in ["", "d", "..", "de/..", "de-", "-de", "1", "de_AT", "deutschland", "de-österreich"] {
            assert_eq!(Language::parse(tag), None, "{tag}");
        }
        assert_eq!(Language::parse("de-CH-1996").unwrap().as_str(), "de-ch-1996");
    }
}
