//! What a browser says of itself, as people call it. Only names from a closed list are shown to others: the rest of the
//! header is whatever a client likes to send.

/// Names in the header, in the order in which they are looked for: most browsers name others as well.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Epiphany/", "GNOME Web"),
    ("Safari/", "Safari"),
];

/// The same for operating systems.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// A browser and its operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Empty if unknown.
    pub browser: &'static str,
    /// Empty if unknown.
    pub system: &'static str,
}

impl Screen {
    /// From a `User-Agent` header.
    pub fn of(user_agent: &str) -> Self {
        Self { browser: named(&BROWSERS, user_agent), system: named(&SYSTEMS, user_agent) }
    }
}

fn named(names: &[(&str, &'static str)], text: &str) -> &'static str {
    names.iter().find(|(mark, _)| text.contains(mark)).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_browsers_are_called_what_people_call_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let cases = [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "Windows"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/143.0 Safari/537.36 Edg/143.0"),
                "Edge",
                "Windows",
            ),
            (&format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/143.0.0.0 Safari/537.36"), "Chrome", "Linux"),
            (
                &format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/143.0 Safari/537.36"),
                "Chrome",
                "ChromeOS",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Linux; Android 10; K) {webkit} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36"
                ),
                "Samsung Internet",
                "Android",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
                "Safari",
                "macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0 Mobile/15E148 Safari/604.1",
                "Chrome",
                "iOS",
            ),
        ];
        for (user_agent, browser, system) in cases {
            assert_eq!(Screen::of(user_agent), Screen { browser, system }, "{user_agent}");
        }
    }

    #[test]
    fn nothing_but_known_names_is_repeated() {
        for invented in ["", "curl/8", "<b>Your bank</b>", "Your bank's own computer"] {
            assert_eq!(Screen::of(invented), Screen { browser: "", system: "" }, "{invented}");
        }
    }
}
