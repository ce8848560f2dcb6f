//! `attack warps`: one photograph of somebody, warped so that it does what the cues ask for.
//!
//! The attacker hears the cues and answers them as fast as a person. The lids are closed by stretching their skin; what
//! differs is how the photograph turns.

mod photograph;
mod species;

use std::collections::BTreeMap;
use std::path::PathBuf;

use accuracy::{DEFAULT_MODELS, load_models};
use anyhow::ensure;
use clap::Args;
use engine::prompt::Policy;
use fastrand::Rng;
use test_client::{Person, cores, for_each};

use crate::clip_attacks::prompted_policy;
use crate::report::{Count, Report};
use crate::simulation::{Conditions, Simulation};
use crate::verifier::{AttemptResult, Verifier as _};
use photograph::Photograph;
use species::Species;

/// Warps photographs on cue in front of a simulated camera, in whole attempts on a simulated clock.
///
/// The photographs are taken from the clips of the material: of each, the first frame that shows a face from the front
/// with open eyes. Every kind of warp makes COUNT attempts, spread over the photographs. Every run makes the same attempts.
#[derive(Debug, Args)]
pub(crate) struct WarpOptions {
    /// Number of attempts of each kind
    #[arg(default_value_t = 500)]
    count: usize,
    /// Folder with the recordings of real people, containing videos/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Only kinds whose name contains this text
    #[arg(long, default_value = "")]
    only: String,
    /// The kind of challenge: prompted or tone_guided
    #[arg(long, default_value = "prompted", value_parser = prompted_policy)]
    policy: Policy,
    /// Print one JSON object instead of a Markdown table
    #[arg(long)]
    json: bool,
}

/// Makes the attempts and prints how many were accepted.
///
/// # Errors
/// If the material or the models cannot be read, or if the engine fails.
pub(crate) fn run(options: &WarpOptions) -> anyhow::Result<()> {
    let conditions = Conditions { policy: options.policy, ..Conditions::default() };
    let simulation = Simulation { models: load_models(DEFAULT_MODELS.as_ref())?, conditions };
    let photographs = photograph::all(&options.material, &simulation.models)?;
    ensure!(!photographs.is_empty(), "no clip in {} shows a face from the front", options.material.display());
    eprintln!("{} photographs", photographs.len());
    let mut attacks = Vec::new();
    for species in Species::ALL.into_iter().filter(|species| species.name().contains(&options.only)) {
        let mut count = Count::new(species.name());
        let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
        for (number, photograph) in photographs.iter().enumerate() {
            // As evenly as possible: the first photographs make one attempt more.
            let runs = (options.count + photographs.len() - 1 - number) / photographs.len();
            for AttemptResult { accepted, marked, reason, .. } in attack(&simulation, photograph, species, runs)? {
                count.add(accepted);
                count.marked += u32::from(accepted && marked);
                *reasons.entry(reason).or_default() += 1;
            }
            eprintln!("{}, {}: {} of {} accepted so far", count.name, photograph.name, count.accepted, count.attempts);
        }
        eprintln!("{}: {reasons:?}", count.name);
        attacks.push(count);
    }
    let report = Report { attacks, honest: Vec::new(), usual: Vec::new() };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

/// Makes this many attempts with a photograph.
fn attack(
    simulation: &Simulation,
    photograph: &Photograph,
    species: Species,
    runs: usize,
) -> anyhow::Result<Vec<AttemptResult>> {
    let face = photograph.face(species.shape())?;
    let name = photograph.name.bytes().chain(species.name().bytes());
    let seed = name.fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let seeds: Vec<u64> = (0..runs as u64).map(|run| seed ^ (run * 15_485_863)).collect();
    for_each(cores(), &seeds, |&seed| {
        let mut rng = Rng::with_seed(seed);
        let mut person = Person::turning_by(species.degrees(), &face, rng.fork());
        simulation.attempt(&mut person, &mut rng)
    })
}
