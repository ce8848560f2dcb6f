//! Attempts by people and by attackers, without a browser: how many of them the verifier accepts.
//!
//! ```text
//! clip → camera (replay, photo, person) → Verifier (rehearsal on a pretended clock, or a server over HTTP) → Outcome → Report
//!                                             ↑ forge (what is sent, changed)
//! ```

mod attempts;
mod bound;
mod camera;
mod clip;
mod forge;
mod person;
mod rehearse;
mod report;
mod server;
mod verifier;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use engine_compact::{FILE_NAME, Models};
use test_client::Served;

use attempts::{Clips, Kind};
use clip::Clip;
use report::{Count, Report};
use server::Server;
use verifier::{Honest, Outcome, Rehearsal, Verifier};

/// Runs attacks on the verifier and counts how many are accepted; run through `scripts/attack`.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Options {
    /// Attempts of each clip, for every kind that a clip is played for
    #[arg(long, default_value_t = 20)]
    runs: u64,
    /// Only kinds whose name begins so: replay, photo, forged, honest
    #[arg(long, default_value = "")]
    only: String,
    /// Only clips whose name holds this text
    #[arg(long, default_value = "")]
    clip: String,
    /// Folder of the recorded people, with videos/ and blinks.csv
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Against a server that is started for it, over HTTP, in real time
    #[arg(long)]
    over_http: bool,
    /// Attempts at a time over HTTP; each takes about a tenth of a processor
    #[arg(long, default_value_t = 8)]
    at_once: usize,
    /// The server's program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Frames a second that are analysed; 25 over HTTP
    #[arg(long, default_value_t = 30.0, conflicts_with = "over_http")]
    rate: f64,
    /// Milliseconds of a message there and back, where it is pretended
    #[arg(long, default_value_t = 60.0, conflicts_with = "over_http")]
    round_trip: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Fail if a bar is missed: recordings accepted 1.5 % or 10 % of one clip, a photograph or a forgery accepted, people
    /// accepted below 98 %
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("attack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<bool> {
    let clips = Clips::open(&options.material, &options.clip, options.runs)?;
    let verifier = verifier(options)?;
    let verifier = verifier.as_ref();
    let mut report = Report { attacks: Vec::new(), honest: Count::new("honest") };
    let mut honest: Vec<Honest> = Vec::new();
    let mut photos = Count::new("photo: moved by hand");
    for clip in clips.each() {
        let clip = &clip?;
        if wants(options, "replay") {
            let mut replays = Count::new(&format!("replay: {}", clip.name));
            add(&mut replays, &clips.attempt(verifier, clip, Kind::Replay)?);
            report.attacks.push(replays);
        }
        if wants(options, "photo") {
            add(&mut photos, &clips.attempt(verifier, clip, Kind::Photo)?);
        }
        if wants(options, "honest") || wants(options, "forged") {
            let outcomes = clips.attempt(verifier, clip, Kind::Honest)?;
            add(&mut report.honest, &outcomes);
            honest.extend(outcomes.into_iter().filter_map(|outcome| accepted(clip, outcome)));
        }
    }
    if wants(options, "photo") {
        report.attacks.push(photos);
    }
    if wants(options, "forged") {
        report.attacks.extend(verifier.forgeries(&honest, &clips)?);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(!options.check || report.meets_bars())
}

fn verifier(options: &Options) -> anyhow::Result<Box<dyn Verifier>> {
    let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"));
    if options.over_http {
        let program = Served::program(options.program.as_deref())?;
        return Ok(Box::new(Server::start(&program, models, options.at_once)?));
    }
    let pack = models.join(FILE_NAME);
    let pack = std::fs::read(&pack).with_context(|| format!("{} is missing", pack.display()))?;
    let Options { round_trip: round_trip_ms, rate, .. } = *options;
    Ok(Box::new(Rehearsal { models: Models::load(&pack)?, round_trip_ms, rate }))
}

fn wants(options: &Options, kind: &str) -> bool {
    kind.starts_with(&options.only) || options.only.starts_with(kind)
}

/// Counts them, and says how they ended.
fn add(count: &mut Count, outcomes: &[Outcome]) {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for outcome in outcomes {
        count.add(outcome.accepted);
        *ends.entry(&outcome.how).or_default() += 1;
    }
    if !outcomes.is_empty() {
        eprintln!("{}: {} of {}, {ends:?}", count.name, count.accepted, count.attempts);
    }
}

/// What an honest person sent.
fn accepted(clip: &Clip, outcome: Outcome) -> Option<Honest> {
    outcome.accepted.then_some(Honest { person: clip.name.clone(), sent: outcome.sent?, issued: outcome.issued })
}
