//! Makes what the server sends: `www/`, the engine's builds in `www/pkg*` and the models that the pages name become files
//! with addresses by content, each also compressed, in one table of Rust source. Runs when the server is built, so that
//! nobody has to think of it and nothing can be out of date.
//!
//! What belongs together is a [`bundle::Bundle`] and lies in a folder named by the hash of all of it:
//!
//! ```text
//! /assets/HASH/…   scripts, styles, pictures: they name each other by relative paths, so no file has to be rewritten
//! /pkg/HASH/…      one build of the engine: module and WASM fit each other
//! /models/HASH/…   one model file, which stays the same when pages and engine change
//! ```
//!
//! Pages and the service worker keep their names and are asked about each time; they name the folders.

mod addresses;
mod bundle;
mod compress;
mod folder;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::addresses::Addresses;
use crate::bundle::Bundle;
use crate::compress::Compressor;
use crate::table::{Sent, Table};

/// The list of what the engine consists of; a model is sent if it is named there.
const ENGINE_FILES: &str = "engine-files.js";

/// Where the addresses of the engine's files are filled in.
const ADDRESSES: &str = "addresses.js";

/// The service worker: lies beside the pages, since it can only serve what lies below it.
const SERVICE_WORKER: &str = "sw.js";

/// Makes the files below `out` and the table `out/site.rs` from the project in `root`. Compresses only what it has not
/// compressed before, and leaves there what it needs to know that.
///
/// # Errors
/// A file cannot be read or written, is of an unknown kind, or lacks the place where something is to be filled in.
pub fn make(root: &Path, out: &Path) -> anyhow::Result<()> {
    let www = root.join("www");
    let mut assets = folder::read(&www.join("assets"))?;

    let mut engine = Vec::new();
    for package in folder::named(&www, "pkg")? {
        let files = folder::read(&www.join(&package))?.into_iter().filter(|(name, _)| !name.ends_with(".d.ts"));
        engine.push((format!("/{package}/"), Bundle::new("pkg", files.collect())));
    }
    let engine_files = assets.get(ENGINE_FILES).with_context(|| format!("www/assets/{ENGINE_FILES} is missing"))?;
    for name in addresses::models_named(str::from_utf8(engine_files)?) {
        let path = root.join("models").join(&name);
        let bytes = fs::read(&path).with_context(|| format!("{ENGINE_FILES} names {}", path.display()))?;
        engine.push(("/models/".to_owned(), Bundle::new("models", [(name, bytes)].into())));
    }

    let compressor = Compressor::new(&out.join("compressed"))?;
    let mut table = Table::default();
    let mut addresses = Addresses::default();
    for (source, bundle) in engine {
        for (name, file) in compressed(bundle, &compressor)? {
            addresses.add(format!("{source}{name}"), &file);
            table.add(file);
        }
    }

    let list = assets.get_mut(ADDRESSES).with_context(|| format!("www/assets/{ADDRESSES} is missing"))?;
    *list = addresses::fill(list, "addresses", &addresses)?;
    let assets = Bundle::new("assets", assets);
    let assets_folder = assets.folder();
    for (_, file) in compressed(assets, &compressor)? {
        table.add(file);
    }

    let mut beside = folder::read_flat(&www)?;
    beside.retain(|name, _| name.ends_with(".html") || name == SERVICE_WORKER);
    for (name, bytes) in &mut beside {
        if name == SERVICE_WORKER {
            *bytes = addresses::fill(bytes, "files", &table.sums())?;
        } else {
            *bytes = addresses::to_folder(bytes, &assets_folder)?;
        }
    }
    ensure!(beside.contains_key(SERVICE_WORKER), "www/{SERVICE_WORKER} is missing");
    for (name, sizes) in compressor.all(beside)? {
        table.add(Sent { path: name, immutable: false, ..sizes });
    }

    compressor.forget_others()?;
    table.write(out)
}

/// The bundle's files under their addresses, with the names that they have inside it.
fn compressed(bundle: Bundle, compressor: &Compressor) -> anyhow::Result<Vec<(String, Sent)>> {
    let folder = bundle.folder();
    let files = compressor.all(bundle.files)?;
    Ok(files
        .into_iter()
        .map(|(name, file)| (name.clone(), Sent { path: format!("{folder}/{name}"), immutable: true, ..file }))
        .collect())
}
