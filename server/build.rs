//! Makes the site that the program holds, and has cargo build the crate again when something inside it has changed:
//! pages, models, migrations.

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    for folder in ["../www", "../models", "../migrations"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    site::make(Path::new(".."), Path::new(&env::var("OUT_DIR")?))?;
    Ok(())
}
