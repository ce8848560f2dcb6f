//! Prepares the files that the server embeds. `www/`, the engine's builds in `www/pkg*` and the models that the pages
//! name get content-addressed paths and a compressed form, and are listed in a table of Rust source; the models for
//! scoring are listed in another. The server's build script runs it, so nothing can be out of date.
//!
//! Files that change together share a folder named by the hash of all of them:
//!
//! ```text
//! /assets/HASH/…   scripts, styles, pictures: they use relative paths, so no file has to be rewritten
//! /pkg/HASH/…      one build of the engine: a module and its matching WASM
//! /models/HASH/…   one model file; its path stays the same when pages and engine change
//! ```
//!
//! Our scripts are sent without their comments.
//!
//! Pages and the service worker keep their paths, refer to these folders, and are revalidated on each use. So are the
//! files of `www/embed`, which other sites load from `/embed/v1`.

mod addresses;
mod bundle;
mod comments;
mod compress;
mod folder;
mod models;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::addresses::Addresses;
use crate::bundle::Bundle;
use crate::compress::Compressor;
use crate::folder::Files;
use crate::table::{Sent, Table};

/// The module that lists the engine's files; only models named there are sent to browsers.
const ENGINE_FILES: &str = "engine-files.js";

/// The module that the addresses of the engine's files are filled into.
const ADDRESSES: &str = "addresses.js";

/// The module that the English texts and the names of the languages are filled into.
const TEXTS: &str = "texts.js";

/// The folder of the texts by language, in `www/assets`.
const LOCALES: &str = "locales/";

/// The folder of other people's scripts, in `www/assets`.
const VENDOR: &str = "vendor/";

/// The service worker. It is served beside the pages, because its scope is its own folder.
const SERVICE_WORKER: &str = "sw.js";

/// The folder of what other sites load. The address has a version, so that the next one can differ.
const EMBED: (&str, &str) = ("embed", "embed/v1");

/// Writes `out/site.rs`, `out/models.rs` and the files that they name, from the project in `root`. Returns the paths
/// whose changes require another run. Compressed files are cached in `out`.
///
/// # Errors
/// A file cannot be read or written, has an unknown type, or lacks a mark to fill in.
pub fn make(root: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    make_site(root, out)?;
    let mut watched = models::write_table(&root.join("models"), out)?;
    // The whole folder, so that new pages and new builds of the engine are noticed. Nearly all of it is embedded.
    watched.push(root.join("www"));
    Ok(watched)
}

fn make_site(root: &Path, out: &Path) -> anyhow::Result<()> {
    let www = root.join("www");
    let mut assets = folder::read(&www.join("assets"))?;

    let mut engine = Vec::new();
    for package in folder::named(&www, "pkg")? {
        let mut files = folder::read(&www.join(&package))?;
        files.retain(|name, _| !name.ends_with(".d.ts"));
        strip_scripts(&mut files)?;
        engine.push((format!("/{package}/"), Bundle::new("pkg", files)));
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
    fill_texts(&mut assets)?;
    strip_scripts(&mut assets)?;
    let assets = Bundle::new("assets", assets);
    let assets_folder = assets.folder();
    for (_, file) in compressed(assets, &compressor)? {
        table.add(file);
    }

    let mut beside = folder::read_flat(&www)?;
    beside.retain(|name, _| name.ends_with(".html") || name == SERVICE_WORKER);
    strip_scripts(&mut beside)?;
    for (name, bytes) in &mut beside {
        if name == SERVICE_WORKER {
            *bytes = addresses::fill(bytes, "files", &table.sums())?;
        } else {
            *bytes = addresses::to_folder(bytes, &assets_folder)?;
        }
    }
    let (embed, address) = EMBED;
    let scripts = folder::read_flat(&www.join(embed))?.into_iter().filter(|(name, _)| name.ends_with(".js"));
    beside.extend(scripts.map(|(name, bytes)| (format!("{address}/{name}"), bytes)));
    ensure!(beside.contains_key(SERVICE_WORKER), "www/{SERVICE_WORKER} is missing");
    for (name, sizes) in compressor.all(beside)? {
        table.add(Sent { path: name, immutable: false, ..sizes });
    }

    compressor.remove_unused()?;
    table.write(out)
}

/// Puts the English texts into the module that needs them at once, and the names of all languages.
fn fill_texts(assets: &mut Files) -> anyhow::Result<()> {
    let mut names = BTreeMap::new();
    let mut english = None;
    for (path, json) in assets.iter() {
        let Some(tag) = path.strip_prefix(LOCALES).and_then(|name| name.strip_suffix(".json")) else { continue };
        let catalogue: Value = serde_json::from_slice(json).with_context(|| format!("www/assets/{path}"))?;
        names.insert(tag.to_owned(), catalogue["language"].clone());
        if tag == "en" {
            english = Some(catalogue);
        }
    }
    let english = english.with_context(|| format!("www/assets/{LOCALES}en.json is missing"))?;
    let module = assets.get_mut(TEXTS).with_context(|| format!("www/assets/{TEXTS} is missing"))?;
    *module = addresses::fill(&addresses::fill(module, "english", &of_pages(&english))?, "languages", &names)?;
    Ok(())
}

/// Strips the scripts that are ours. Others have to keep the notice of their licence.
fn strip_scripts(files: &mut Files) -> anyhow::Result<()> {
    for (path, script) in files.iter_mut().filter(|(path, _)| path.ends_with(".js") && !path.starts_with(VENDOR)) {
        *script = comments::strip(str::from_utf8(script).with_context(|| path.clone())?).into_bytes();
    }
    Ok(())
}

/// The texts of a catalogue, without those of mails.
fn of_pages(catalogue: &Value) -> BTreeMap<&String, &Value> {
    let texts = catalogue["texts"].as_object().into_iter().flatten();
    texts.filter(|(key, _)| !key.starts_with("mail.")).collect()
}

/// The bundle's files, compressed, with their names inside the bundle.
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
    use super::*;

    const PROJECT: [(&str, &str); 15] = [
        ("www/index.html", "<link href=\"/assets/app.css\">"),
        ("www/sw.js", "const FILES = /* build: files */ {};"),
        ("www/package.json", "{}"),
        ("www/assets/app.css", "p { color: red }"),
        ("www/embed/element.js", "class Element {}"),
        ("www/embed/package.json", "{}"),
        ("www/assets/addresses.js", "export const ADDRESSES = /* build: addresses */ {};"),
        ("www/assets/texts.js", "const E = /* build: english */ 0; const L = /* build: languages */ 0;"),
        ("www/assets/locales/en.json", r#"{"language":"English","texts":{"cancel":"Cancel","mail.hello":"Hello"}}"#),
        ("www/assets/engine-files.js", "const MODELS = ['/models/eyes.pack'];"),
        ("www/pkg/engine.wasm", "a build a build a build a build a build"),
        ("www/pkg/engine.d.ts", "types"),
        ("models/eyes.pack", "a model a model a model a model a model"),
        ("models/README.md", "about the models"),
        ("models/SHA256SUMS", "sums"),
    ];

    /// Makes the site of the project with these changes. Returns the contents by path.
    fn made(changes: &[(&str, &str)]) -> anyhow::Result<BTreeMap<String, String>> {
        let root = tempfile::tempdir()?;
        for (path, text) in PROJECT.iter().chain(changes) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap())?;
            fs::write(path, text)?;
        }
        let out = root.path().join("out");
        make(root.path(), &out)?;
        let models = fs::read_to_string(out.join("models.rs"))?;
        assert!(models.contains("(\"eyes.pack\", include_bytes!(\"") && !models.contains("README"), "{models}");
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
    fn pages_keep_their_paths_and_everything_else_is_content_addressed() {
        let files = made(&[]).unwrap();
        let names: Vec<_> = files.keys().map(|path| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(
            names,
            [
                "addresses.js",
                "app.css",
                "engine-files.js",
                "en.json",
                "texts.js",
                "element.js",
                "index.html",
                "eyes.pack",
                "engine.wasm",
                "sw.js"
            ],
            "and files for developers are left out"
        );
        assert_eq!(files["index.html"], format!("<link href=\"/{}\">", path(&files, "app.css")));
        let addresses = &files[path(&files, "addresses.js")];
        let known: [(&str, &str); 2] = [("/pkg/engine.wasm", "engine.wasm"), ("/models/eyes.pack", "eyes.pack")];
        for (source, name) in known {
            let place = format!("\"{source}\":{{\"url\":\"/{}\",\"bytes\":39,", path(&files, name));
            assert!(addresses.contains(&place), "{place} in {addresses}");
        }
        assert_eq!(path(&files, "element.js"), "embed/v1/element.js");
        let texts = &files[path(&files, "texts.js")];
        assert_eq!(texts, "const E = {\"cancel\":\"Cancel\"}; const L = {\"en\":\"English\"};\n");
        for kept in files.keys() {
            let is_content_addressed = kept.contains('/') && !kept.starts_with("embed/");
            assert_eq!(files["sw.js"].contains(&format!("\"/{kept}\":\"")), is_content_addressed, "{kept}");
        }
    }

    #[test]
    fn a_change_renames_the_changed_file_and_those_that_refer_to_it() {
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
    fn a_file_that_cannot_be_sent_stops_the_build_with_the_reason() {
        for (change, reason) in [
            (("www/assets/a.unknown", "?"), "a.unknown: no content type"),
            (("www/assets/engine-files.js", "['/models/none.pack']"), "none.pack"),
            (("www/assets/addresses.js", "{}"), "build: addresses"),
            (("www/sw.js", "{}"), "build: files"),
            (("www/assets/texts.js", "{}"), "build: english"),
            (("www/assets/locales/de.json", "{"), "locales/de.json"),
        ] {
            let error = format!("{:#}", made(&[change]).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
