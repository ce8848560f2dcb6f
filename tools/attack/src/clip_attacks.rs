//! `attack` without a subcommand: attempts with the recorded clips.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use accuracy::video::WholeClip;
use accuracy::{DEFAULT_MODELS, load_models};
use clap::Args;
use engine::prompt::Policy;
use test_client::PersonSimulator;

use crate::attempts;
use crate::clip_set::{AttemptKind, ClipSet};
use crate::keep;
use crate::report::{Count, Report};
use crate::server::Server;
use crate::server_options::RunningServer;
use crate::simulation::{Conditions, Simulation};
use crate::usual::Readings;
use crate::verifier::{AttemptResult, HonestSubmission, Verifier};

/// Options for attempts with the recorded clips.
#[derive(Debug, Args)]
pub(crate) struct ClipOptions {
    /// Attempts per clip and kind (half as many for photo)
    #[arg(long, default_value_t = 20)]
    runs: u64,
    /// Only kinds whose name starts with this text: replay, photo, forged, honest, late
    #[arg(long, default_value = "")]
    only: String,
    /// Only clips whose name contains this text
    #[arg(long, default_value = "")]
    clip: String,
    /// Folder with the recordings of real people, containing videos/ and blinks.csv
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Start a server and attack it over HTTP, in real time
    #[arg(long)]
    over_http: bool,
    /// Concurrent attempts over HTTP; each takes about a tenth of a processor
    #[arg(long, default_value_t = 8)]
    at_once: usize,
    /// The server's program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Frames per second that are analysed in the simulation; over HTTP it is always 25
    #[arg(long, default_value_t = 30.0, conflicts_with = "over_http")]
    rate: f64,
    /// Network round trip of the simulation, in milliseconds
    #[arg(long, default_value_t = 60.0, conflicts_with = "over_http")]
    round_trip: f64,
    /// The kind of challenge in the simulation: prompted or tone_guided
    #[arg(long, default_value = "prompted", value_parser = prompted_policy, conflicts_with = "over_http")]
    policy: Policy,
    /// In the simulation, ask for more gestures of the lids instead of a turn of the head
    #[arg(long, conflicts_with = "over_http")]
    no_turn: bool,
    /// With --only late: how many seconds after each gesture its pictures are made
    #[arg(
        long,
        value_name = "SECONDS",
        value_delimiter = ',',
        default_value = "2,5,15,60",
        conflicts_with = "over_http"
    )]
    late: Vec<f64>,
    /// Keep what the rejected honest attempts rest on in this folder: pictures, and readings as JSON
    #[arg(long, value_name = "DIR", conflicts_with = "over_http")]
    keep: Option<PathBuf>,
    /// Print one JSON object instead of a Markdown table
    #[arg(long)]
    json: bool,
    /// Fail if a bar is missed: more than 1.5 % of all replays or 10 % of one clip's accepted, a photograph or a forgery
    /// accepted, or less than 98 % of honest attempts or 80 % of those with a clip accepted
    #[arg(long)]
    check: bool,
}

/// Makes the attempts, prints a report, and returns whether the bars are met or need not be checked.
///
/// # Errors
/// If the material, the models or the program is missing, or if the camera, the engine or the server fails.
pub(crate) fn run(options: &ClipOptions) -> anyhow::Result<bool> {
    let clips = ClipSet::open(&options.material, &options.clip, load_models(DEFAULT_MODELS.as_ref())?, options.runs)?;
    let verifier = verifier(options)?;
    let verifier = verifier.as_ref();
    let mut report = Report { attacks: Vec::new(), honest: Vec::new(), usual: Vec::new() };
    let mut honest: Vec<HonestSubmission> = Vec::new();
    let mut signals = Readings::default();
    let mut photos = Count::new("photo: moved by hand");
    for clip in clips.clips() {
        let clip = &clip?;
        if wants(options, "replay") {
            let mut replays = Count::new(&format!("replay: {}", clip.name));
            add(&mut replays, &attempts::make_all(&clips, verifier, clip, None, AttemptKind::Replay)?);
            report.attacks.push(replays);
        }
        if wants(options, "photo") {
            add(&mut photos, &attempts::make_all(&clips, verifier, clip, None, AttemptKind::Photo)?);
        }
        if wants(options, "honest") || wants(options, "forged") {
            let rehearsal = clips.rehearse(clip)?;
            let results = attempts::make_all(&clips, verifier, clip, Some(&rehearsal), AttemptKind::Honest)?;
            if let Some(folder) = &options.keep {
                keep::rejected(&results, &clip.name, folder)?;
            }
            if !results.is_empty() {
                let mut count = Count::new(&format!("{}: {}", clip.name, rehearsal.turns()));
                add(&mut count, &results);
                report.honest.push(count);
            }
            let accepted_ones = results.iter().filter(|result| result.accepted);
            accepted_ones.filter_map(|result| result.record.as_ref()).for_each(|record| signals.add(record));
            honest.extend(results.into_iter().filter_map(|result| accepted(clip, result)));
        }
    }
    if options.only.starts_with("late") {
        report.attacks.extend(late(options, &clips)?);
    }
    if wants(options, "photo") {
        report.attacks.push(photos);
    }
    if wants(options, "forged") {
        report.attacks.extend(verifier.forgeries(&honest, &clips)?);
    }
    report.usual = signals.ranges();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(!options.check || report.meets_bars())
}

fn verifier(options: &ClipOptions) -> anyhow::Result<Box<dyn Verifier>> {
    let models = Path::new(DEFAULT_MODELS);
    if options.over_http {
        let server = RunningServer::start(options.program.as_deref(), None, &[("CHALLENGE_POLICY", "prompted")])?;
        return Ok(Box::new(Server::new(server, PersonSimulator::load(models)?, options.at_once)));
    }
    Ok(Box::new(Simulation { models: load_models(models)?, conditions: conditions(options) }))
}

fn conditions(options: &ClipOptions) -> Conditions {
    let ClipOptions { policy, no_turn, round_trip: round_trip_ms, rate, .. } = *options;
    Conditions { policy, turn: !no_turn, round_trip_ms, rate, late_ms: 0.0 }
}

/// People who answer every cue, but whose pictures are made later: one count for each delay.
fn late(options: &ClipOptions, clips: &ClipSet) -> anyhow::Result<Vec<Count>> {
    let mut counts = Vec::new();
    for seconds in &options.late {
        let conditions = Conditions { late_ms: seconds * 1000.0, ..conditions(options) };
        let simulation = Simulation { models: load_models(Path::new(DEFAULT_MODELS))?, conditions };
        let mut count = Count::new(&format!("late: pictures made {seconds} s after each gesture"));
        for clip in clips.clips() {
            let clip = &clip?;
            let rehearsal = clips.rehearse(clip)?;
            add(&mut count, &attempts::make_all(clips, &simulation, clip, Some(&rehearsal), AttemptKind::Honest)?);
        }
        counts.push(count);
    }
    Ok(counts)
}

fn wants(options: &ClipOptions, kind: &str) -> bool {
    kind.starts_with(&options.only) || options.only.starts_with(kind)
}

/// Counts the results, and prints them by reason.
fn add(count: &mut Count, results: &[AttemptResult]) {
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for result in results {
        count.add(result.accepted);
        count.marked += u32::from(result.accepted && result.marked);
        *reasons.entry(&result.reason).or_default() += 1;
    }
    if !results.is_empty() {
        eprintln!("{}: {} of {} accepted, {reasons:?}", count.name, count.accepted, count.attempts);
    }
}

/// The submission, if it was accepted.
fn accepted(clip: &WholeClip, result: AttemptResult) -> Option<HonestSubmission> {
    let AttemptResult { accepted, submission, issued, .. } = result;
    accepted.then_some(HonestSubmission { person: clip.name.clone(), submission: submission?, issued })
}

pub(crate) fn prompted_policy(name: &str) -> Result<Policy, String> {
    Policy::from_name(name).filter(|policy| policy.is_prompted()).ok_or_else(|| "no such policy".to_owned())
}
