//! Makes the browser package from the compiled engine. It is a crate of the workspace rather than an installed tool because
//! wasm-bindgen's crate and generator must have the same version: the lock file sees to that. It does without clap, since
//! the first `scripts/run` has to compile it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = &arguments[..] else {
        bail!("usage: wasm-package INPUT.wasm FOLDER: writes the ES module and the WASM file that the pages load");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).web(true)?.typescript(true);
    // The function names are a seventh of the file, and only a debugger reads them.
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(output).with_context(|| format!("cannot make a package from {}", input.display()))
}
