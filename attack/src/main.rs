//! Attempts by people and by attackers, without a browser.

mod camera;
mod clip;
mod person;
mod rehearse;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use engine::prompt::Policy;
use engine::{Reason, Verdict};
use engine_compact::{FILE_NAME, Models};
use fastrand::Rng;

use camera::{Camera, Photo, Replay};
use clip::Clip;
use person::Person;
use rehearse::{Conditions, RATE, rehearse};

#[derive(Debug, Parser)]
struct Options {
    /// Who stands before the camera
    who: Who,
    /// Attempts for each clip
    #[arg(long, default_value_t = 20)]
    runs: u64,
    /// Only clips whose name holds this text
    #[arg(long, default_value = "")]
    only: String,
    /// Folder of the recorded people
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// How the challenge is put
    #[arg(long, default_value = "prompted")]
    policy: String,
    /// Frames a second
    #[arg(long, default_value_t = RATE)]
    rate: f64,
    /// Milliseconds of a message there and back
    #[arg(long, default_value_t = 60.0)]
    round_trip: f64,
    /// Print the cells of each strip
    #[arg(long)]
    cells: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Who {
    Person,
    Replay,
    Photo,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let models = Models::load(&std::fs::read(Path::new("models").join(FILE_NAME)).context("models/")?)?;
    let policy = Policy::from_name(&options.policy).context("no such policy")?;
    let conditions = Conditions { policy, round_trip_ms: options.round_trip, rate: options.rate };
    let counted = clip::counted_blinks(&options.material)?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(options.material.join("videos"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    files.retain(|file| file.to_string_lossy().contains(&options.only));
    let (mut all, mut accepted) = (0, 0);
    for file in files {
        let clip = Clip::load(&file)?;
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for run in 0..options.runs {
            let mut rng = Rng::with_seed(run * 7919 + 17);
            let mut camera: Box<dyn Camera> = match options.who {
                Who::Replay => Box::new(Replay { clip: &clip, phase_ms: rng.f64() * clip.length_ms() }),
                Who::Photo => Box::new(Photo::new(&clip.frames[rng.usize(..clip.frames.len())], rng.fork())),
                Who::Person => match Person::of(&clip, &counted, rng.fork()) {
                    Some(person) => Box::new(person),
                    None => break,
                },
            };
            let outcome = rehearse(&mut *camera, &|| models.networks(), conditions, &mut rng)?;
            let word = match outcome.verdict {
                Verdict::Accepted => "accepted",
                Verdict::Rejected(reason) => Reason::code(reason),
            };
            *reasons.entry(word).or_default() += 1;
            if options.cells || (options.who == Who::Person && word != "accepted") {
                let rounds: Vec<_> = outcome.rounds.iter().map(|r| (r.cue.gesture, r.outcome)).collect();
                eprintln!(
                    "{} {run}: {word} after {:.1} s, {:?} bytes, {rounds:?}",
                    clip.name,
                    outcome.took_ms / 1000.0,
                    outcome.bytes
                );
                if let Some(decision) = &outcome.decision {
                    eprintln!(
                        "  {:?} {:?} {:?}",
                        decision.record.pair,
                        decision.record.open.as_ref().map(|s| s.ears),
                        decision.record.closed.as_ref().map(|s| s.ears)
                    );
                    if let Some(strip) = &decision.record.strip {
                        eprintln!("  expected {:?}\n  found    {:?}", decision.record.closures, strip.closures);
                    }
                    if let (true, Some(strip)) = (options.cells, &decision.record.strip) {
                        for cell in &strip.cells {
                            eprintln!(
                                "  CELL {} {:.3} {:?} {:?} {:?} {:?}",
                                cell.t_ms,
                                cell.claimed,
                                cell.ear,
                                cell.shape_distance,
                                cell.likeness,
                                cell.likeness_before
                            );
                        }
                    }
                }
            }
        }
        let runs: usize = reasons.values().sum();
        if runs > 0 {
            let good = reasons.get("accepted").copied().unwrap_or(0);
            (all, accepted) = (all + runs, accepted + good);
            println!("{:45} {good:3} of {runs:3}  {reasons:?}", clip.name);
        }
    }
    println!("accepted {accepted} of {all}");
    Ok(())
}
