//! Makes the browser package from the compiled engine. A crate of the workspace instead of an installed tool: crate and
//! generator of wasm-bindgen must be of one version, and so the lock file sees to it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use wasm_bindgen_cli_support::Bindgen;

/// Writes the ES module and the WASM file that the pages load.
#[derive(Parser)]
struct Arguments {
    /// The compiled engine (`engine_wasm.wasm`).
    input: PathBuf,
    /// The folder to write into.
    output: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&arguments.input).web(true)?.typescript(true);
    // The names of functions are a seventh of the file, and read by nobody but a debugger.
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen
        .generate(&arguments.output)
        .with_context(|| format!("cannot make a package from {}", arguments.input.display()))
}
