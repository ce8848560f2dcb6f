//! Measures the engine on recorded people, on their captures, and on attacks that need no skill.

mod attacks;

use clap::{Parser, Subcommand};

/// Measures the engine; run through `scripts/accuracy`.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Holds photographs before a pretended camera, moves and covers them, and counts the blinks.
    Attacks(attacks::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Attacks(options) => attacks::run(&options),
    }
}
