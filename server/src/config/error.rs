//! Why a setting cannot be used: the name of the setting, and what it should be.

use std::path::PathBuf;

/// A setting cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is not of the form that the setting has.
    #[error("{name} is \"{got}\" but must be {expected}")]
    Unparsable {
        /// The setting.
        name: &'static str,
        /// What stands there; never that of a secret.
        got: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// The number is none, or lies outside the range that makes sense.
    #[error("{name} is \"{got}\" but must be a whole number from {from} to {to}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// What stands there.
        got: String,
        /// Least value.
        from: u32,
        /// Greatest value.
        to: u32,
    },
    /// The setting contradicts another, or lacks one.
    #[error("{name} {problem}")]
    Unusable {
        /// The setting.
        name: &'static str,
        /// What is wrong and what to do, to be read behind the name.
        problem: &'static str,
    },
    /// Both the secret and the file with it are given.
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
    /// The `.env` file sets something that does not exist.
    #[error("{} sets {name}, which is no setting of Blinkgate; correct or remove it", path.display())]
    Unknown {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
    },
}
