//! What the mail with the link says: templates, which an operator can replace, filled in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

/// A template: the file's name, and what it says where an operator has no other.
type Template = (&'static str, &'static str);

const SUBJECT: Template = ("link.subject.txt", include_str!("templates/link.subject.txt"));
const TEXT: Template = ("link.txt", include_str!("templates/link.txt"));
const HTML: Template = ("link.html", include_str!("templates/link.html"));

/// Larger files are no mail.
const MAX_BYTES: u64 = 64 * 1024;

/// The templates of the mail.
#[derive(Clone, Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// The host that the link leads to.
    pub(super) host: &'a str,
    /// The whole link.
    pub(super) link: &'a str,
    /// For how many minutes the link works.
    pub(super) minutes: i64,
}

/// A mail's words.
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
    /// Loads the templates: those in `folder`, if there is one, and for each that it lacks the one inside the program.
    ///
    /// # Errors
    /// A file cannot be read, is no template, or leaves out the link: the message names it.
    pub(super) fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(folder) = folder {
            ensure!(folder.is_dir(), "MAIL_TEMPLATES is {}, which is no folder", folder.display());
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        for (name, built_in) in [SUBJECT, TEXT, HTML] {
            let own = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
            let source = own.as_deref().map_or_else(|| Ok(built_in.to_owned()), read)?;
            environment
                .add_template_owned(name, source)
                .with_context(|| format!("{} is no template", place(own.as_ref(), name)))?;
        }
        let templates = Self { environment };
        templates.rehearse().context("the mail's templates (MAIL_TEMPLATES) cannot be used")?;
        Ok(templates)
    }

    /// Fills the templates in.
    ///
    /// # Errors
    /// A template asks for something that there is not.
    pub(super) fn fill(&self, facts: &Facts) -> anyhow::Result<Words> {
        let Facts { host, link, minutes } = *facts;
        let filled = |(name, _): Template| -> anyhow::Result<String> {
            let template = self.environment.get_template(name)?;
            // The library would escape slashes as well, and a link that is read in the mail's source should be one.
            let link = if name == HTML.0 { Value::from_safe_string(escaped(link)) } else { Value::from(link) };
            template.render(context! { host, link, minutes }).with_context(|| format!("{name} cannot be filled in"))
        };
        let subject = filled(SUBJECT)?.trim().replace(['\r', '\n'], " ");
        Ok(Words { subject, text: filled(TEXT)?, html: filled(HTML)? })
    }

    /// A mail without its link helps nobody; better to be told at the start.
    fn rehearse(&self) -> anyhow::Result<()> {
        let link = "https://check.example/verify?token=AAAA";
        let words = self.fill(&Facts { host: "check.example", link, minutes: 30 })?;
        ensure!(!words.subject.is_empty(), "{} is empty", SUBJECT.0);
        for ((name, _), filled) in [(TEXT, &words.text), (HTML, &words.html)] {
            ensure!(filled.contains(link), "{name} does not show the link: write {{{{ link }}}} where it belongs");
        }
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn read(path: &Path) -> anyhow::Result<String> {
    let length = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    ensure!(length <= MAX_BYTES, "{} has more than {MAX_BYTES} bytes", path.display());
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read as text", path.display()))
}

fn place(own: Option<&PathBuf>, name: &str) -> String {
    own.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts { host: "check.example", link: "https://check.example/verify?token=a&b", minutes: 30 };

    #[test]
    fn the_templates_inside_the_program_tell_all_there_is_to_know() {
        let words = Templates::load(None).unwrap().fill(&FACTS).unwrap();
        assert_eq!(words.subject, "Your verification link");
        for expected in [FACTS.host, FACTS.link, "30 minutes"] {
            assert!(words.text.contains(expected), "{expected} is missing in {}", words.text);
        }
        assert_eq!(words.html.matches("token=a&amp;b").count(), 2, "{}", words.html);
    }

    #[test]
    fn an_operators_templates_take_the_place_of_ours_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SUBJECT.0), "Für {{ host }}\n").unwrap();
        let words = Templates::load(Some(folder.path())).unwrap().fill(&FACTS).unwrap();
        assert_eq!(words.subject, "Für check.example");
        assert!(words.text.contains(FACTS.link));
    }

    #[test]
    fn templates_that_would_send_nobody_anywhere_are_refused_by_name() {
        let cases = [(TEXT.0, "Hello"), (HTML.0, "<a>{{ url }}</a>"), (SUBJECT.0, "  "), (TEXT.0, "{% if %}")];
        for (name, source) in cases {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), source).unwrap();
            let error = format!("{:#}", Templates::load(Some(folder.path())).unwrap_err());
            assert!(error.contains(name), "{name}: {error}");
        }
        assert!(Templates::load(Some(Path::new("/nowhere/at/all"))).is_err());
    }
}
