//! The program `clip-maker`: writes the blinking portrait as a video file, or a picture with its face turned.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, Parser, Subcommand};
use clip_maker::{HEIGHT, PORTRAIT, WIDTH};

/// Writes a Y4M clip (4:2:0) that Chromium accepts as a camera and `blinkgate replay` as a video.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Output file.
    #[arg(required = true)]
    output: Option<PathBuf>,
    /// Portrait of one frontal face with open eyes.
    #[arg(long, default_value = PORTRAIT)]
    portrait: PathBuf,
    /// Folder with the model files.
    #[arg(long, default_value = MODELS)]
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

#[derive(Subcommand)]
enum Command {
    Turn(TurnOptions),
}

/// Turns the face in a picture, and writes a JPEG for each angle: FOLDER/-12.jpg, FOLDER/12.jpg and so on.
#[derive(Args)]
struct TurnOptions {
    /// Picture of one frontal face.
    picture: PathBuf,
    /// Folder to write to.
    folder: PathBuf,
    /// Whole degrees, to the subject's own left if positive.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, default_value = "-24,-16,-8,8,16,24")]
    yaw: Vec<i16>,
    /// Folder with the model files.
    #[arg(long, default_value = MODELS)]
    models: PathBuf,
}

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match (&arguments.command, &arguments.output) {
        (Some(Command::Turn(options)), _) => turn(options),
        (None, Some(output)) => write_clip(output, &arguments),
        (None, None) => Ok(()),
    }
}

fn turn(options: &TurnOptions) -> anyhow::Result<()> {
    let models = clip_maker::load_models(&options.models)?;
    let yaws: Vec<f32> = options.yaw.iter().copied().map(f32::from).collect();
    for (yaw, jpeg) in options.yaw.iter().zip(clip_maker::turned(&options.picture, &models, &yaws)?) {
        let file = options.folder.join(format!("{yaw}.jpg"));
        std::fs::write(&file, jpeg).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn write_clip(output: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(arguments.fps > 0 && arguments.seconds > 0.0, "--fps and --seconds must be above 0");
    let models = clip_maker::load_models(&arguments.models)?;
    let blinks = if arguments.no_blink { Vec::new() } else { arguments.blinks.clone() };
    let scene = clip_maker::scene(&arguments.portrait, &models, blinks)?;

    let file = File::create(output).with_context(|| format!("cannot write {}", output.display()))?;
    let rate = y4m::Ratio::new(arguments.fps as usize, 1);
    let mut clip =
        y4m::encode(WIDTH, HEIGHT, rate).with_colorspace(y4m::Colorspace::C420).write_header(BufWriter::new(file))?;
    for index in 0..(arguments.seconds * arguments.fps as f32) as u32 {
        let [y, u, v] = scene.planes(index as f32 / arguments.fps as f32, index);
        clip.write_frame(&y4m::Frame::new([&y, &u, &v], None))?;
    }
    Ok(())
}
