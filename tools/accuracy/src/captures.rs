//! `accuracy captures`: the two pictures that an attempt would upload for each counted blink, read again by `blinkgate
//! inspect`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use engine::prompt::Policy;
use engine::{Attempt, Blink, Evidence, KeyKind, Picture, Terms, Thresholds};
use engine_compact::Models;

use crate::matching::compare;
use crate::material::{self, Clip};
use crate::program::{Inputs, Program};
use crate::video::{Delivery, Playback, Rate};
use crate::{DEFAULT_MODELS, load_models, require_none, workers};

/// Largest eye aspect ratio of the closed eyes as a share of the open eyes' (mean of both eyes).
const MAX_CLOSED_SHARE: f64 = 0.5;
/// Smallest share of all true blinks that must give evidence: nobody should have to blink twice.
const MIN_CAPTURED_SHARE: f64 = 0.85;

/// Clips that cannot give evidence, because their people are told what to change: the first face is too small, the second
/// too dark.
const TOLD: [&str; 2] = ["dinoman.mp4", "mounish_face.mp4"];

/// Longer than any clip, so that no attempt times out before the clip ends.
const TIMEOUT_MS: u32 = 600_000;

/// Takes the two captures of each counted blink and reads them again.
///
/// An attempt records the clip at its own rate, from the start until its evidence is complete. Then the next attempt
/// starts on the rest of the clip. Eye aspect ratios are those of `blinkgate inspect`, as the mean of both eyes.
#[derive(Debug, Args)]
pub struct CaptureOptions {
    #[command(flatten)]
    inputs: Inputs,
    /// Fail, with a list, if a clip gives no evidence or if closed eyes are more than half as open as the open ones
    #[arg(long)]
    check: bool,
}

/// Measures and prints a table.
///
/// # Errors
/// If a measurement fails, or with `--check` if a bar is not met.
pub fn run(options: &CaptureOptions) -> anyhow::Result<()> {
    let program = Program::find(&options.inputs)?;
    let mut clips = material::load(&options.inputs.material, false)?;
    clips.retain(|clip| !clip.counted.is_empty());
    let models = load_models(Path::new(DEFAULT_MODELS))?;
    let pairs = workers::map(&clips, |clip| {
        let pairs = pairs(clip, &models, &program).with_context(|| clip.name.clone())?;
        eprintln!("{}: {} captured", clip.name, pairs.len());
        Ok(pairs)
    })?;
    io::stdout().lock().write_all(table(&clips, &pairs).as_bytes())?;
    if options.check { require_none(&shortfalls(&clips, &pairs)) } else { Ok(()) }
}

/// The two captures of one attempt.
#[derive(Clone, Debug)]
struct Pair {
    /// The blink they show, in milliseconds since the clip's first frame.
    blink: Blink,
    /// Eye aspect ratio in the open and the closed capture; `None` where it could not be read.
    ears: [Option<f64>; 2],
    /// Sizes of the JPEG files in bytes.
    bytes: [usize; 2],
    /// Largest change in an eye's ratio caused by compression.
    losses: [f32; 2],
    /// Size of the transcript's signed text in bytes.
    transcript: usize,
}

impl Pair {
    /// The closed capture's ratio as a share of the open one's.
    fn share(&self) -> Option<f64> {
        let [open, closed] = self.ears;
        Some(closed? / open?)
    }
}

fn pairs(clip: &Clip, models: &Models, program: &Program) -> anyhow::Result<Vec<Pair>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let read = |name: &str, jpeg: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, jpeg)?;
        program.inspect(&path)
    };
    gather(clip, models)?
        .into_iter()
        .map(|(blink, Evidence { signing_input, open, closed, losses, .. })| {
            let ears = [read("open.jpg", &open)?, read("closed.jpg", &closed)?];
            Ok(Pair { blink, ears, bytes: [open.len(), closed.len()], losses, transcript: signing_input.len() })
        })
        .collect()
}

/// Plays the clip to a series of attempts and returns the evidence of each with the blink it shows. The next attempt starts
/// with the frame after a blink, while the previous one still waits for the eyes to have been open again briefly.
pub(crate) fn gather(clip: &Clip, models: &Models) -> anyhow::Result<Vec<(Blink, Evidence)>> {
    let mut playback = Playback::start(&clip.path, Rate::Native, clip.native, None, Delivery::Pictures)?;
    let mut gathered = Vec::new();
    let mut finishing: Vec<Running> = Vec::new();
    let mut running: Option<Running> = None;
    let mut times_ms = (0..).map(|index| f64::from(index) * clip.native.frame_ms());
    while let Some((rgb, width, height)) = playback.next_picture()? {
        let t_ms = times_ms.next().expect("times do not end");
        let picture = Picture::from_rgb(&rgb, width, height)?;
        for attempt in &mut finishing {
            attempt.push(&picture, t_ms)?;
        }
        let current = running.get_or_insert_with(|| Running::begin(models, t_ms));
        current.push(&picture, t_ms)?;
        if current.blink.is_some() {
            finishing.extend(running.take());
        }
        // An attempt that rejected its blink keeps running like a real one, but only its first blink counts here.
        finishing.retain(|attempt| {
            gathered.extend(attempt.evidence());
            attempt.evidence().is_none() && t_ms - attempt.blinked_ms() < WAIT_MS
        });
    }
    playback.finish()?;
    Ok(gathered)
}

/// An attempt whose evidence is not complete this long after its blink did not accept that blink.
const WAIT_MS: f64 = 500.0;

/// A running attempt and the first blink that it counted.
struct Running {
    attempt: Attempt,
    start_ms: f64,
    blink: Option<Blink>,
}

impl Running {
    fn begin(models: &Models, start_ms: f64) -> Running {
        let mut attempt = Attempt::new(models.networks(), Thresholds::V8);
        attempt.begin(terms(), KeyKind::Soft, [1; 32], start_ms);
        Running { attempt, start_ms, blink: None }
    }

    fn push(&mut self, picture: &Picture, t_ms: f64) -> anyhow::Result<()> {
        let (seen, _) = self.attempt.push(&picture.as_frame(), t_ms)?;
        self.blink = self.blink.or(seen.lids.blink);
        Ok(())
    }

    /// When its blink ended, on the clip's clock.
    fn blinked_ms(&self) -> f64 {
        self.start_ms + self.blink.map_or(0.0, |blink| f64::from(blink.end_ms))
    }

    /// The evidence with its blink on the clip's clock.
    fn evidence(&self) -> Option<(Blink, Evidence)> {
        Some((on_clip_clock(self.blink?, self.start_ms), self.attempt.evidence()?.clone()))
    }
}

fn terms() -> Terms {
    Terms {
        audience: "https://check.example".into(),
        challenge_id: "challenge".into(),
        nonce: "nonce".into(),
        attempt: 1,
        timeout_ms: TIMEOUT_MS,
        thresholds: Thresholds::V8.name.into(),
        policy: Policy::Natural,
        turn: false,
        rate: 0,
        consent: engine::transcript::consent_hash("what people are told"),
    }
}

/// Converts a blink from the clock of an attempt that started at `start_ms` to the clip's clock.
fn on_clip_clock(blink: Blink, start_ms: f64) -> Blink {
    let [start_ms, closed_ms, end_ms] =
        [blink.start_ms, blink.closed_ms, blink.end_ms].map(|t| (f64::from(t) + start_ms).round() as u32);
    Blink { start_ms, closed_ms, end_ms }
}

/// How many of the clip's true blinks are shown by a pair of captures.
fn captured(clip: &Clip, pairs: &[Pair]) -> usize {
    compare(&clip.truth(), &pairs.iter().map(|pair| pair.blink).collect::<Vec<_>>()).found.len()
}

fn table(clips: &[Clip], pairs: &[Vec<Pair>]) -> String {
    let mut text = String::from(
        "| clip | blink at | open EAR | closed EAR | closed / open | open / closed JPEG | EAR change by JPEG | transcript |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let figure = |value: Option<f64>, decimals| value.map_or("–".into(), |value| format!("{value:.decimals$}"));
    for (clip, pairs) in clips.iter().zip(pairs) {
        for pair @ Pair { blink, ears: [open, closed], bytes: [open_bytes, closed_bytes], losses, transcript } in pairs
        {
            let [open_loss, closed_loss] = losses;
            text += &format!(
                "| {} | {:.2} s | {} | {} | {} | {open_bytes} / {closed_bytes} bytes | {open_loss:.3} / {closed_loss:.3} \
                 | {transcript} bytes |\n",
                clip.name,
                f64::from(blink.closed_ms) / 1000.0,
                figure(*open, 3),
                figure(*closed, 3),
                figure(pair.share(), 2),
            );
        }
    }
    let counted: usize = clips.iter().map(|clip| clip.counted.len()).sum();
    let captured: usize = clips.iter().zip(pairs).map(|(clip, pairs)| captured(clip, pairs)).sum();
    let others = pairs.iter().map(Vec::len).sum::<usize>() - captured;
    text + &format!("\n{captured} of {counted} true blinks gave evidence; {others} pairs show no true blink.\n")
}

fn shortfalls(clips: &[Clip], pairs: &[Vec<Pair>]) -> Vec<String> {
    let mut list = Vec::new();
    let counted: usize = clips.iter().map(|clip| clip.counted.len()).sum();
    let all: usize = clips.iter().zip(pairs).map(|(clip, pairs)| captured(clip, pairs)).sum();
    if (all as f64) < MIN_CAPTURED_SHARE * counted as f64 {
        let required = MIN_CAPTURED_SHARE * 100.0;
        list.push(format!("{all} of {counted} true blinks gave evidence, {required:.0} % required"));
    }
    for (clip, pairs) in clips.iter().zip(pairs) {
        if captured(clip, pairs) == 0 && !TOLD.contains(&clip.name.as_str()) {
            list.push(format!("{}: no true blink gave evidence", clip.name));
        }
        for pair in pairs.iter().filter(|pair| pair.share().is_none_or(|share| share > MAX_CLOSED_SHARE)) {
            let found =
                pair.share().map_or("unreadable".into(), |share| format!("{share:.2} as open as the open eyes"));
            let at = f64::from(pair.blink.closed_ms) / 1000.0;
            list.push(format!(
                "{}: closed eyes at {at:.2} s are {found}, at most {MAX_CLOSED_SHARE} allowed",
                clip.name
            ));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::tests::clip;

    fn pair(start_ms: u32, ears: [Option<f64>; 2]) -> Pair {
        Pair {
            blink: Blink { start_ms, closed_ms: start_ms + 80, end_ms: start_ms + 200 },
            ears,
            bytes: [9, 8],
            losses: [0.0; 2],
            transcript: 7,
        }
    }

    #[test]
    fn a_pair_must_show_a_true_blink_with_eyes_at_most_half_open() {
        let clips = [clip((0..50).map(|i| f64::from(i) * 40.0).collect(), vec![None; 50], [10, 12, 16])];
        let cases: [(&str, Vec<Pair>); 4] = [
            ("no true blink", vec![]),
            ("no true blink", vec![pair(1000, [Some(0.3), Some(0.1)])]),
            ("0.53 as open", vec![pair(400, [Some(0.3), Some(0.16)])]),
            ("unreadable", vec![pair(400, [Some(0.3), None])]),
        ];
        for (expected, pairs) in cases {
            let list = shortfalls(&clips, &[pairs]);
            assert!(list.iter().any(|line| line.contains(expected)), "{expected}: {list:?}");
        }
        assert!(shortfalls(&clips, &[vec![pair(400, [Some(0.3), Some(0.15)])]]).is_empty());
    }

    #[test]
    fn the_clock_of_an_attempt_starts_with_the_attempt() {
        let blink = on_clip_clock(Blink { start_ms: 0, closed_ms: 40, end_ms: 200 }, 1933.4);
        assert_eq!(blink, Blink { start_ms: 1933, closed_ms: 1973, end_ms: 2133 });
    }
}
