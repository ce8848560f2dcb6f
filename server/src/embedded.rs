//! Files inside the program: the site as `site` made it, the API's description, and the models for scoring. The only file that knows how they
//! got there.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

/// A file of the site.
#[derive(Debug)]
pub struct SiteFile {
    /// Its address, without the first slash.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Tells its content from any other.
    pub tag: &'static str,
    /// Whether other content would have another address, so that browsers may keep it for ever.
    pub immutable: bool,
    /// Its content.
    pub plain: &'static [u8],
    /// Its content by Brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
}

/// In order of the paths.
static SITE: &[SiteFile] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The description of the HTTP API.
static API: LazyLock<SiteFile> = LazyLock::new(|| {
    let plain = include_bytes!("../../docs/openapi.json");
    let sum = hex::encode(Sha256::digest(plain));
    SiteFile {
        path: "api/openapi.json",
        content_type: "application/json",
        tag: sum.leak(),
        immutable: false,
        plain,
        brotli: None,
    }
});

#[derive(RustEmbed)]
#[folder = "../models"]
#[allow_missing = true]
struct Models;

/// Returns a file of the site by its address without the first slash.
pub fn site_file(path: &str) -> Option<&'static SiteFile> {
    SITE.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &SITE[index])
}

/// Returns the description of the HTTP API, as OpenAPI.
pub fn api_description() -> &'static SiteFile {
    &API
}

/// Returns a file of `models/` by its name.
pub fn model_file(name: &str) -> Option<Cow<'static, [u8]>> {
    Models::get(name).map(|file| file.data)
}
