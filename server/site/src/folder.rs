//! Reads whole folders of files, in a stable order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Contents by relative path, with forward slashes on every system.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Every file in a folder and its subfolders. A missing folder has none.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Files> {
    let mut files = read_flat(folder)?;
    for inner in named(folder, "")? {
        let below = read(&folder.join(&inner))?;
        files.extend(below.into_iter().map(|(name, bytes)| (format!("{inner}/{name}"), bytes)));
    }
    Ok(files)
}

/// Every file directly in a folder, except hidden ones, which belong to editors and systems.
pub(crate) fn read_flat(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for (name, is_folder) in entries(folder)? {
        if !is_folder && !name.starts_with('.') {
            let path = folder.join(&name);
            let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// The subfolders whose names begin with `start`, sorted.
pub(crate) fn named(folder: &Path, start: &str) -> anyhow::Result<Vec<String>> {
    let folders = entries(folder)?.into_iter().filter(|(name, is_folder)| *is_folder && name.starts_with(start));
    let mut names: Vec<String> = folders.map(|(name, _)| name).collect();
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<(String, bool)>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let list = || -> std::io::Result<Vec<(String, bool)>> {
        fs::read_dir(folder)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir()))
            })
            .collect()
    };
    list().with_context(|| format!("{} cannot be read", folder.display()))
}
