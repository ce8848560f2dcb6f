//! The program `accuracy`; run through `scripts/accuracy`.

use std::process::ExitCode;

use accuracy::{captures, clips, copies, gates, sweeps};
use clap::{Parser, Subcommand};

/// Measures the accuracy of the engine; run through `scripts/accuracy`.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// The doc comment of each options type becomes the help text of its subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    Clips(clips::ClipOptions),
    Captures(captures::CaptureOptions),
    Copies(copies::CopyOptions),
    Gates(gates::GateOptions),
    Sweeps(sweeps::SweepOptions),
    /// Moved to `attack photographs`
    #[command(hide = true, disable_help_flag = true)]
    Attacks {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Clips(options) => clips::run(&options),
        Command::Captures(options) => captures::run(&options),
        Command::Copies(options) => copies::run(&options),
        Command::Gates(options) => gates::run(&options),
        Command::Sweeps(options) => sweeps::run(&options),
        Command::Attacks { .. } => Err(anyhow::anyhow!(
            "the photographs are now part of `attack`: run `attack photographs` with the same options"
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("accuracy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
