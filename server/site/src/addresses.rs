//! Replaces file names in the sources by their addresses.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::table::Sent;

/// The engine's files by their names in the sources.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Addresses(BTreeMap<String, Address>);

#[derive(Serialize)]
struct Address {
    url: String,
    /// Bytes of the file.
    bytes: usize,
    /// Bytes sent to browsers that accept the compressed form.
    sent: usize,
    sha256: String,
}

impl Addresses {
    pub(crate) fn add(&mut self, source: String, file: &Sent) {
        let address = Address {
            url: format!("/{}", file.path),
            bytes: file.plain.len(),
            sent: file.brotli.as_ref().map_or(file.plain.len(), Vec::len),
            sha256: file.sha256.clone(),
        };
        self.0.insert(source, address);
    }
}

/// The model files that a module names as `'/models/NAME'`.
pub(crate) fn models_named(module: &str) -> Vec<String> {
    let starts = module.split("'/models/").skip(1);
    starts.filter_map(|rest| rest.split_once('\'')).map(|(name, _)| name.to_owned()).collect()
}

/// Replaces what follows `/* build: NAME */` in a module, up to the end of that statement, by a value.
pub(crate) fn fill(module: &[u8], name: &str, value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let module = str::from_utf8(module)?;
    let mark = format!("/* build: {name} */");
    let (before, rest) = module.split_once(&mark).with_context(|| format!("the mark {mark} is missing"))?;
    let (_, after) = rest.split_once(';').with_context(|| format!("no statement ends after {mark}"))?;
    ensure!(!rest.contains(&mark), "the mark {mark} appears twice");
    Ok(format!("{before}{};{after}", serde_json::to_string(value)?).into_bytes())
}

/// Points a page's `/assets/…` to `folder`.
pub(crate) fn to_folder(page: &[u8], folder: &str) -> anyhow::Result<Vec<u8>> {
    let page = str::from_utf8(page)?;
    ensure!(page.contains("\"/assets/"), "a page names none of its assets");
    Ok(page.replace("\"/assets/", &format!("\"/{folder}/")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_replaces_the_expression_after_the_mark() {
        let module = b"/** @type {string[]} */\nexport const LIST = /* build: list */ [];\nuse(LIST);\n";
        let filled = fill(module, "list", &["/a"]).unwrap();
        assert_eq!(
            str::from_utf8(&filled).unwrap(),
            "/** @type {string[]} */\nexport const LIST = [\"/a\"];\nuse(LIST);\n"
        );
        assert!(fill(b"const LIST = [];", "list", &["/a"]).is_err(), "no mark");
        assert!(fill(b"/* build: list */ []; /* build: list */ [];", "list", &["/a"]).is_err(), "two marks");
    }

    #[test]
    fn only_quoted_models_of_a_module_count() {
        let module = "// models/README.md\nconst A = ['/models/a.onnx', '/models/b.pack'];";
        assert_eq!(models_named(module), ["a.onnx", "b.pack"]);
    }

    #[test]
    fn a_page_names_the_folder_of_its_assets() {
        let page = to_folder(br#"<img src="/assets/a.svg#x"><a href="/assets">"#, "assets/00").unwrap();
        assert_eq!(str::from_utf8(&page).unwrap(), r#"<img src="/assets/00/a.svg#x"><a href="/assets">"#);
        assert!(to_folder(b"<p>", "assets/00").is_err());
    }
}
