//! The program being measured: `blinkgate replay` and `blinkgate inspect`, called like any user would.

use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Output, Stdio};
use std::thread;

use anyhow::{Context as _, ensure};
use clap::Args;
use engine::Blink;
use serde::Deserialize;

/// The recordings and the program to measure.
#[derive(Debug, Args)]
pub(crate) struct Inputs {
    /// Folder with the recordings of real people, containing videos/, blinks.csv and reference-ear/
    #[arg(long, value_name = "DIR", default_value = "../shared/material")]
    pub(crate) material: PathBuf,
    /// The program to measure; by default the one next to this program
    #[arg(long, value_name = "PATH")]
    blinkgate: Option<PathBuf>,
    /// Runtime for the program's networks: compact, as in the browser, or tract, the reference
    #[arg(long, value_parser = ["compact", "tract"], default_value = "compact")]
    runtime: String,
}
/// The program `blinkgate`.
pub(crate) struct Program {
    path: PathBuf,
    runtime: String,
}

impl Program {
    /// Finds the program given in `inputs`, or the one next to this program.
    ///
    /// # Errors
    /// If it is missing.
    pub(crate) fn find(inputs: &Inputs) -> anyhow::Result<Program> {
        let path = match &inputs.blinkgate {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("blinkgate"),
        };
        ensure!(path.is_file(), "{} is missing; give its path with --blinkgate", path.display());
        Ok(Program { path, runtime: inputs.runtime.clone() })
    }

    /// The blinks that `replay` counts in the Y4M stream written by `feed`.
    ///
    /// # Errors
    /// If the program or `feed` fails.
    pub(crate) fn replay_stream(
        &self,
        feed: impl FnOnce(ChildStdin) -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<Vec<Blink>> {
        read_blinks(&self.replay(feed)?)
    }

    /// The time and gate of each frame in the Y4M stream written by `feed`.
    ///
    /// # Errors
    /// If the program or `feed` fails.
    pub(crate) fn replay_gates(
        &self,
        feed: impl FnOnce(ChildStdin) -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<Vec<(u32, String)>> {
        let lines = read_lines(&self.replay(feed)?)?;
        Ok(lines.into_iter().filter_map(|line| line.t_ms.zip(line.gate)).collect())
    }

    fn replay(&self, feed: impl FnOnce(ChildStdin) -> anyhow::Result<()> + Send) -> anyhow::Result<Output> {
        let mut command = self.command("replay");
        command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut replay = command.spawn().context("cannot start blinkgate")?;
        let stdin = replay.stdin.take().expect("stdin is piped");
        // Read the output while feeding the input, or both sides would block forever.
        let (output, fed) = thread::scope(|scope| {
            let feeder = scope.spawn(|| feed(stdin));
            (replay.wait_with_output(), feeder.join().expect("feeding does not panic"))
        });
        let output = output?;
        // If the program failed, feeding it failed too: report the cause, not the consequence.
        ensure!(output.status.success(), "blinkgate replay ended with {}", output.status);
        fed?;
        Ok(output)
    }

    /// The blinks that `replay` counts in a folder of pictures shown at `frames_per_second`.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn replay_folder(&self, folder: &Path, frames_per_second: f64) -> anyhow::Result<Vec<Blink>> {
        let mut command = self.command("replay");
        command.arg(folder).args(["--fps", &frames_per_second.to_string()]);
        read_blinks(&command.stderr(Stdio::inherit()).output().context("cannot start blinkgate")?)
    }

    /// Mean eye aspect ratio of both eyes in a picture; `None` unless `inspect` finds exactly one face with readable eyes.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn inspect(&self, picture: &Path) -> anyhow::Result<Option<f64>> {
        let mut command = self.command("inspect");
        let output = command.arg(picture).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "blinkgate inspect ended with {}", output.status);
        read_openness(&output.stdout)
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.args([subcommand, "--runtime", &self.runtime]);
        command
    }
}

#[derive(Deserialize)]
struct Line {
    t_ms: Option<u32>,
    gate: Option<String>,
    blink: Option<Blink>,
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    blinks: usize,
}

fn read_blinks(output: &Output) -> anyhow::Result<Vec<Blink>> {
    ensure!(output.status.success(), "blinkgate replay ended with {}", output.status);
    parse_replay(std::str::from_utf8(&output.stdout)?)
}

fn read_lines(output: &Output) -> anyhow::Result<Vec<Line>> {
    Ok(std::str::from_utf8(&output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn parse_replay(text: &str) -> anyhow::Result<Vec<Blink>> {
    let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Line>, _>>()?;
    let summary = lines.last().and_then(|line| line.summary.as_ref()).context("replay printed no summary")?;
    let blinks: Vec<Blink> = lines.iter().filter_map(|line| line.blink).collect();
    ensure!(
        summary.blinks == blinks.len(),
        "replay printed {} blinks, but its summary says {}",
        blinks.len(),
        summary.blinks
    );
    Ok(blinks)
}

#[derive(Deserialize)]
struct Inspection {
    faces: Vec<Face>,
}

#[derive(Deserialize)]
struct Face {
    /// Only if the mesh confirms that it is a face.
    presence: Option<f64>,
    ear_right: Option<f64>,
    ear_left: Option<f64>,
}

fn read_openness(json: &[u8]) -> anyhow::Result<Option<f64>> {
    let inspection: Inspection = serde_json::from_slice(json)?;
    // The server counts only confirmed faces, too.
    let mut confirmed = inspection.faces.iter().filter(|face| face.presence.is_some());
    let (Some(face), None) = (confirmed.next(), confirmed.next()) else { return Ok(None) };
    Ok(face.ear_right.zip(face.ear_left).map(|(right, left)| (right + left) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = r#"{"t_ms":0,"faces":1,"ear_right":0.3,"ear_left":null,"state":"open","gate":"ok"}"#;
    const BLINK: &str = r#"{"blink":{"start_ms":40,"closed_ms":80,"end_ms":160}}"#;

    #[test]
    fn blinks_are_read_from_between_the_frames_and_an_incomplete_replay_is_an_error() {
        let summary = r#"{"summary":{"frames":2,"one_face":2,"good":2,"blinks":1,"duration_ms":40}}"#;
        let whole = [FRAME, BLINK, FRAME, summary].join("\n");
        assert_eq!(parse_replay(&whole).unwrap(), [Blink { start_ms: 40, closed_ms: 80, end_ms: 160 }]);
        assert!(parse_replay(&[FRAME, BLINK].join("\n")).is_err());
        assert!(parse_replay(&[FRAME, summary].join("\n")).is_err());
    }

    #[test]
    fn openness_is_the_mean_over_both_eyes_of_the_only_face() {
        let face = r#"{"presence":1,"ear_right":0.3,"ear_left":0.2}"#;
        let unread = r#"{"presence":1,"ear_right":0.3,"ear_left":null}"#;
        let unconfirmed = r#"{"presence":null,"ear_right":null,"ear_left":null}"#;
        let cases = [
            (vec![face], Some(0.25)),
            (vec![face, unconfirmed], Some(0.25)),
            (vec![face, face], None),
            (vec![unread], None),
            (vec![unconfirmed], None),
            (vec![], None),
        ];
        for (faces, expected) in cases {
            let json = format!(r#"{{"width":9,"faces":[{}]}}"#, faces.join(","));
            assert_eq!(read_openness(json.as_bytes()).unwrap(), expected, "{json}");
        }
    }
}
