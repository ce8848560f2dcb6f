//! Attempts by people and by attackers, without a browser: how many of them the verifier accepts.
//!
//! Browser, network and server are the engine's own client and decision on a pretended clock, so that thousands of attempts
//! take minutes. What HTTP adds (limits, claims, sessions) the server's tests attack.

mod bound;
mod camera;
mod clip;
mod forge;
mod person;
mod rehearse;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use engine::Verdict;
use engine::prompt::Policy;
use engine_compact::{FILE_NAME, Models};
use fastrand::Rng;
use serde::Serialize;

use bound::upper_bound;
use camera::{Camera, Photo, Replay};
use clip::{Clip, CountedBlink};
use forge::Honest;
use person::Person;
use rehearse::{Conditions, Outcome, rehearse};

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
    /// Frames a second that are analysed
    #[arg(long, default_value_t = 30.0)]
    rate: f64,
    /// Milliseconds of a message there and back
    #[arg(long, default_value_t = 60.0)]
    round_trip: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Fail if a bar is missed: recordings accepted 1.5 % or 10 % of one clip, a photograph or a forgery accepted, people
    /// accepted below 98 %
    #[arg(long)]
    check: bool,
}

/// What came of one kind of attempt.
#[derive(Clone, Debug, Serialize)]
struct Count {
    name: String,
    attempts: u32,
    accepted: u32,
}

#[derive(Debug, Serialize)]
struct Report {
    attacks: Vec<Count>,
    honest: Count,
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
    let pack = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../models")).join(FILE_NAME);
    let models = Models::load(&std::fs::read(&pack).with_context(|| format!("{} is missing", pack.display()))?)?;
    let counted = clip::counted_blinks(&options.material)?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(options.material.join("videos"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    files.retain(|file| file.to_string_lossy().contains(&options.clip));
    let mut report = Report { attacks: Vec::new(), honest: count("honest") };
    let mut honest: Vec<Honest> = Vec::new();
    let mut photos = count("photo: moved by hand");
    for file in &files {
        let clip = Clip::load(file)?;
        if wants(options, "replay") {
            let mut replays = count(&format!("replay: {}", clip.name));
            for run in 0..options.runs {
                let mut rng = seeded(&clip, run, 17);
                let phase_ms = rng.f64() * clip.length_ms();
                add(&mut replays, &attempt(options, &models, &mut Replay { clip: &clip, phase_ms }, &mut rng)?);
            }
            eprintln!("{}: {} of {}", replays.name, replays.accepted, replays.attempts);
            report.attacks.push(replays);
        }
        if wants(options, "photo") {
            for run in 0..options.runs.div_ceil(2) {
                let mut rng = seeded(&clip, run, 3);
                let picture = &clip.frames[rng.usize(..clip.frames.len())];
                let mut photo = Photo::new(picture, rng.fork());
                add(&mut photos, &attempt(options, &models, &mut photo, &mut rng)?);
            }
        }
        if wants(options, "honest") || wants(options, "forged") {
            be_honest(options, &models, &clip, &counted, &mut report.honest, &mut honest)?;
        }
    }
    if wants(options, "photo") {
        report.attacks.push(photos);
    }
    if wants(options, "forged") {
        report.attacks.extend(forge::all(&honest, &models)?);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(!options.check || meets_bars(&report))
}

fn be_honest(
    options: &Options,
    models: &Models,
    clip: &Clip,
    counted: &[CountedBlink],
    count: &mut Count,
    evidence: &mut Vec<Honest>,
) -> anyhow::Result<()> {
    for run in 0..options.runs {
        let mut rng = seeded(clip, run, 5);
        let Some(mut person) = Person::of(clip, counted, rng.fork()) else { return Ok(()) };
        let outcome = attempt(options, models, &mut person, &mut rng)?;
        add(count, &outcome);
        if let (Verdict::Accepted, Some(sent)) = (outcome.verdict, outcome.sent) {
            evidence.push(Honest { person: clip.name.clone(), sent });
        } else {
            let rounds: Vec<_> = outcome.rounds.iter().map(|round| (round.cue.gesture, round.outcome)).collect();
            eprintln!("honest {} {run}: {:?} after {rounds:?}", clip.name, outcome.verdict);
        }
    }
    Ok(())
}

fn attempt(options: &Options, models: &Models, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<Outcome> {
    let conditions = Conditions { policy: Policy::Prompted, round_trip_ms: options.round_trip, rate: options.rate };
    rehearse(camera, &|| models.networks(), conditions, rng)
}

/// Chance that is another for every clip, run and kind, and the same every time.
fn seeded(clip: &Clip, run: u64, kind: u64) -> Rng {
    let clip = clip.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Rng::with_seed(clip ^ (run * 15_485_863 + kind))
}

fn wants(options: &Options, kind: &str) -> bool {
    kind.starts_with(&options.only) || options.only.starts_with(kind)
}

fn count(name: &str) -> Count {
    Count { name: name.to_owned(), attempts: 0, accepted: 0 }
}

fn add(count: &mut Count, outcome: &Outcome) {
    count.attempts += 1;
    count.accepted += u32::from(outcome.verdict == Verdict::Accepted);
}

fn sum(name: &str, counts: &[Count]) -> Count {
    let of_kind = || counts.iter().filter(|count| count.name.starts_with(name));
    Count {
        name: format!("{name}, all"),
        attempts: of_kind().map(|count| count.attempts).sum(),
        accepted: of_kind().map(|count| count.accepted).sum(),
    }
}

fn print(report: &Report) {
    println!("| attack | attempts | accepted | at most, with 95 % |\n|---|---|---|---|");
    let replays = sum("replay", &report.attacks);
    for count in report.attacks.iter().chain([&replays]).filter(|count| count.attempts > 0) {
        let bound = 100.0 * upper_bound(count.accepted, count.attempts);
        println!("| {} | {} | {} | {bound:.2} % |", count.name, count.attempts, count.accepted);
    }
    let Count { attempts, accepted, .. } = report.honest;
    if attempts > 0 {
        println!("\nPeople who follow the cues: {accepted} of {attempts} accepted.");
    }
}

fn meets_bars(report: &Report) -> bool {
    let share = |count: &Count| f64::from(count.accepted) / f64::from(count.attempts.max(1));
    let (replays, others): (Vec<&Count>, Vec<&Count>) =
        report.attacks.iter().partition(|count| count.name.starts_with("replay"));
    share(&sum("replay", &report.attacks)) <= 0.015
        && replays.iter().all(|count| share(count) <= 0.1)
        && others.iter().all(|count| count.accepted == 0)
        && (report.honest.attempts == 0 || share(&report.honest) >= 0.98)
}
