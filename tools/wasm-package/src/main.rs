//! Makes the browser package from the compiled engine. It is a workspace crate rather than an installed tool because
//! wasm-bindgen's crate and generator must have the same version, which the lock file ensures.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use wasm_bindgen_cli_support::Bindgen;

/// Writes the ES module and the WASM file that the pages load.
#[derive(Parser)]
struct Arguments {
    /// The compiled engine (`engine_wasm.wasm`).
    input: PathBuf,
    /// Output folder.
    output: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&arguments.input).web(true)?.typescript(true);
    // Function names make up a seventh of the file and are used only by debuggers.
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen
        .generate(&arguments.output)
        .with_context(|| format!("cannot create a package from {}", arguments.input.display()))
}
