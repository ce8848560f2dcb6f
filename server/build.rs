//! Prepares the files that the program embeds, and tells cargo which changes require a rebuild: pages, models,
//! migrations.

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../migrations");
    for path in site::make(Path::new(".."), Path::new(&env::var("OUT_DIR")?))? {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    Ok(())
}
