//! The program `load`; run through `scripts/load`.
//!
//! The server runs as a program of its own, and is measured from outside over HTTP. Recording an attempt takes longer than
//! judging it, and both happen on this machine. So most users submit copies of one recorded attempt ([`UserPool`]), which
//! cost the server as much as any other but the client next to nothing.
//!
//! [`UserPool`]: test_client::UserPool

mod checks;
mod overload;
mod people;
mod plan;
mod registrations;
mod report;
mod soak;
mod submissions;
mod times;
mod usage;
mod verifications;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Parser};
use serde::Serialize;
use tempfile::TempDir;
use test_client::ServerProcess;
use test_client::crash::CrashTest;
use test_client::faults::FaultTest;

use plan::Plan;

/// Starts a server in a temporary folder and measures over HTTP how much load it can handle; run through `scripts/load`.
///
/// With --kill, --faults or --soak it tests the server under kills, faults or steady use instead.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100, group = ArgGroup::new("mode"))]
struct Options {
    /// Kill the server this many times while people submit, and check that nobody loses anything
    #[arg(long, value_name = "TIMES", group = "mode")]
    kill: Option<usize>,
    /// Moved to `scripts/attack recordings`
    #[arg(long, value_name = "TIMES", group = "mode", hide = true)]
    inject: Option<usize>,
    /// Moved to `scripts/attack forgeries`
    #[arg(long, value_name = "TIMES", group = "mode", hide = true)]
    forge: Option<usize>,
    /// Measure only registrations and links
    #[arg(long, group = "mode")]
    registrations: bool,
    /// Measure only checks that a site makes and reads
    #[arg(long, group = "mode")]
    checks: bool,
    /// Measure only whole verifications
    #[arg(long, group = "mode")]
    verifications: bool,
    /// Take away what the server relies on: the database (PostgreSQL only), the mail server, the correct time
    #[arg(long, group = "mode")]
    faults: bool,
    /// Verify people for this many minutes and watch the server's memory
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(2..), group = "mode")]
    soak: Option<u64>,
    /// Duration of each fault in seconds
    #[arg(long, default_value_t = 30)]
    fault_seconds: u64,
    /// Number of people who submit at once before each kill
    #[arg(long, default_value_t = 6)]
    at_once: usize,
    /// Seed for the moments of the kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runtime for the server's networks: tract or compact
    #[arg(long, default_value = "tract")]
    runtime: String,
    /// Duration of each timed part in seconds; challenges are valid for 150 seconds
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=25))]
    seconds: u64,
    /// Number of submissions sent one by one, and again at capacity
    #[arg(long, default_value_t = 100)]
    submissions: usize,
    /// Number of people in real time, for each policy
    #[arg(long, default_value_t = 8)]
    people: usize,
    /// Use this database, which should be empty, instead of SQLite in the server's folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The server's program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder for the server's data, instead of a temporary one
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON object instead of a Markdown table
    #[arg(long)]
    json: bool,
    /// Fail if a bar is missed
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<bool> {
    for (moved, option, subcommand) in [(options.inject, "inject", "recordings"), (options.forge, "forge", "forgeries")]
    {
        if let Some(count) = moved {
            bail!("--{option} has moved: run scripts/attack {subcommand} {count}");
        }
    }
    let program = ServerProcess::program(options.program.as_deref())?;
    let models = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"));
    // The folder is removed when this value is dropped.
    let temporary = TempDir::new().context("cannot create a temporary folder")?;
    let folder = match &options.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&folder)?;
    if let Some(kills) = options.kill {
        return kill(options, kills, &program, &models, &folder);
    }
    if options.faults {
        return faults(options, &program, &models, &folder);
    }
    let Options { runtime, database_url, seconds, submissions, people, .. } = options.clone();
    let plan = Plan { program, models, folder, runtime, database_url, seconds, submissions, people };
    if options.registrations {
        print_json(&plan.registrations()?)?;
        return Ok(true);
    }
    if options.checks {
        print_json(&plan.checks()?)?;
        return Ok(true);
    }
    if options.verifications {
        print_json(&plan.verifications()?)?;
        return Ok(true);
    }
    if let Some(minutes) = options.soak {
        let soak = plan.soak(minutes)?;
        print_json(&soak)?;
        return Ok(soak.holds());
    }
    let report = plan.run()?;
    if options.json {
        print_json(&report)?;
    } else {
        print!("{}", report.table());
    }
    let missed = report.missed();
    missed.iter().for_each(|bar| eprintln!("load: {bar}"));
    Ok(!options.check || missed.is_empty())
}

fn kill(options: &Options, kills: usize, program: &Path, models: &Path, folder: &Path) -> anyhow::Result<bool> {
    let Options { at_once: people, seed, .. } = *options;
    let mut settings = vec![("ENGINE_RUNTIME", options.runtime.as_str())];
    settings.extend(options.database_url.as_deref().map(|url| ("DATABASE_URL", url)));
    let report = CrashTest { program, models, folder, settings, kills, people, seed, pass_leases: None }.run()?;
    print_json(&report)?;
    Ok(report.is_whole())
}

fn faults(options: &Options, program: &Path, models: &Path, folder: &Path) -> anyhow::Result<bool> {
    let faketime = faketime();
    if faketime.is_none() {
        eprintln!("load: without libfaketime (Debian: libfaketime) the clock is not changed");
    }
    let test = FaultTest {
        program,
        models,
        folder,
        settings: vec![("ENGINE_RUNTIME", options.runtime.as_str())],
        database_url: options.database_url.as_deref(),
        lasts: Duration::from_secs(options.fault_seconds),
        people: options.people,
        faketime,
    };
    let report = test.run()?;
    print_json(&report)?;
    Ok(report.problems.is_empty())
}

/// libfaketime, in the places where Debian and other distributions install it.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let files = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    files.chain([PathBuf::from("/usr/lib/faketime/libfaketime.so.1")]).find(|file| file.exists())
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
