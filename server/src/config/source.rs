//! Where settings come from: the process environment first, then a `.env` file. The only file that reads either.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::ConfigError;
use super::names::{NAMES, SECRETS, UNNEEDED};
use super::secret::Secret;

/// Settings by name. An empty value counts as unset.
pub(super) struct Source {
    values: HashMap<String, String>,
    /// Names in the `.env` file that are ignored.
    pub(super) unneeded: Vec<String>,
}

impl Source {
    /// Reads the environment and the `.env` file (`ENV_FILE` names a different one, which must exist).
    pub(super) fn from_process() -> Result<Self, ConfigError> {
        let mut values: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let chosen = values.get("ENV_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = chosen.clone().unwrap_or_else(|| PathBuf::from(".env"));
        let mut unneeded = Vec::new();
        if chosen.is_some() || path.exists() {
            let (needed, others): (Vec<_>, _) =
                read_env_file(&path)?.into_iter().partition(|(name, _)| is_needed(name));
            unneeded = others.into_iter().map(|(name, _)| name).collect();
            for (name, value) in needed {
                // The process environment wins, also with a `_FILE` setting.
                let plain = name.strip_suffix("_FILE").unwrap_or(&name);
                let is_set = |name: &str| values.get(name).is_some_and(|value| !value.is_empty());
                if !is_set(plain) && !is_set(&format!("{plain}_FILE")) {
                    values.insert(name, value);
                }
            }
        }
        Ok(Self { values, unneeded })
    }

    /// Takes the settings from a list, for tests.
    pub(super) fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { values, unneeded: Vec::new() }
    }

    /// The setting's text, or `None` if it is unset.
    pub(super) fn text(&self, name: &'static str) -> Option<&str> {
        debug_assert!(NAMES.contains(&name), "{name} is missing from the list of settings");
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The setting's value, or `None` if it is unset. `expected` completes "must be …".
    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let parse =
            |text: &str| text.parse().map_err(|_| ConfigError::Unparsable { name, got: text.to_owned(), expected });
        self.text(name).map(parse).transpose()
    }

    /// The setting as a whole number within `range`, or `default` if it is unset.
    pub(super) fn number(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(ConfigError::OutOfRange { name, got: text.to_owned(), from: *range.start(), to: *range.end() }),
        }
    }

    /// The setting in minutes, from one minute to a week, as milliseconds.
    pub(super) fn minutes_ms(&self, name: &'static str, default: u32) -> Result<i64, ConfigError> {
        Ok(i64::from(self.number(name, 1..=10_080, default)?) * 60_000)
    }

    /// The secret, given directly or as the path of a file.
    pub(super) fn secret(&self, name: &'static str) -> Result<Option<Secret>, ConfigError> {
        debug_assert!(SECRETS.contains(&name), "{name} is missing from the list of secrets");
        let file = self.values.get(&format!("{name}_FILE")).filter(|path| !path.is_empty());
        match (self.text(name), file) {
            (Some(_), Some(_)) => Err(ConfigError::GivenTwice { name }),
            (Some(text), None) => Ok(Some(Secret::new(text))),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::SecretFile {
                    name,
                    path: path.into(),
                    source,
                })?;
                Ok(Some(Secret::new(text.trim())).filter(|secret| !secret.expose().is_empty()))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Returns the file's settings, in its order.
fn read_env_file(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let failed = |source: dotenvy::Error| ConfigError::EnvFile {
        path: path.to_owned(),
        // The library's own message quotes the line, which may contain a secret.
        problem: match source {
            dotenvy::Error::Io(source) => source.to_string(),
            dotenvy::Error::LineParse(_, at) => format!("a line cannot be read (near its character {at})"),
            _ => "it cannot be read".to_owned(),
        },
    };
    let settings: Vec<(String, String)> =
        dotenvy::from_path_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    for (name, _) in &settings {
        let plain = name.strip_suffix("_FILE").filter(|plain| SECRETS.contains(plain)).unwrap_or(name);
        if is_needed(name) && !NAMES.contains(&plain) {
            return Err(ConfigError::Unknown { name: name.clone(), path: path.to_owned() });
        }
    }
    Ok(settings)
}

fn is_needed(name: &str) -> bool {
    !UNNEEDED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env_file(text: &str) -> Result<Vec<(String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.env");
        std::fs::write(&path, text).unwrap();
        read_env_file(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn an_unknown_name_in_the_env_file_is_named() {
        assert!(env_file("PORT=9000\n# a comment\nMAIL_PASSWORD_FILE=/run/secrets/mail\n").is_ok());
        assert!(env_file("PROT=9000\n").unwrap_err().contains("PROT"));
        assert!(env_file("PORT_FILE=/run/port\n").unwrap_err().contains("PORT_FILE"));
        assert!(env_file("SECRET_KEY=flask\n").is_ok(), "settings of the original system are ignored");
    }

    #[test]
    fn the_sample_file_shows_every_setting_and_only_those() {
        let sample = include_str!("../../../.env.example");
        let shown: Vec<&str> = sample
            .lines()
            .filter_map(|line| line.strip_prefix('#')?.split_once('='))
            .map(|(name, _)| name)
            .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
            .collect();
        assert_eq!(shown, NAMES);
        let uncommented: String =
            sample.lines().map(|line| line.replacen("#", "", 1) + "\n").filter(|line| !line.starts_with(' ')).collect();
        assert!(env_file(&uncommented).is_ok());
    }

    /// The settings of the production sample, including commented ones.
    fn production(fill: bool) -> Vec<(String, String)> {
        let master_key = format!("CAPTURE_MASTER_KEY={}", "ab".repeat(32));
        let uncommented = |line: &str| {
            let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
            match setting {
                "CAPTURE_MASTER_KEY=CHANGE_ME" if fill => master_key.clone(),
                setting if fill => setting.replace("CHANGE_ME", "filled-in-by-the-operator"),
                setting => setting.to_owned(),
            }
        };
        let lines: Vec<String> = include_str!("../../../.env.production.example").lines().map(uncommented).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("production.env");
        std::fs::write(&path, lines.join("\n")).unwrap();
        let settings = read_env_file(&path).unwrap();
        let shown = lines.iter().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(settings.len(), shown, "every line is a setting, a comment or empty");
        settings
    }

    #[test]
    fn the_production_sample_is_accepted_only_once_it_is_filled_in() {
        use crate::config::{BlobStoreConfig, Config, DatabaseUrl, LogFormat, MailTransport};
        fn read(settings: &[(String, String)]) -> Result<Config, ConfigError> {
            Config::from_pairs(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        }
        let config = read(&production(true)).unwrap();
        assert!(config.app_base_url.unwrap().is_https());
        assert!(matches!(config.database_url, DatabaseUrl::Postgres(_)));
        assert!(matches!(config.mail.transports.as_slice(), [MailTransport::Smtp(_)]));
        assert!(matches!(config.captures.store, BlobStoreConfig::S3(_)));
        assert!(config.captures.master_key.is_some() && config.admin_key.is_some());
        assert!(matches!(config.log_format, LogFormat::Json));

        let mut settings = production(false);
        for name in ["ADMIN_API_KEY", "CAPTURE_MASTER_KEY"] {
            let error = read(&settings).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            settings.retain(|(setting, _)| setting != name);
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_reported_without_its_content() {
        let error = env_file("MAIL_PASSWORD='hunter2\n").unwrap_err();
        assert!(error.contains("settings.env") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_not_from_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from-the-file\n").unwrap();
        let path = path.to_str().unwrap();
        let source = Source::from_pairs([("MAIL_PASSWORD_FILE", path)]);
        assert_eq!(source.secret("MAIL_PASSWORD").unwrap().unwrap().expose(), "from-the-file");
        let source = Source::from_pairs([("MAIL_PASSWORD_FILE", path), ("MAIL_PASSWORD", "plain")]);
        assert!(source.secret("MAIL_PASSWORD").is_err());
        let source = Source::from_pairs([("MAIL_PASSWORD_FILE", "/nowhere/at/all")]);
        assert!(source.secret("MAIL_PASSWORD").unwrap_err().to_string().contains("MAIL_PASSWORD_FILE"));
    }
}
