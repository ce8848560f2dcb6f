//! Attempts by people and attackers, without a browser: how many of them are accepted?
//!
//! ```text
//! clip → camera (replay, photo, person) → Verifier (simulation, or a server over HTTP) → AttemptResult → Report
//!                                             ↑ forge (changes the submission)
//! photographs:    stills → sequences of rendered frames → engine sessions → blinks
//! warps:          photographs → lids and turns on cue → Verifier → AttemptResult → Report
//! recordings:     drawn recordings → a server over HTTP → verdicts
//! forged_copies:  copies of an attempt, changed → a server over HTTP → answers
//! search:         films as numbers → the engine's rounds → the best film
//! ```

mod attempts;
mod bound;
mod camera;
mod clip_attacks;
mod clip_set;
mod forge;
mod forged_copies;
mod keep;
mod person;
mod photographs;
mod recordings;
mod report;
mod search;
mod server;
mod server_options;
mod signed_parts;
mod simulation;
mod usual;
mod verifier;
mod warps;
mod whole_mesh;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Attacks the verification and counts how many attempts are accepted; run through `scripts/attack`.
///
/// Without a subcommand, attempts are made with the recorded clips: replayed clips, moved photographs, honest people who
/// follow the cues, and forgeries of their submissions.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    clips: clip_attacks::ClipOptions,
}

// The doc comment of each options type becomes the help text of its subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    Photographs(photographs::PhotographOptions),
    Recordings(recordings::RecordingOptions),
    Forgeries(forged_copies::ForgeryOptions),
    Warps(warps::WarpOptions),
    Search(search::SearchOptions),
}

fn main() -> ExitCode {
    let Arguments { command, clips } = Arguments::parse();
    let held = match command {
        None => clip_attacks::run(&clips),
        Some(Command::Photographs(options)) => photographs::run(&options).map(|()| true),
        Some(Command::Recordings(options)) => recordings::run(&options).map(|()| true),
        Some(Command::Forgeries(options)) => forged_copies::run(&options),
        Some(Command::Warps(options)) => warps::run(&options).map(|()| true),
        Some(Command::Search(options)) => Ok(search::run(&options)),
    };
    match held {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("attack: {error:#}");
            ExitCode::FAILURE
        }
    }
}
