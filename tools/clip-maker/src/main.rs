//! The program `clip-maker`: writes the blinking portrait as a video file.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;
use clip_maker::{HEIGHT, PORTRAIT, WIDTH};

/// Writes a Y4M clip (4:2:0) that Chromium accepts as a camera and `blinkgate replay` as a video.
#[derive(Parser)]
struct Arguments {
    /// Output file.
    output: PathBuf,
    /// Portrait of one frontal face with open eyes.
    #[arg(long, default_value = PORTRAIT)]
    portrait: PathBuf,
    /// Folder with the model files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"))]
    models: PathBuf,
    /// Length in seconds; a camera plays the clip in a loop.
    #[arg(long, default_value_t = 6.0)]
    seconds: f32,
    /// Frames per second.
    #[arg(long, default_value_t = 25)]
    fps: u32,
    /// Start times of the blinks, in seconds.
    #[arg(long, value_delimiter = ',', default_value = "2.0,4.4")]
    blinks: Vec<f32>,
    /// Keep the eyes open.
    #[arg(long)]
    no_blink: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.fps > 0 && arguments.seconds > 0.0, "--fps and --seconds must be above 0");
    let models = clip_maker::load_models(&arguments.models)?;
    let blinks = if arguments.no_blink { Vec::new() } else { arguments.blinks };
    let scene = clip_maker::scene(&arguments.portrait, &models, blinks)?;

    let file =
        File::create(&arguments.output).with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let rate = y4m::Ratio::new(arguments.fps as usize, 1);
    let mut clip =
        y4m::encode(WIDTH, HEIGHT, rate).with_colorspace(y4m::Colorspace::C420).write_header(BufWriter::new(file))?;
    for index in 0..(arguments.seconds * arguments.fps as f32) as u32 {
        let [y, u, v] = scene.planes(index as f32 / arguments.fps as f32, index);
        clip.write_frame(&y4m::Frame::new([&y, &u, &v], None))?;
    }
    Ok(())
}
