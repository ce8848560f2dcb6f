//! Makes cargo build the crate again when something that it embeds has changed: pages, models, migrations.

fn main() {
    for folder in ["../www", "../models", "../migrations"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
