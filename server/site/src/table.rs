//! The served files, as a table in Rust source.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

/// A served file.
pub(crate) struct Sent {
    /// Its path, without the leading slash.
    pub(crate) path: String,
    /// Whether other content would have another path.
    pub(crate) immutable: bool,
    /// SHA-256 of the content, in hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) plain: Vec<u8>,
    /// The compressed form, if it is smaller.
    pub(crate) brotli: Option<Vec<u8>>,
}

/// All served files.
#[derive(Default)]
pub(crate) struct Table(Vec<Sent>);

impl Table {
    pub(crate) fn add(&mut self, file: Sent) {
        self.0.push(file);
    }

    /// The first halves of the files' hashes, by path with the leading slash. Half a hash detects damage just as well,
    /// and the list is sent with every release.
    pub(crate) fn sums(&self) -> BTreeMap<String, &str> {
        self.0.iter().map(|file| (format!("/{}", file.path), &file.sha256[..32])).collect()
    }

    /// Writes the files and `site.rs`, an array of `SiteFile` sorted by path.
    pub(crate) fn write(mut self, out: &Path) -> anyhow::Result<()> {
        self.0.sort_by(|a, b| a.path.cmp(&b.path));
        let folder = out.join("site");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
        let mut source = String::from("&[\n");
        for file in &self.0 {
            let plain = folder.join(&file.path);
            write(&plain, &file.plain)?;
            let brotli = match &file.brotli {
                None => "None".to_owned(),
                Some(bytes) => {
                    let path = folder.join(format!("{}.br", file.path));
                    write(&path, bytes)?;
                    format!("Some(include_bytes!({path:?}))")
                }
            };
            let (path, immutable, tag, content_type) =
                (&file.path, file.immutable, &file.sha256[..32], content_type(&file.path)?);
            writeln!(
                source,
                "SiteFile {{ path: {path:?}, content_type: {content_type:?}, tag: {tag:?}, immutable: {immutable}, \
                 plain: include_bytes!({plain:?}), brotli: {brotli} }},"
            )?;
        }
        source.push_str("]\n");
        write(&out.join("site.rs"), source.as_bytes())
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

fn content_type(name: &str) -> anyhow::Result<&'static str> {
    Ok(match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        // With any other type, browsers refuse streaming compilation.
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "onnx" | "pack" => "application/octet-stream",
        _ => bail!("{name}: no content type is known for this kind of file (server/site/src/table.rs)"),
    })
}
