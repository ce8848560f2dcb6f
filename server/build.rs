//! Prepares the files that the program embeds, and tells cargo which changes require a rebuild: pages, models,
//! migrations.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../migrations");
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    for database in ["sqlite", "postgres"] {
        list_migrations(database, out)?;
    }
    for path in site::make(Path::new(".."), out)? {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    Ok(())
}

/// Writes `migrations_DATABASE.rs`: version, description and content of each `VERSION_DESCRIPTION.sql`.
fn list_migrations(database: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut migrations = BTreeMap::new();
    for entry in fs::read_dir(Path::new("../migrations").join(database))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".sql"));
        let Some((version, description)) = name.and_then(|name| name.split_once('_')) else { continue };
        let version: i64 = version.parse().map_err(|_| format!("{} has no version", path.display()))?;
        // Its content, not its path: the checkout may move, and another one may build into the same folder.
        let row = format!("({version}, {:?}, {:?}),\n", description.replace('_', " "), fs::read_to_string(&path)?);
        if migrations.insert(version, row).is_some() {
            return Err(format!("{} has the version of another migration", path.display()).into());
        }
    }
    let rows: String = migrations.into_values().collect();
    fs::write(out.join(format!("migrations_{database}.rs")), format!("[\n{rows}]\n"))?;
    Ok(())
}
