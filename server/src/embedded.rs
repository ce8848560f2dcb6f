//! Files inside the program: the site as `site` made it, and the models for scoring. The only file that knows how they
//! got there.

use std::borrow::Cow;

use rust_embed::RustEmbed;

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

#[derive(RustEmbed)]
#[folder = "../models"]
#[allow_missing = true]
struct Models;

/// Returns a file of the site by its address without the first slash.
pub fn site_file(path: &str) -> Option<&'static SiteFile> {
    SITE.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &SITE[index])
}

/// Returns a file of `models/` by its name.
pub fn model_file(name: &str) -> Option<Cow<'static, [u8]>> {
    Models::get(name).map(|file| file.data)
}
