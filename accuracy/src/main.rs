//! Measures the engine on recorded people, on their captures, and on attacks that need no skill.

use clap::{Parser, Subcommand};

/// Measures the engine; run through `scripts/accuracy`.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {}

fn main() {
    match Arguments::parse().command {}
}
