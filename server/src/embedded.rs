//! The files embedded in the program: the site and the models for scoring, as prepared by `site`, and the API
//! description. The only file that knows how they are embedded.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A file of the site.
#[derive(Debug)]
pub struct SiteFile {
    /// Its path, without the leading slash.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Identifies its content.
    pub tag: &'static str,
    /// Whether other content would have another path, so that browsers may cache it forever.
    pub immutable: bool,
    /// Its content.
    pub plain: &'static [u8],
    /// Its content compressed with Brotli, if that is smaller.
    pub brotli: Option<&'static [u8]>,
}

/// Sorted by path.
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

/// The files of `models/` by name.
static MODELS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// Returns a file of the site by its path without the leading slash.
pub fn site_file(path: &str) -> Option<&'static SiteFile> {
    SITE.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &SITE[index])
}

/// The catalogues of texts, by language tag.
pub fn locales() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    SITE.iter().filter_map(|file| {
        let (folder, name) = file.path.rsplit_once('/')?;
        let tag = name.strip_suffix(".json")?;
        folder.ends_with("/locales").then_some((tag, file.plain))
    })
}

/// Returns the description of the HTTP API, as OpenAPI.
pub fn api_description() -> &'static SiteFile {
    &API
}

/// Returns a model by its file name.
pub fn model_file(name: &str) -> Option<&'static [u8]> {
    MODELS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}
