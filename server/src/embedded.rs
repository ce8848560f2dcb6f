//! Files inside the program: the pages with their WASM package, and the models. The only file that knows how they got
//! there.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../www"]
#[allow_missing = true]
struct Pages;

#[derive(RustEmbed)]
#[folder = "../models"]
#[allow_missing = true]
struct Models;

/// A file inside the program.
pub struct Embedded {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
}

/// Returns a file of `www/` by its path below that folder.
pub fn page_file(path: &str) -> Option<Embedded> {
    Pages::get(path).map(Embedded::from)
}

/// Returns a file of `models/` by its name.
pub fn model_file(name: &str) -> Option<Embedded> {
    Models::get(name).map(Embedded::from)
}

impl From<EmbeddedFile> for Embedded {
    fn from(file: EmbeddedFile) -> Self {
        Self { sha256: file.metadata.sha256_hash(), bytes: file.data }
    }
}
