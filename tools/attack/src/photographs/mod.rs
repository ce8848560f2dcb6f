//! `attack photographs`: does a photograph that is moved or covered in front of the camera ever count as a blink?
//!
//! Photographs are held in front of a simulated camera in several hundred short sequences, each in its own session. Rigid
//! attacks move the whole print and must never count; occlusions cover the eyes briefly.

mod curve;
mod dump;
mod occluder;
mod occlusion;
mod photo;
mod plan;
mod prompted;
mod render;
mod report;
mod rigid;
mod run;
mod script;
mod sheet;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use accuracy::{DEFAULT_MODELS, load_models, require_none, workers};
use anyhow::{Context as _, ensure};
use clap::Args;
use engine::Tracker;
use engine_compact::Models;

use crate::report as attempts;
use crate::whole_mesh::full_networks;
use photo::Photo;
use report::Report;

/// Holds photographs in front of a simulated camera, moves them or covers their eyes, and counts the blinks.
///
/// The photographs are the faces that the engine reads in the stills of the material and whose open level it learns from
/// a print held still. Each kind of attack is tried several times on each photograph, with varying speed, direction and
/// size. Frames are 640×480 pixels at 25 frames per second. Every run renders the same frames.
#[derive(Debug, Args)]
pub(crate) struct PhotographOptions {
    /// Folder with the recordings of real people, containing stills/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Folder with the model files
    #[arg(long, value_name = "DIR", default_value = DEFAULT_MODELS)]
    models: PathBuf,
    /// Run a fixed subset of the sequences that includes every kind and every photograph
    #[arg(long)]
    quick: bool,
    /// Run only the kinds whose name contains this text
    #[arg(long, value_name = "TEXT", conflicts_with = "check")]
    only: Option<String>,
    /// Make this many whole attempts instead, in which the eyes are covered when a prompt asks for it
    #[arg(long, value_name = "N", conflicts_with_all = ["quick", "only", "check", "dump"])]
    prompted: Option<usize>,
    /// With --prompted: choose more gestures of the lids instead of a turn of the head, as the page offers
    #[arg(long, requires = "prompted")]
    no_turn: bool,
    /// Print one JSON document instead of a Markdown table
    #[arg(long)]
    json: bool,
    /// Fail, with a list, if too many blinks are counted or too few frames are usable to prove anything
    ///
    /// No moved photograph may count a blink, and at most 12 % of the covered ones. For every kind of movement, half of the
    /// frames must be usable. Half of the photographs with paper lids must count; otherwise the measurement itself is blind.
    #[arg(long)]
    check: bool,
    /// Write pictures and readings of the sequences in which a blink was counted to this folder
    ///
    /// NAME.png shows every third frame; NAME.jsonl has one line per frame. They show the people in the material.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// With --dump: write all sequences
    #[arg(long, requires = "dump")]
    dump_all: bool,
}

/// Runs the attacks and prints the results.
///
/// # Errors
/// If the material or the models cannot be read, or with `--check` if a bar is not met.
pub(crate) fn run(options: &PhotographOptions) -> anyhow::Result<()> {
    let models = load_models(&options.models)?;
    let (photos, refused) = photographs(&options.material.join("stills"), &models)?;
    ensure!(!photos.is_empty(), "no photograph of a readable face in {}", options.material.display());
    if let Some(attempts) = options.prompted {
        let report = attempts::Report {
            attacks: prompted::run(&photos, models, attempts, !options.no_turn)?,
            honest: Vec::new(),
            usual: Vec::new(),
        };
        if options.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            report.print();
        }
        return Ok(());
    }
    let mut plan = plan::sequences(&photos, options.quick);
    if let Some(part) = &options.only {
        plan.retain(|sequence| sequence.kind.name().contains(part.as_str()));
    }
    let outcomes = run::all(&plan, &models)?;
    if let Some(folder) = &options.dump {
        dump::write(folder, &plan, &outcomes, options.dump_all)?;
    }
    let report = Report::new(&plan, &outcomes, photos.len(), refused);
    let text = if options.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    io::stdout().lock().write_all(text.as_bytes())?;
    if options.check { require_none(&report.shortfalls()) } else { Ok(()) }
}

/// The usable photographs in a folder, sorted by name, and the names of the other files.
fn photographs(folder: &Path, models: &Models) -> anyhow::Result<(Vec<Photo>, Vec<String>)> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let found = workers::map(&paths, |path| {
        let mut photos = Vec::new();
        for photo in Photo::open(path, &mut Tracker::new(full_networks()?))? {
            if run::can_be_learnt(&photo, models)? {
                photos.push(photo);
            }
        }
        Ok(photos)
    })?;
    let (mut photos, mut refused) = (Vec::new(), Vec::new());
    for (path, found) in paths.iter().zip(found) {
        if found.is_empty() {
            refused.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
        photos.extend(found);
    }
    Ok((photos, refused))
}
