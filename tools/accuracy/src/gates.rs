//! `accuracy gates`: are people whose lids cannot be read told so soon, and by the right gate?

use std::io;

use anyhow::Context as _;
use clap::Args;

use crate::material::{self, Clip};
use crate::program::{Inputs, Program};
use crate::require_none;
use crate::video::{Delivery, Playback, Rate};

/// Clips in which something hides or darkens the eyes from the start, and the gate that must say so.
const CASES: &[(&str, &str, &str)] = &[
    ("sunglasses__grid_pwij3p.mp4", "dark glasses", "eyes_unreadable"),
    ("eyepatch__grid_pwij3p.mp4", "a patch over one eye", "eyes_unreadable"),
    ("shade18__grid_pwij3p.mp4", "one side lit at 18 %", "too_dark"),
    ("mounish_face.mp4", "eyes in shadow in a dim room", "too_dark"),
];

/// How soon the gate must be there to stay.
const SOON_MS: u32 = 1500;

/// Least share of the frames after that with the gate.
const SHARE: f64 = 0.9;

/// Plays clips whose lids cannot be read and says when which gate appears.
#[derive(Debug, Args)]
pub struct GateOptions {
    #[command(flatten)]
    inputs: Inputs,
    /// Fail, with a list, if a gate is not there after 1.5 s and in 90 % of the later frames
    #[arg(long)]
    check: bool,
}

/// Measures and prints a table.
///
/// # Errors
/// If a measurement fails, or with `--check` if a gate comes too late or not at all.
pub fn run(options: &GateOptions) -> anyhow::Result<()> {
    let program = Program::find(&options.inputs)?;
    let clips = material::load(&options.inputs.material, false)?;
    let mut shortfalls = Vec::new();
    println!("| clip | shows | gate | first seen | share of the frames after 1.5 s |\n|---|---|---|---|---|");
    for &(name, what, gate) in CASES {
        let Some(clip) = clips.iter().find(|clip| clip.name == name) else {
            shortfalls.push(format!("{name} is missing"));
            continue;
        };
        let seen = play(clip, &program).with_context(|| clip.name.clone())?;
        let first = seen.iter().find(|(_, at)| at == gate).map(|&(t_ms, _)| t_ms);
        let later: Vec<bool> = seen.iter().filter(|&&(t_ms, _)| t_ms >= SOON_MS).map(|(_, at)| at == gate).collect();
        let share = later.iter().filter(|&&is_right| is_right).count() as f64 / later.len().max(1) as f64;
        let first_text = first.map_or("never".to_owned(), |ms| format!("{ms} ms"));
        println!("| {name} | {what} | `{gate}` | {first_text} | {:.0} % |", 100.0 * share);
        if first.is_none_or(|ms| ms > SOON_MS) || share < SHARE {
            shortfalls
                .push(format!("{name}: {gate} first {first_text}, later in {:.0} % of the frames", 100.0 * share));
        }
    }
    if options.check { require_none(&shortfalls) } else { Ok(()) }
}

/// Time and gate of each frame.
fn play(clip: &Clip, program: &Program) -> anyhow::Result<Vec<(u32, String)>> {
    program.replay_gates(|mut stdin| {
        let mut playback = Playback::start(&clip.path, Rate::Native, clip.native, None, Delivery::Y4m)?;
        io::copy(&mut playback.stream, &mut stdin)?;
        playback.finish()
    })
}
