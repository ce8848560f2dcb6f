//! Writes the seed inputs to a folder, with a subfolder per target.

use std::path::PathBuf;

// Contains the functions that instrumented code calls.
use libfuzzer_sys as _;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("seeds FOLDER"));
    for (target, inputs) in fuzz::seeds::all() {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        for (index, input) in inputs.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{index}")), input)?;
        }
    }
    Ok(())
}
