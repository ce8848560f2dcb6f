//! What the mail with the link says, apart from its templates.

use std::collections::BTreeMap;

use crate::domain::Language;
use crate::locales;

/// Where the keys of a mail's texts begin.
const KEYS: &str = "mail.";

/// The colour of the button, if the site has none. The pages' own.
const ACCENT: &str = "#0b6a60";

/// The values that templates can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// The host that the link leads to.
    pub(super) host: &'a str,
    /// The whole link.
    pub(super) link: &'a str,
    /// How many minutes the link works.
    pub(super) minutes: i64,
    /// The code that may be typed instead of opening the link.
    pub(super) code: Option<&'a str>,
    /// The name and the colour of the site that asks.
    pub(super) site: Option<&'a str>,
    pub(super) accent: Option<&'a str>,
    /// Where HTML finds its logo, if it has one.
    pub(super) logo: Option<&'a str>,
}

/// What the templates are tried with.
pub(super) const EXAMPLE: Facts = Facts {
    host: "check.example",
    link: "https://check.example/verify?token=AAAA",
    minutes: 30,
    code: None,
    site: None,
    accent: None,
    logo: None,
};

impl Facts<'_> {
    /// The texts of the mail in this language, by the rest of their keys.
    pub(super) fn texts(&self, language: Option<&Language>) -> BTreeMap<&'static str, String> {
        let minutes = self.minutes.to_string();
        let fill = |text: &str| text.replace("{host}", self.host).replace("{minutes}", &minutes);
        locales::of(language).below(KEYS).map(|(key, text)| (key, fill(text))).collect()
    }

    /// The colours of the button and of its words.
    pub(super) fn colours(&self) -> (&str, &'static str) {
        let accent = self.accent.unwrap_or(ACCENT);
        (accent, if is_dark(accent) { "#ffffff" } else { "#000000" })
    }
}

/// Whether white is easier to read on this colour, `#rrggbb`, than black (relative luminance of WCAG 2.2).
fn is_dark(colour: &str) -> bool {
    let channel = |at: usize| {
        let digits = colour.get(at..at + 2).unwrap_or("00");
        let value = f64::from(u8::from_str_radix(digits, 16).unwrap_or(0)) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_on_the_button_can_be_read() {
        for (colour, expected) in [("#0b6a60", true), ("#ffe000", false), ("#ffffff", false), ("#000000", true)] {
            assert_eq!(is_dark(colour), expected, "{colour}");
        }
    }
}
