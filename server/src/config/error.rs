//! Why a setting cannot be used: the name of the setting and what is expected.

use std::path::PathBuf;

/// A setting cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value has the wrong form.
    #[error("{name} is \"{got}\" but must be {expected}")]
    Unparsable {
        /// The setting.
        name: &'static str,
        /// Its value. Never used for secrets.
        got: String,
        /// The expected form.
        expected: &'static str,
    },
    /// The value is no number, or outside the allowed range.
    #[error("{name} is \"{got}\" but must be a whole number from {from} to {to}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// Its value.
        got: String,
        /// Least value.
        from: u32,
        /// Greatest value.
        to: u32,
    },
    /// The setting contradicts another one, or requires one that is missing.
    #[error("{name} {problem}")]
    Unusable {
        /// The setting.
        name: &'static str,
        /// What is wrong and what to do; continues a sentence that starts with the name.
        problem: &'static str,
    },
    /// Both the secret and a file with the secret are set.
    #[error("both {name} and {name}_FILE are set; remove one")]
    GivenTwice {
        /// The setting.
        name: &'static str,
    },
    /// The file with the secret cannot be read.
    #[error("{name}_FILE names {}, which cannot be read: {source}", path.display())]
    SecretFile {
        /// The setting.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The `.env` file cannot be read.
    #[error("{} cannot be read: {problem}", path.display())]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The `.env` file sets an unknown name.
    #[error("{} sets {name}, which is not a setting of Blinkgate; correct or remove it", path.display())]
    Unknown {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
    },
}
