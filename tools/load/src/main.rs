//! The program `load`: measures a server, kills it, or takes away what it relies on; run through `scripts/load`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use load::{Forgeries, Plan};
use tempfile::TempDir;
use test_client::{Served, crash::CrashTest as Crash, faults::FaultTest as Faults};

/// Starts a server of its own in a temporary folder and measures what it bears, over HTTP on this machine; with --kill, ends
/// it without warning while people submit and looks whether everybody's outcome is whole.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Options {
    /// Kill the server so often instead of measuring
    #[arg(long, value_name = "TIMES")]
    kill: Option<usize>,
    /// Play so many recordings of people into the camera instead of measuring, each once and in a loop
    #[arg(long, value_name = "TIMES", conflicts_with = "kill")]
    inject: Option<usize>,
    /// Send so many submissions with a bit changed instead of measuring, and some that are forged otherwise
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["kill", "inject"])]
    forge: Option<usize>,
    /// Measure registrations and links alone
    #[arg(long, conflicts_with_all = ["kill", "inject", "forge"])]
    registrations: bool,
    /// Measure whole verifications alone
    #[arg(long, conflicts_with_all = ["kill", "inject", "forge", "registrations"])]
    verifications: bool,
    /// Take away what it relies on instead of measuring: database (PostgreSQL only), mail server, the clock's truth
    #[arg(long, conflicts_with_all = ["kill", "inject", "forge", "registrations", "verifications"])]
    faults: bool,
    /// Verify people for so many minutes instead of measuring, and watch the memory
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(2..), conflicts_with_all = ["kill", "inject", "forge", "registrations", "verifications", "faults"])]
    soak: Option<u64>,
    /// Seconds that each of these lasts
    #[arg(long, default_value_t = 30)]
    fault_seconds: u64,
    /// People who submit at once when it is killed
    #[arg(long, default_value_t = 6)]
    at_once: usize,
    /// Makes the moments at which it is killed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What runs the server's networks: tract or compact
    #[arg(long, default_value = "tract")]
    runtime: String,
    /// Seconds of each part that is measured over a time; people's challenges last for 150
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=25))]
    seconds: u64,
    /// Submissions that are sent one by one, and then at capacity
    #[arg(long, default_value_t = 100)]
    submissions: usize,
    /// People who attend in real time, for each policy
    #[arg(long, default_value_t = 8)]
    people: usize,
    /// Another database than SQLite in the temporary folder; it should be empty
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The server's program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Where the server keeps what it keeps, instead of a temporary folder
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON object
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

/// Where Debian and others put libfaketime.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let files = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    files.chain([PathBuf::from("/usr/lib/faketime/libfaketime.so.1")]).find(|file| file.exists())
}

fn run(options: &Options) -> anyhow::Result<bool> {
    let program = Served::program(options.program.as_deref())?;
    let models = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"));
    // Removed with this value.
    let temporary = TempDir::new().context("no temporary folder")?;
    let folder = match &options.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&folder)?;
    let database_url = options.database_url.clone();
    if let Some(kills) = options.kill {
        let mut settings = vec![("ENGINE_RUNTIME", options.runtime.as_str())];
        settings.extend(database_url.as_deref().map(|url| ("DATABASE_URL", url)));
        let Options { at_once: people, seed, .. } = *options;
        let crash = Crash {
            program: &program,
            models: &models,
            folder: &folder,
            settings,
            kills,
            people,
            seed,
            pass_leases: None,
        };
        let findings = crash.run()?;
        println!("{}", serde_json::to_string_pretty(&findings)?);
        return Ok(findings.is_whole());
    }
    if options.faults {
        let faketime = faketime();
        if faketime.is_none() {
            eprintln!("load: without libfaketime (Debian: libfaketime) the clock stays as it is");
        }
        let faults = Faults {
            program: &program,
            models: &models,
            folder: &folder,
            settings: vec![("ENGINE_RUNTIME", options.runtime.as_str())],
            database_url: database_url.as_deref(),
            lasts: Duration::from_secs(options.fault_seconds),
            people: options.people,
            faketime,
        };
        let found = faults.run()?;
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(found.problems.is_empty());
    }
    let Options { runtime, seconds, submissions, people, .. } = options.clone();
    let plan = Plan { program, models, folder, runtime, database_url, seconds, submissions, people };
    if options.registrations {
        println!("{}", serde_json::to_string_pretty(&plan.registrations()?)?);
        return Ok(true);
    }
    if options.verifications {
        println!("{}", serde_json::to_string_pretty(&plan.verifications()?)?);
        return Ok(true);
    }
    if let Some(count) = options.inject {
        println!("{}", serde_json::to_string_pretty(&plan.inject(count)?)?);
        return Ok(true);
    }
    if let Some(count) = options.forge {
        let found = plan.forge(count)?;
        println!("{}", serde_json::to_string_pretty(&found)?);
        let holds = |(name, kind): (&String, &Forgeries)| {
            let expected = if name == "honest" { kind.attempts } else { 0 };
            kind.accepted == expected && kind.server_errors == 0
        };
        return Ok(found.iter().all(holds));
    }
    if let Some(minutes) = options.soak {
        let soak = plan.soak(minutes)?;
        println!("{}", serde_json::to_string_pretty(&soak)?);
        return Ok(soak.holds());
    }
    let report = plan.run()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    let missed = report.missed();
    missed.iter().for_each(|what| eprintln!("load: {what}"));
    Ok(!options.check || missed.is_empty())
}
