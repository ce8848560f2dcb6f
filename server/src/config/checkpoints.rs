//! Settings of where checkpoints of the audit trail are kept.

use std::path::PathBuf;

use url::Url;

use super::error::ConfigError;
use super::secret::Secret;
use super::source::Source;
use super::values;
use crate::domain::EmailAddress;

const NAME: &str = "CHECKPOINTS_TO";
const HOUR_MS: i64 = 3_600_000;

/// Where checkpoints are kept, and how often one is sent there.
#[derive(Clone, Debug)]
pub struct CheckpointConfig {
    /// `CHECKPOINTS_TO`.
    pub place: CheckpointPlace,
    /// The setting as it was given. An address may contain a password.
    pub given: Secret,
    /// `CHECKPOINTS_EVERY_HOURS`: longest time between two checkpoints.
    pub every_ms: i64,
    /// `CHECKPOINTS_EVERY_ENTRIES`: most entries between two checkpoints.
    pub every_entries: i64,
    /// `CHECKPOINTS_ALLOW_PRIVATE`: whether the address may be private, and without TLS.
    pub allow_private: bool,
}

/// A place where this server cannot change what it has left there.
#[derive(Clone, Debug)]
pub enum CheckpointPlace {
    /// A folder, with a file for each.
    Folder(PathBuf),
    /// An address that each is posted to.
    Address(Secret),
    /// A mailbox.
    Mailbox(EmailAddress),
}

impl CheckpointConfig {
    pub(super) fn from_source(source: &Source) -> Result<Option<Self>, ConfigError> {
        let allow_private = values::switch(source, "CHECKPOINTS_ALLOW_PRIVATE")?.unwrap_or(false);
        let every_ms = i64::from(source.number("CHECKPOINTS_EVERY_HOURS", 1..=720, 24)?) * HOUR_MS;
        let every_entries = source.number("CHECKPOINTS_EVERY_ENTRIES", 1..=1_000_000, 1000)?.into();
        let Some(given) = source.secret(NAME)? else { return Ok(None) };
        let place = place(&given, allow_private)?;
        Ok(Some(Self { place, given, every_ms, every_entries, allow_private }))
    }
}

impl CheckpointPlace {
    /// What kind of place it is, for logs.
    pub fn kind(&self) -> &'static str {
        match self {
            CheckpointPlace::Folder(_) => "file",
            CheckpointPlace::Address(_) => "https",
            CheckpointPlace::Mailbox(_) => "mailto",
        }
    }
}

fn place(given: &Secret, allow_private: bool) -> Result<CheckpointPlace, ConfigError> {
    let unusable = |problem| ConfigError::Unusable { name: NAME, problem };
    let form = "must be file:///a/folder, https://an.address/path or mailto:name@example.org";
    let url = Url::parse(given.expose()).map_err(|_| unusable(form))?;
    match url.scheme() {
        "file" => url.to_file_path().map(CheckpointPlace::Folder).map_err(|()| unusable(form)),
        "https" => Ok(CheckpointPlace::Address(given.clone())),
        "http" if allow_private => Ok(CheckpointPlace::Address(given.clone())),
        "http" => Err(unusable("must be https, unless CHECKPOINTS_ALLOW_PRIVATE is true")),
        "mailto" => {
            EmailAddress::parse(url.path()).map(CheckpointPlace::Mailbox).map_err(|_| unusable("names no mailbox"))
        }
        _ => Err(unusable(form)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<CheckpointConfig>, String> {
        let source = Source::from_pairs(pairs.iter().copied());
        CheckpointConfig::from_source(&source).map_err(|error| error.to_string())
    }

    #[test]
    fn a_place_is_a_folder_an_address_or_a_mailbox() {
        assert!(read(&[]).unwrap().is_none());
        let kind = |to: &str| read(&[(NAME, to)]).map(|read| read.unwrap().place.kind());
        assert_eq!(kind("file:///mnt/checkpoints"), Ok("file"));
        assert_eq!(kind("https://keeper.example/trail?token=x"), Ok("https"));
        assert_eq!(kind("mailto:auditor@example.org"), Ok("mailto"));
        for wrong in
            ["/mnt/checkpoints", "mailto:nobody", "ftp://keeper.example/", "file://host/x", "http://keeper.example/"]
        {
            let error = kind(wrong).unwrap_err();
            assert!(error.starts_with("CHECKPOINTS_TO ") && !error.contains("keeper.example"), "{error}");
        }
        let private = read(&[(NAME, "http://10.0.0.1/"), ("CHECKPOINTS_ALLOW_PRIVATE", "true")]).unwrap().unwrap();
        assert_eq!((private.place.kind(), private.every_ms, private.every_entries), ("https", 24 * HOUR_MS, 1000));
        let printed = format!("{:?}", read(&[(NAME, "https://keeper.example/?token=hunter2")]));
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
