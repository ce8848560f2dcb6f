//! Makes what the server sends: `www/`, the engine's builds in `www/pkg*` and the models that the pages name become files
//! with addresses by content, each also compressed, in one table of Rust source. Runs when the server is built, so that
//! nobody has to think of it and nothing can be out of date.
//!
//! What belongs together lies in a folder named by the hash of all of it:
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const PROJECT: [(&str, &str); 9] = [
        ("www/index.html", "<link href=\"/assets/app.css\">"),
        ("www/sw.js", "const FILES = /* build: files */ {};"),
        ("www/package.json", "{}"),
        ("www/assets/app.css", "p { color: red }"),
        ("www/assets/addresses.js", "export const ADDRESSES = /* build: addresses */ {};"),
        ("www/assets/engine-files.js", "const MODELS = ['/models/eyes.pack'];"),
        ("www/pkg/engine.wasm", "a build a build a build a build a build"),
        ("www/pkg/engine.d.ts", "types"),
        ("models/eyes.pack", "a model a model a model a model a model"),
    ];

    /// Makes the site of the project with these files changed; contents by path as the server would find them.
    fn made(changes: &[(&str, &str)]) -> anyhow::Result<BTreeMap<String, String>> {
        let root = tempfile::tempdir()?;
        for (path, text) in PROJECT.iter().chain(changes) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap())?;
            fs::write(path, text)?;
        }
        let out = root.path().join("out");
        make(root.path(), &out)?;
        let table = fs::read_to_string(out.join("site.rs"))?;
        let files = folder::read(&out.join("site"))?.into_iter().filter(|(path, _)| !path.ends_with(".br"));
        let files: BTreeMap<_, _> =
            files.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect();
        for path in files.keys() {
            assert!(table.contains(&format!("path: {path:?}")), "{path} is not in the table");
        }
        assert_eq!(table.matches("SiteFile {").count(), files.len());
        Ok(files)
    }

    /// The path of the file with this name.
    fn path<'a>(files: &'a BTreeMap<String, String>, name: &str) -> &'a str {
        files.keys().find(|path| path.ends_with(&format!("/{name}"))).map_or("", String::as_str)
    }

    #[test]
    fn pages_keep_their_names_and_everything_else_is_named_by_its_content() {
        let files = made(&[]).unwrap();
        let names: Vec<_> = files.keys().map(|path| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(
            names,
            ["addresses.js", "app.css", "engine-files.js", "index.html", "eyes.pack", "engine.wasm", "sw.js"],
            "and what is for developers stays out"
        );
        assert_eq!(files["index.html"], format!("<link href=\"/{}\">", path(&files, "app.css")));
        let addresses = &files[path(&files, "addresses.js")];
        let known: [(&str, &str); 2] = [("/pkg/engine.wasm", "engine.wasm"), ("/models/eyes.pack", "eyes.pack")];
        for (source, name) in known {
            let place = format!("\"{source}\":{{\"url\":\"/{}\",\"bytes\":39,", path(&files, name));
            assert!(addresses.contains(&place), "{place} in {addresses}");
        }
        for kept in files.keys() {
            assert_eq!(files["sw.js"].contains(&format!("\"/{kept}\":\"")), kept.contains('/'), "{kept}");
        }
    }

    #[test]
    fn a_change_renames_what_it_changes_and_what_names_that() {
        let before = made(&[]).unwrap();
        for (change, renamed) in [
            (("www/index.html", "<a href=\"/assets/app.css\">"), &[][..]),
            (("www/assets/app.css", "p { color: blue }"), &["app.css", "addresses.js"]),
            (("models/eyes.pack", "another model"), &["eyes.pack", "app.css", "addresses.js"]),
            (("www/pkg/engine.wasm", "another build"), &["engine.wasm", "app.css", "addresses.js"]),
        ] {
            let after = made(&[change]).unwrap();
            for name in ["eyes.pack", "engine.wasm", "app.css", "addresses.js"] {
                let stays = path(&before, name) == path(&after, name);
                assert_eq!(stays, !renamed.contains(&name), "{name} after a change of {}", change.0);
            }
        }
    }

    #[test]
    fn what_cannot_be_sent_stops_the_build_with_the_reason() {
        for (change, reason) in [
            (("www/assets/a.unknown", "?"), "a.unknown: no content type"),
            (("www/assets/engine-files.js", "['/models/none.pack']"), "none.pack"),
            (("www/assets/addresses.js", "{}"), "build: addresses"),
            (("www/sw.js", "{}"), "build: files"),
        ] {
            let error = format!("{:#}", made(&[change]).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
