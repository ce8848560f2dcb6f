//! `accuracy sweeps`: how small, dark, bright or blurred a face may be, and how much of its eyes a reflection may hide,
//! before the lids can no longer be read.
//!
//! Stills of people with open and closed eyes are degraded step by step. Where closed eyes start to read as open ones, the
//! engine must stop reading lids.

mod glare;
mod plan;
mod reading;
mod report;
mod still;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use engine::{Thresholds, Tracker};
use engine_compact::Models;
use serde::Serialize;

use crate::prng::Prng;
use crate::{DEFAULT_MODELS, load_models, workers};
use glare::GlareTable;
use plan::{PEOPLE, STEP_MS, SWEEPS, Sweep};
use reading::FaceReading;
use report::Table;
use still::{Still, to_picture};

/// Reads stills that get smaller, darker, brighter and more blurred, and stills with reflections over the eyes.
///
/// Stills of four people with open and closed eyes, from the material, in grey frames of 640×480 pixels. One tracker
/// follows each still from good to bad. Light, sharpness and clipped share are medians over all faces found, the glare is
/// the maximum, and eye aspect ratios are means of both eyes. Every run makes the same frames.
#[derive(Debug, Args)]
pub struct SweepOptions {
    /// Folder with the recordings of real people, containing stills/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Print one JSON document instead of Markdown tables
    #[arg(long)]
    json: bool,
}

/// Measures and prints tables.
///
/// # Errors
/// If the material or the models cannot be read, or if a still has no face.
pub fn run(options: &SweepOptions) -> anyhow::Result<()> {
    let models = load_models(Path::new(DEFAULT_MODELS))?;
    let report = measure(&options.material.join("stills"), &models)?;
    let text = if options.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        let sweeps = report.sweeps.iter().map(Table::to_string);
        sweeps.chain(report.glare.iter().map(GlareTable::to_string)).collect::<Vec<_>>().join("\n")
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// The whole report.
#[derive(Debug, Serialize)]
struct Report {
    sweeps: Vec<Table>,
    glare: Vec<GlareTable>,
}

fn measure(folder: &Path, models: &Models) -> anyhow::Result<Report> {
    let names = PEOPLE.as_flattened();
    let stills = workers::map(names, |name| Still::open(&folder.join(name), &mut Tracker::new(models.networks())))?;
    let jobs: Vec<(&Sweep, &str, &Still)> = SWEEPS
        .iter()
        .flat_map(|sweep| names.iter().zip(&stills).map(move |(name, still)| (sweep, *name, still)))
        .collect();
    let seen = workers::map(&jobs, |&(sweep, name, still)| {
        let seen = follow(sweep, name, still, models)?;
        eprintln!("{}, {name}: {} of {} faces", sweep.name, seen.iter().flatten().count(), seen.len());
        Ok(seen)
    })?;
    let table = |(sweep, seen): (&Sweep, &[Vec<Option<FaceReading>>])| {
        let people: Vec<[&[Option<FaceReading>]; 2]> =
            seen.as_chunks().0.iter().map(|[open, closed]| [open.as_slice(), closed]).collect();
        Table::new(sweep, &people)
    };
    let sweeps = SWEEPS.iter().zip(seen.chunks(names.len())).map(table).collect();
    Ok(Report { sweeps, glare: glare::measure(&stills, models)? })
}

/// Reads the still at each value of the sweep; `None` where no face was found.
fn follow(sweep: &Sweep, name: &str, still: &Still, models: &Models) -> anyhow::Result<Vec<Option<FaceReading>>> {
    let mut tracker = Tracker::new(models.networks());
    let mut rng = Prng::named(&format!("{}, {name}", sweep.name));
    let times_ms = (0..).map(|index| f64::from(index) * STEP_MS);
    sweep
        .frames(still, &mut rng)
        .zip(times_ms)
        .map(|(frame, t_ms)| {
            let reading = tracker.read(&to_picture(&frame)?.as_frame(), t_ms, &Thresholds::V8)?;
            Ok(reading.face.as_ref().map(FaceReading::from))
        })
        .collect()
}
