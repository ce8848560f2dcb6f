//! The text of the mail with the link, in the reader's language, from templates that an operator can replace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::facts::{EXAMPLE, Facts};
use crate::domain::Language;
use crate::locales;

/// A template: its file name and its built-in text.
type Template = (&'static str, &'static str);

const SUBJECT: Template = ("link.subject.txt", include_str!("templates/link.subject.txt"));
const TEXT: Template = ("link.txt", include_str!("templates/link.txt"));
const HTML: Template = ("link.html", include_str!("templates/link.html"));
const ALL: [Template; 3] = [SUBJECT, TEXT, HTML];

/// Largest template.
const MAX_BYTES: u64 = 64 * 1024;

/// The templates of the mail.
#[derive(Clone, Debug)]
pub(super) struct Templates {
    /// The default templates by file name, those of a language prefixed with its folder: `de/link.txt`.
    environment: Environment<'static>,
    /// English, the languages with a folder, and those of the pages as long as all default templates are ours, which
    /// have no words of their own.
    languages: Vec<Language>,
}

/// The text of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// One line.
    pub(super) subject: String,
    /// The mail as text.
    pub(super) text: String,
    /// The same as HTML.
    pub(super) html: String,
}

impl Templates {
    /// Loads the templates: those in `folder`, if any, with the built-in ones for missing files, and the translations
    /// from each subfolder named after a language.
    ///
    /// # Errors
    /// A file cannot be read, is not a valid template, is missing in a language, or does not show the link. The message
    /// names the file.
    pub(super) fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(folder) = folder {
            ensure!(folder.is_dir(), "MAIL_TEMPLATES is {}, which is not a folder", folder.display());
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        let mut add = |name: String, source: String| environment.add_template_owned(name, source);
        let mut is_ours = true;
        for (name, built_in) in ALL {
            let own = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
            is_ours &= own.is_none();
            let source = own.as_deref().map_or_else(|| Ok(built_in.to_owned()), read)?;
            let place = || own.as_ref().map_or_else(|| name.to_owned(), |path| path.display().to_string());
            add(name.to_owned(), source).with_context(|| format!("{} is not a valid template", place()))?;
        }
        let mut languages = Vec::new();
        for (language, folder) in folder.map_or_else(|| Ok(Vec::new()), translations)? {
            for (name, _) in ALL {
                let path = folder.join(name);
                let of_language = format!("{}/{name}", language.as_str());
                add(of_language, read(&path)?)
                    .with_context(|| format!("{} is not a valid template", path.display()))?;
            }
            languages.push(language);
        }
        // People who prefer English to the translated languages get the default templates.
        let english = std::iter::once(Language::english());
        let of_pages = locales::all().iter().map(|catalogue| catalogue.language.clone()).filter(|_| is_ours);
        for language in english.chain(of_pages) {
            if !languages.contains(&language) {
                languages.push(language);
            }
        }
        let templates = Self { environment, languages };
        for language in std::iter::once(None).chain(templates.languages.iter().map(Some)) {
            templates.rehearse(language).context("the mail templates (MAIL_TEMPLATES) cannot be used")?;
        }
        Ok(templates)
    }

    /// The available language that an `Accept-Language` header prefers.
    pub(super) fn preferred(&self, accept: &str) -> Option<&Language> {
        Language::preferred(accept, &self.languages)
    }

    /// Fills in the templates of this language, or the default ones.
    ///
    /// # Errors
    /// A template uses an unknown value.
    pub(super) fn fill(&self, facts: &Facts, language: Option<&Language>) -> anyhow::Result<Words> {
        let Facts { host, link, minutes, code, site, logo, .. } = *facts;
        let words = facts.texts(language);
        let (accent, on_accent) = facts.colours();
        let direction = if language.is_some_and(Language::is_right_to_left) { "rtl" } else { "ltr" };
        let tag = language.map_or("en", Language::as_str);
        let filled = |(name, _): Template| -> anyhow::Result<String> {
            let (template, name) = self.template(name, language)?;
            // The library would also escape slashes, which makes the link unreadable in the mail's source.
            let link = if name.ends_with(".html") { Value::from_safe_string(escaped(link)) } else { Value::from(link) };
            let values = context! {
                host, link, minutes, code, site, logo, accent, on_accent, direction, language => tag, t => words.clone()
            };
            template.render(values).with_context(|| format!("cannot fill in {name}"))
        };
        let subject = filled(SUBJECT)?.trim().replace(['\r', '\n'], " ");
        Ok(Words { subject, text: filled(TEXT)?, html: filled(HTML)? })
    }

    fn template(
        &self,
        name: &str,
        language: Option<&Language>,
    ) -> anyhow::Result<(minijinja::Template<'_, '_>, String)> {
        let of_language = language.map(|language| format!("{}/{name}", language.as_str()));
        if let Some(of_language) = of_language
            && let Ok(template) = self.environment.get_template(&of_language)
        {
            return Ok((template, of_language));
        }
        Ok((self.environment.get_template(name)?, name.to_owned()))
    }

    /// Whether the templates of this language, or the default ones, show a code.
    pub(super) fn show_codes(&self, language: Option<&Language>) -> bool {
        const CODE: &str = "493027";
        self.fill(&Facts { code: Some(CODE), ..EXAMPLE }, language)
            .is_ok_and(|words| words.text.contains(CODE) && words.html.contains(CODE))
    }

    /// Fails at the start rather than sending mails without a link.
    fn rehearse(&self, language: Option<&Language>) -> anyhow::Result<()> {
        let link = EXAMPLE.link;
        let words = self.fill(&EXAMPLE, language)?;
        let place =
            |(name, _): Template| self.template(name, language).map_or_else(|_| name.to_owned(), |(_, name)| name);
        ensure!(!words.subject.is_empty(), "{} is empty", place(SUBJECT));
        for (template, filled) in [(TEXT, &words.text), (HTML, &words.html)] {
            let name = place(template);
            ensure!(filled.contains(link), "{name} does not show the link: add {{{{ link }}}} where it belongs");
        }
        Ok(())
    }
}

/// The subfolders that are named after languages.
fn translations(folder: &Path) -> anyhow::Result<Vec<(Language, PathBuf)>> {
    let cannot = || format!("cannot list MAIL_TEMPLATES, {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let language = path.file_name().and_then(|name| name.to_str()).and_then(Language::parse);
        found.extend(language.filter(|_| path.is_dir()).map(|language| (language, path)));
    }
    found.sort();
    Ok(found)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn read(path: &Path) -> anyhow::Result<String> {
    let length = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    ensure!(length <= MAX_BYTES, "{} is larger than {MAX_BYTES} bytes", path.display());
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read as text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts { link: "https://check.example/verify?token=a&b", ..EXAMPLE };

    #[test]
    fn the_built_in_templates_show_every_value() {
        let words = Templates::load(None).unwrap().fill(&FACTS, None).unwrap();
        assert_eq!(words.subject, "Your verification link");
        for expected in [FACTS.host, FACTS.link, "30 min."] {
            assert!(words.text.contains(expected), "{expected} is missing in {}", words.text);
        }
        assert_eq!(words.html.matches("token=a&amp;b").count(), 3, "{}", words.html);
    }

    #[test]
    fn the_built_in_mail_speaks_every_language_and_names_the_site() {
        let templates = Templates::load(None).unwrap();
        assert_eq!(templates.languages.len(), locales::all().len());
        let (accent, logo) = (Some("#ffe000"), Some("cid:logo"));
        let facts = Facts { code: Some("493027"), site: Some("Jo & Co"), accent, logo, ..FACTS };
        for language in &templates.languages {
            let words = templates.fill(&facts, Some(language)).unwrap();
            let direction = if language.is_right_to_left() { "rtl" } else { "ltr" };
            let head = format!("<html lang=\"{}\" dir=\"{direction}\">", language.as_str());
            let button = ["bgcolor=\"#ffe000\"", "color:#000000"];
            for expected in
                [head.as_str(), "src=\"cid:logo\"", "Jo &amp; Co", "493027", FACTS.host].iter().chain(&button)
            {
                assert!(words.html.contains(expected), "{expected} is missing in {}", words.html);
            }
            assert!(words.text.contains("493027") && words.text.contains("30"), "{}", words.text);
            assert!(!words.html.contains("{host}") && !words.text.contains('{'), "{}", words.text);
            // Nothing is loaded from elsewhere, and nothing else is linked.
            assert_eq!(words.html.matches("http").count(), 3, "{}", words.html);
        }
        assert_eq!(templates.preferred("de-AT").map(Language::as_str), Some("de"));
    }

    #[test]
    fn an_operators_templates_replace_the_built_in_ones_individually() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SUBJECT.0), "Für {{ host }}\n").unwrap();
        let words = Templates::load(Some(folder.path())).unwrap().fill(&FACTS, None).unwrap();
        assert_eq!(words.subject, "Für check.example");
        assert!(words.text.contains(FACTS.link));
        // Words of the operator's own are not mixed with our translations.
        let templates = Templates::load(Some(folder.path())).unwrap();
        assert_eq!(templates.languages, [Language::english()]);
    }

    #[test]
    fn templates_without_a_link_are_refused_by_name() {
        let cases = [(TEXT.0, "Hello"), (HTML.0, "<a>{{ url }}</a>"), (SUBJECT.0, "  "), (TEXT.0, "{% if %}")];
        for (name, source) in cases {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), source).unwrap();
            let error = format!("{:#}", Templates::load(Some(folder.path())).unwrap_err());
            assert!(error.contains(name), "{name}: {error}");
        }
        assert!(Templates::load(Some(Path::new("/nowhere/at/all"))).is_err());
    }
    fn write_all(folder: &Path, subject: &str) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, source) in [(SUBJECT.0, subject), (TEXT.0, "{{ link }}"), (HTML.0, "<p>{{ link }}</p>")] {
            std::fs::write(folder.join(name), source).unwrap();
        }
    }

    #[test]
    fn a_folder_named_after_a_language_is_used_for_its_readers() {
        let folder = tempfile::tempdir().unwrap();
        write_all(&folder.path().join("de"), "Ihr Link");
        write_all(&folder.path().join("not a language"), "");
        let templates = Templates::load(Some(folder.path())).unwrap();
        for (accept, subject) in [
            ("de-AT,en;q=0.5", "Ihr Link"),
            ("en-GB,de;q=0.5", "Your verification link"),
            ("sv", "Your verification link"),
            ("", "Your verification link"),
        ] {
            let words = templates.fill(&FACTS, templates.preferred(accept)).unwrap();
            assert_eq!(words.subject, subject, "{accept}");
            assert!(words.html.contains("token=a&amp;b"), "{}", words.html);
        }
        let gone = Language::parse("sv");
        assert_eq!(templates.fill(&FACTS, gone.as_ref()).unwrap().subject, "Your verification link");
    }

    #[test]
    fn an_incomplete_translation_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_all(&folder.path().join("de"), "Ihr Link");
        std::fs::write(folder.path().join("de/link.txt"), "Hallo").unwrap();
        let error = format!("{:#}", Templates::load(Some(folder.path())).unwrap_err());
        assert!(error.contains("de/link.txt does not show the link"), "{error}");
        std::fs::remove_file(folder.path().join("de/link.txt")).unwrap();
        let error = format!("{:#}", Templates::load(Some(folder.path())).unwrap_err());
        assert!(error.contains("de/link.txt cannot be read"), "{error}");
    }
}
