//! Makes a clip of a person who blinks from one portrait, for tests and demonstrations that may show nobody's face but
//! one that is free to show. The lids are closed by a warp of their own skin (`lids.rs`); a slow sway and sensor noise
//! make the frames as unlike each other as those of a real camera.

mod lids;
mod scene;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Parser;
use engine::{Picture, Thresholds, Tracker};
use engine_tract::{ModelFiles, Models};

use scene::Scene;

/// Writes a Y4M clip (4:2:0) that Chromium takes as a camera and `blinkgate replay` as a video.
#[derive(Parser)]
struct Arguments {
    /// The file to write.
    output: PathBuf,
    /// The portrait: one frontal face with open eyes.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/astronaut.png"))]
    portrait: PathBuf,
    /// Folder of the model files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../models"))]
    models: PathBuf,
    /// Length in seconds; a camera that plays the clip starts over at its end.
    #[arg(long, default_value_t = 6.0)]
    seconds: f32,
    /// Frames a second.
    #[arg(long, default_value_t = 25)]
    fps: u32,
    /// When blinks begin, in seconds.
    #[arg(long, value_delimiter = ',', default_value = "2.0,4.4")]
    blinks: Vec<f32>,
    /// Keep the eyes open.
    #[arg(long)]
    no_blink: bool,
}

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.fps > 0 && arguments.seconds > 0.0, "--fps and --seconds must be above 0");
    let portrait = read(&arguments.portrait)?;
    let landmarks = landmarks(&portrait, &arguments.models)?;
    let blinks = if arguments.no_blink { Vec::new() } else { arguments.blinks };
    let scene = Scene::new(portrait, &landmarks, blinks);

    let file = File::create(&arguments.output).with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let rate = y4m::Ratio::new(arguments.fps as usize, 1);
    let mut clip = y4m::encode(WIDTH, HEIGHT, rate)
        .with_colorspace(y4m::Colorspace::C420)
        .write_header(BufWriter::new(file))?;
    for index in 0..(arguments.seconds * arguments.fps as f32) as u32 {
        let [y, u, v] = scene.frame(index as f32 / arguments.fps as f32, index, WIDTH, HEIGHT);
        clip.write_frame(&y4m::Frame::new([&y, &u, &v], None))?;
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Picture> {
    let picture = image::open(path).with_context(|| format!("cannot read {}", path.display()))?.into_rgba8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Ok(Picture::new(picture.into_raw(), width, height)?)
}

fn landmarks(portrait: &Picture, models: &Path) -> anyhow::Result<Vec<engine::geometry::Point>> {
    let file = |name: &str| {
        let path = models.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let [detector, trunk, eye_right, eye_left] = engine_tract::FILE_NAMES.map(file);
    let (detector, trunk, eye_right, eye_left) = (detector?, trunk?, eye_right?, eye_left?);
    let files = ModelFiles { detector: &detector, trunk: &trunk, eye_right: &eye_right, eye_left: &eye_left };
    let mut tracker = Tracker::new(Models::load(&files)?.networks());
    let mut faces = tracker.read_all(&portrait.as_frame(), &Thresholds::V1)?;
    ensure!(faces.len() == 1, "the portrait shows {} faces", faces.len());
    let (_, face) = faces.remove(0);
    Ok(face.context("the portrait's face cannot be read")?.mesh.points)
}
