//! The question: does a photograph, moved or covered before the camera, ever count as a blink?
//!
//! Photographs are held before a pretended camera in several hundred short sequences; each runs through a session of its
//! own. Rigid attacks move the whole print and must never count; occlusions cover the eyes for a moment.

mod course;
mod cover;
mod dump;
mod occlusion;
mod photo;
mod plan;
mod prng;
mod render;
mod report;
mod rigid;
mod run;
mod sheet;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use engine::{Thresholds, Tracker};
use engine_tract::Models;

use photo::Photo;

/// Options of `accuracy attacks`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folder of the recorded material; its `stills/` are the photographs.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/material"))]
    material: PathBuf,
    /// Folder of the model files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../models"))]
    models: PathBuf,
    /// Run a fixed part of the sequences, spread over kinds and photographs.
    #[arg(long)]
    quick: bool,
    /// Only the kinds whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
    /// Fail if more blinks are counted than allowed, or if too little was seen to prove anything.
    #[arg(long)]
    check: bool,
    /// Write pictures and readings of the sequences in which a blink was counted to this folder.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// With `--dump`: of all sequences.
    #[arg(long, requires = "dump")]
    dump_all: bool,
}

/// Runs the attacks and prints what came of them.
///
/// # Errors
/// If the material or the models cannot be read, or if `--check` finds fault.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let models = clip_maker::load_models(&options.models)?;
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
    let report = report::Report::new(&plan, &outcomes, &photos, refused);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    if options.check { report.check() } else { Ok(()) }
}

/// The usable photographs of a folder in the order of their names, and the names of the others.
fn photographs(folder: &Path, models: &Models) -> anyhow::Result<(Vec<Photo>, Vec<String>)> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    let mut tracker = Tracker::new(models.networks());
    let (mut photos, mut refused) = (Vec::new(), Vec::new());
    for path in paths {
        let before = photos.len();
        for photo in Photo::open(&path, &mut tracker)? {
            if run::can_be_learnt(&photo, models)? {
                photos.push(photo);
            }
        }
        if photos.len() == before {
            refused.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    Ok((photos, refused))
}

/// The limits that the attacks are judged by.
const THRESHOLDS: Thresholds = Thresholds::V1;
