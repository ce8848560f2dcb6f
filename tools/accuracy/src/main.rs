//! Measures the engine on recorded people, on their captures, on stills that become worse, and on attacks that need no
//! skill.

mod attacks;
mod baseline;
mod captures;
mod clips;
mod dark;
mod matching;
mod material;
mod prng;
mod program;
mod sweeps;
mod video;
mod workers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use engine_compact::{FILE_NAME, Models};

/// Measures the engine; run through `scripts/accuracy`.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Each one's help stands above its options.
#[derive(Debug, Subcommand)]
enum Command {
    Attacks(attacks::Options),
    Clips(clips::Options),
    Captures(captures::Options),
    Sweeps(sweeps::Options),
}

/// Where things lie.
#[derive(Debug, Args)]
struct Places {
    /// Folder of the recorded people, with videos/, blinks.csv and reference-ear/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// The program to measure; without this, the one beside this program
    #[arg(long, value_name = "PATH")]
    blinkgate: Option<PathBuf>,
    /// What runs the networks of that program: compact, as in the browser, or tract, the reference
    #[arg(long, value_parser = ["compact", "tract"], default_value = "compact")]
    runtime: String,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Attacks(options) => attacks::run(&options),
        Command::Clips(options) => clips::run(&options),
        Command::Captures(options) => captures::run(&options),
        Command::Sweeps(options) => sweeps::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("accuracy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The networks as people have them: packed, on the compact runtime.
fn load_models(folder: &Path) -> anyhow::Result<Models> {
    let path = folder.join(FILE_NAME);
    let pack = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Models::load(&pack)?)
}

/// Fails with the list of bars that are not met, unless it is empty.
fn require_none(shortfalls: &[String]) -> anyhow::Result<()> {
    if shortfalls.is_empty() {
        return Ok(());
    }
    bail!("{} not met:\n  {}", if shortfalls.len() == 1 { "a bar is" } else { "bars are" }, shortfalls.join("\n  "))
}
