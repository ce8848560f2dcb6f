//! Times the engine with both runtimes on this machine, and prints one JSON document.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bench::{Runtime, Subject};
use clap::Parser;
use engine::{Networks, Picture, Scorer, Thresholds, jpeg};
use serde::Serialize;
use serde_json::{Value, json};

/// Times the networks, whole frames and the scoring of a submission. All figures are for one thread, in milliseconds.
#[derive(Parser)]
struct Arguments {
    /// Folder with JPEG or PNG pictures to use as camera frames, in the order of their names; by default frames of the
    /// blinking portrait
    #[arg(long, value_name = "DIR")]
    frames: Option<PathBuf>,

    /// Folder with the model files
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"))]
    models: PathBuf,

    /// Minimum number of runs of each measurement
    #[arg(long, default_value_t = 200)]
    runs: usize,

    /// Only write the frames as PNG files to this folder, for timing the engine in a browser
    #[arg(long, value_name = "DIR")]
    write_frames: Option<PathBuf>,
}

/// Number of frames of the portrait: four seconds.
const FRAMES: u32 = 100;
const FRAMES_PER_SECOND: u32 = 25;

/// Number of cells in a submission's strip.
const CELLS: usize = 24;

/// Number of runs for submissions: each takes as long as fifty frames.
const SUBMISSIONS: usize = 20;

/// Median and 95th percentile.
#[derive(Clone, Copy, Serialize)]
struct Times {
    median: f64,
    p95: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let tract = clip_maker::load_models(&arguments.models)?;
    let frames = match &arguments.frames {
        Some(folder) => read_frames(folder)?,
        None => portrait(&tract)?,
    };
    if let Some(folder) = &arguments.write_frames {
        return write_frames(folder, &frames);
    }
    let pack = std::fs::read(arguments.models.join(engine_compact::FILE_NAME)).context("cannot read the pack")?;
    let began = Instant::now();
    let compact = engine_compact::Models::load(&pack)?;
    let load_ms = began.elapsed().as_secs_f64() * 1e3;

    let networks = |runtime| match runtime {
        Runtime::Compact => compact.networks(),
        Runtime::Tract => tract.networks(),
    };
    let mut subjects = [Runtime::Compact, Runtime::Tract].map(|r| Subject::new(networks(r), networks(r)));
    let mut time = |what: &mut dyn FnMut(&mut Subject, usize) -> anyhow::Result<()>| -> anyhow::Result<[Times; 2]> {
        in_turn(arguments.runs.max(frames.len()), |runtime, run| what(&mut subjects[runtime], run))
    };
    let detector = time(&mut |subject, _| Ok(subject.detector()?))?;
    let trunk_eyes = time(&mut |subject, _| Ok(subject.trunk_and_eyes()?))?;
    let interval_ms = 1000.0 / f64::from(FRAMES_PER_SECOND);
    let frame = time(&mut |subject, run| {
        subject.frame(&frames[run % frames.len()].as_frame(), run as f64 * interval_ms)?;
        Ok(())
    })?;
    let scoring = [networks(Runtime::Compact), networks(Runtime::Tract)];
    let submission = submissions(scoring, &mut subjects, &frames[0])?;
    let medians = |[compact, tract]: [Times; 2]| json!({ "compact": compact.median, "tract": tract.median });
    let both = |[compact, tract]: [Times; 2]| json!({ "compact": compact, "tract": tract });
    let report: Value = json!({ "native": {
        "backend": format!("{:?}", engine_compact::Backend::best()),
        "load_ms": load_ms,
        "detector_ms": medians(detector),
        "trunk_eyes_ms": medians(trunk_eyes),
        "frame_ms": both(frame),
        "submission_ms": medians(submission),
    }});
    println!("{report:#}");
    Ok(())
}

/// Times both runtimes alternately, so that other activity on the machine affects both.
fn in_turn(runs: usize, mut run: impl FnMut(usize, usize) -> anyhow::Result<()>) -> anyhow::Result<[Times; 2]> {
    let mut taken = [Vec::new(), Vec::new()];
    for index in 0..runs + 3 {
        for (runtime, taken) in taken.iter_mut().enumerate() {
            let began = Instant::now();
            run(runtime, index)?;
            // The first three runs are for warming up.
            if index >= 3 {
                taken.push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    Ok(taken.map(times))
}

fn times(mut taken: Vec<f64>) -> Times {
    taken.sort_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share).round() as usize];
    Times { median: at(0.5), p95: at(0.95) }
}

/// Times the scoring of a submission: two captures are decoded and scored, and trunk and eyes run once per strip cell.
fn submissions(networks: [Networks; 2], subjects: &mut [Subject; 2], frame: &Picture) -> anyhow::Result<[Times; 2]> {
    let capture = jpeg::encode(&frame.as_frame(), Thresholds::V8.capture.max_bytes)?
        .context("the first frame is too large for a capture")?;
    let mut scorers = networks.map(Scorer::new);
    in_turn(SUBMISSIONS, |runtime, _| {
        for _ in 0..2 {
            scorers[runtime]
                .score(&capture.bytes, &Thresholds::V8)
                .context("the first frame is not a valid capture")?;
        }
        for _ in 0..CELLS {
            subjects[runtime].trunk_and_eyes()?;
        }
        Ok(())
    })
}

fn portrait(models: &engine_tract::Models) -> anyhow::Result<Vec<Picture>> {
    let scene = clip_maker::scene(Path::new(clip_maker::PORTRAIT), models, vec![1.5])?;
    (0..FRAMES).map(|i| Ok(scene.picture(i as f32 / FRAMES_PER_SECOND as f32, i)?)).collect()
}

fn read_frames(folder: &Path) -> anyhow::Result<Vec<Picture>> {
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = listed.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    let is_picture = |path: &PathBuf| {
        path.extension().is_some_and(|e| ["png", "jpg", "jpeg"].iter().any(|p| e.eq_ignore_ascii_case(p)))
    };
    files.retain(is_picture);
    files.sort();
    ensure!(!files.is_empty(), "{} contains no JPEG or PNG pictures", folder.display());
    files.iter().map(|file| read_frame(file)).collect()
}

fn read_frame(file: &Path) -> anyhow::Result<Picture> {
    let rgba = image::open(file).with_context(|| format!("cannot read {}", file.display()))?.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Ok(Picture::new(rgba.into_raw(), width, height)?)
}

fn write_frames(folder: &Path, frames: &[Picture]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, frame) in frames.iter().enumerate() {
        let frame = frame.as_frame();
        let (width, height) = (frame.width() as u32, frame.height() as u32);
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(frame.rgb(x as usize, y as usize)));
        picture.save(folder.join(format!("{index:04}.png")))?;
    }
    Ok(())
}
