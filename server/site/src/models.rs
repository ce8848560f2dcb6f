//! The models for scoring, as a table in Rust source.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::folder;

/// Lists every model, and so changes whenever one is added.
const SUMS: &str = "SHA256SUMS";

/// Writes `models.rs`, an array of names and contents. Returns the files it depends on.
pub(crate) fn write_table(models: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let names = folder::read_flat(models)?.into_keys();
    let names: Vec<String> = names.filter(|name| name.ends_with(".onnx") || name.ends_with(".pack")).collect();
    let mut source = String::from("&[\n");
    for name in &names {
        let path = models.join(name).canonicalize()?;
        writeln!(source, "({name:?}, include_bytes!({path:?})),")?;
    }
    source.push_str("]\n");
    let table = out.join("models.rs");
    fs::write(&table, source).with_context(|| format!("{} cannot be written", table.display()))?;
    let watched = names.iter().map(String::as_str).chain([SUMS]).map(|name| models.join(name));
    Ok(watched.filter(|path| path.exists()).collect())
}
