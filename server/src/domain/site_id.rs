//! Ids of sites: chosen by the operator, public, part of pages and results.

use serde::Serialize;

/// Longest id.
const MAX_LENGTH: usize = 40;
/// The site that is there from the start, whose front door is the register page.
const DEFAULT: &str = "default";

/// A site's id: lower-case letters, digits and inner hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct SiteId(String);

impl SiteId {
    /// Parses an id.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let is_id =
            is_plain && (1..=MAX_LENGTH).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-');
        is_id.then(|| Self(text.to_owned()))
    }

    /// The site that is there from the start.
    pub fn of_front_door() -> Self {
        Self(DEFAULT.to_owned())
    }

    /// Takes an id that was stored before, without parsing it again.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SiteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_plain_words() {
        for id in ["default", "shop-2", "a"] {
            assert_eq!(SiteId::parse(id).unwrap().as_str(), id);
        }
        for text in ["", "-a", "a-", "Shop", "a.b", "a:b", "ä", &"a".repeat(41)] {
            assert_eq!(SiteId::parse(text), None, "{text}");
        }
        assert!(SiteId::parse(SiteId::of_front_door().as_str()).is_some());
    }
}
