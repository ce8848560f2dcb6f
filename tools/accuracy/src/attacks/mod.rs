//! `accuracy attacks`: does a photograph, moved or covered before the camera, ever count as a blink?
//!
//! Photographs are held before a pretended camera in several hundred short sequences; each runs through a session of its
//! own. Rigid attacks move the whole print and must never count; occlusions cover the eyes for a moment.

mod course;
mod cover;
mod dump;
mod occlusion;
mod photo;
mod plan;
mod render;
mod report;
mod rigid;
mod run;
mod sheet;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use engine::{Thresholds, Tracker};
use engine_compact::Models;

use crate::{load_models, require_none, workers};
use photo::Photo;
use report::Report;

/// Holds photographs before a pretended camera, moves them or covers their eyes, and counts the blinks.
///
/// A photograph is a face that the engine reads in a still of the material, if it learns its open level from a print held
/// still. Each kind of attack is tried on each of them several times, with other speeds, directions and sizes; frames have
/// 640×480 pixels, 25 a second. Every run renders the same frames.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Folder of the recorded people, with stills/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    material: PathBuf,
    /// Folder of the model files
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"))]
    models: PathBuf,
    /// Run a fixed part of the sequences, in which every kind and every photograph has its turn
    #[arg(long)]
    quick: bool,
    /// Run only the kinds with this in their name
    #[arg(long, value_name = "TEXT", conflicts_with = "check")]
    only: Option<String>,
    /// Print one JSON document instead of a Markdown table
    #[arg(long)]
    json: bool,
    /// Fail, with a list, if more blinks are counted than allowed or if too little was seen to prove anything
    ///
    /// No moved photograph may count a blink, and 4 % of the covered ones at most. Of every kind of movement half of the
    /// frames must be usable. Half of the photographs with paper lids must count: else the measurement itself is blind.
    #[arg(long)]
    check: bool,
    /// Write pictures and readings of the sequences in which a blink was counted to this folder
    ///
    /// NAME.png shows every third frame, NAME.jsonl has a line for each. They show the people of the material.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// With --dump: of all sequences
    #[arg(long, requires = "dump")]
    dump_all: bool,
}

/// Runs the attacks and prints what came of them.
///
/// # Errors
/// If the material or the models cannot be read, or with `--check` if a bar is not met.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let models = load_models(&options.models)?;
    let (photos, refused) = photographs(&options.material.join("stills"), &models)?;
    ensure!(!photos.is_empty(), "no photograph of a readable face in {}", options.material.display());
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

/// The usable photographs of a folder in the order of their names, and the names of the other files.
fn photographs(folder: &Path, models: &Models) -> anyhow::Result<(Vec<Photo>, Vec<String>)> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let found = workers::map(&paths, |path| {
        let mut photos = Vec::new();
        for photo in Photo::open(path, &mut Tracker::new(models.networks()))? {
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

/// The limits that the attacks are judged by.
const THRESHOLDS: Thresholds = Thresholds::V4;
