//! The program `model-packer`: packs the networks for the browser.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Parser;
use engine_compact::FILE_NAME;

/// Makes `networks.pack` from the four ONNX files in the same folder. The same files give the same bytes on every machine.
#[derive(Parser)]
struct Arguments {
    /// Folder with the model files; the pack is written there.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"))]
    models: PathBuf,

    /// Write nothing, and fail if the existing pack differs.
    #[arg(long)]
    check: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let pack = model_packer::pack(&arguments.models)?;
    let path = arguments.models.join(FILE_NAME);
    if arguments.check { compare(&path, &pack) } else { write(&path, &pack) }
}

fn compare(path: &Path, pack: &[u8]) -> anyhow::Result<()> {
    let found = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(found == pack, "{} does not match the ONNX files; run model-packer without --check", path.display());
    Ok(())
}

fn write(path: &Path, pack: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, pack).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} bytes", path.display(), pack.len());
    Ok(())
}
