//! Measures the engine on recorded people, on the captures of their blinks, and on stills that are degraded step by step.
//!
//! The tool `attack` shares the recordings ([`material`], [`video`]), the random numbers ([`prng`]) and the worker threads
//! ([`workers`]).

mod baseline;
pub mod captures;
pub mod clips;
pub mod copies;
mod dark;
pub mod gates;
mod matching;
pub mod material;
pub mod prng;
mod program;
pub mod sweeps;
pub mod video;
pub mod workers;

use std::path::Path;

use anyhow::{Context as _, bail};
use engine_compact::{FILE_NAME, Models};

/// The folder of the model files in this repository.
pub const DEFAULT_MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

/// Loads the networks that people get: packed, on the compact runtime.
///
/// # Errors
/// If the pack in `folder` is missing or damaged.
pub fn load_models(folder: &Path) -> anyhow::Result<Models> {
    let path = folder.join(FILE_NAME);
    let pack = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Models::load(&pack)?)
}

/// Fails with the list of bars that are not met, unless it is empty.
///
/// # Errors
/// If there are shortfalls.
pub fn require_none(shortfalls: &[String]) -> anyhow::Result<()> {
    if shortfalls.is_empty() {
        return Ok(());
    }
    bail!("{} not met:\n  {}", if shortfalls.len() == 1 { "a bar is" } else { "bars are" }, shortfalls.join("\n  "))
}
