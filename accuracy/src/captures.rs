//! `accuracy captures`: the two pictures that an attempt would upload, for every counted blink, read again by
//! `blinkgate inspect`.

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
use crate::program::Program;
use crate::video::{Delivery, Playback, Rate};
use crate::{Places, load_models, require_none, workers};

/// The closed eyes may be open by at most this share of the open ones, mean of both eyes.
const MAX_CLOSED_SHARE: f64 = 0.5;
/// Least share of all true blinks that give evidence: nobody should have to blink again. An attempt ends 0.1 s after its
/// blink, when the eyes have been open again for a moment, and the next has to learn the open level first: here, where one
/// follows the other, the second of two blinks in close succession is lost to that, twice in the recordings.
const MIN_CAPTURED_SHARE: f64 = 0.8;

/// No attempt ends before the clip does, in milliseconds.
const TIMEOUT_MS: u32 = 600_000;

/// Gathers the two captures of each counted blink and reads them again.
///
/// An attempt records the clip at its own rate from the start until its evidence is complete; then the next begins, on
/// the rest of the clip. Eye aspect ratios are those of `blinkgate inspect`, mean of both eyes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    places: Places,
    /// Fail, with a list, if a clip gives no evidence or closed eyes are open by more than half of the open ones
    #[arg(long)]
    check: bool,
}

/// Measures and prints.
///
/// # Errors
/// If something could not be measured, or with `--check` if a bar is not met.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = Program::find(&options.places)?;
    let mut clips = material::load(&options.places.material, false)?;
    clips.retain(|clip| !clip.counted.is_empty());
    let models = load_models(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../models")))?;
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
    /// The blink they were taken in, in milliseconds since the clip's first frame.
    blink: Blink,
    /// Eye aspect ratio of the open and of the closed one; `None` where it could not be read.
    ears: [Option<f64>; 2],
    /// Sizes of the JPEG files.
    bytes: [usize; 2],
    /// By how much compression changed the ratio of an eye at most.
    losses: [f32; 2],
    /// Size of the transcript's signed text.
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

/// Plays the clip to attempts, one after the other, and gives each one's evidence with the blink it shows.
fn gather(clip: &Clip, models: &Models) -> anyhow::Result<Vec<(Blink, Evidence)>> {
    let mut playback = Playback::start(&clip.path, Rate::Native, clip.native, None, Delivery::Pictures)?;
    let mut attempt = Attempt::new(models.networks(), Thresholds::V3);
    let (mut gathered, mut began_ms, mut counted) = (Vec::new(), None, None);
    let mut times_ms = (0..).map(|index| f64::from(index) * clip.native.frame_ms());
    while let Some((rgb, width, height)) = playback.next_picture()? {
        let t_ms = times_ms.next().expect("times do not end");
        let picture = Picture::from_rgb(&rgb, width, height)?;
        let start_ms = *began_ms.get_or_insert_with(|| {
            attempt.begin(terms(), KeyKind::Soft, [1; 32], t_ms);
            t_ms
        });
        let (seen, _) = attempt.push(&picture.as_frame(), t_ms)?;
        // Complete only when the eyes have been open again for a moment.
        counted = seen.blink.or(counted);
        if let Some((blink, evidence)) = counted.zip(attempt.evidence()) {
            gathered.push((later(blink, start_ms), evidence.clone()));
            (began_ms, counted) = (None, None);
        }
    }
    playback.finish()?;
    Ok(gathered)
}

fn terms() -> Terms {
    Terms {
        audience: "https://check.example".into(),
        challenge_id: "challenge".into(),
        nonce: "nonce".into(),
        attempt: 1,
        timeout_ms: TIMEOUT_MS,
        thresholds: Thresholds::V3.name.into(),
        policy: Policy::Natural,
        rate: 0,
    }
}

/// A blink on the clock of the clip, from one on the clock of an attempt that began at `start_ms`.
fn later(blink: Blink, start_ms: f64) -> Blink {
    let [start_ms, closed_ms, end_ms] =
        [blink.start_ms, blink.closed_ms, blink.end_ms].map(|t| (f64::from(t) + start_ms).round() as u32);
    Blink { start_ms, closed_ms, end_ms }
}

/// How many of the clip's true blinks a pair of captures shows.
fn captured(clip: &Clip, pairs: &[Pair]) -> usize {
    compare(&clip.truth(), &pairs.iter().map(|pair| pair.blink).collect::<Vec<_>>()).found.len()
}

fn table(clips: &[Clip], pairs: &[Vec<Pair>]) -> String {
    let mut text = String::from(
        "| clip | blink at | open EAR | closed EAR | closed / open | open / closed JPEG | lost to it | transcript |\n\
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
    text + &format!("\n{captured} of {counted} true blinks gave evidence; {others} pairs show no counted blink.\n")
}

fn shortfalls(clips: &[Clip], pairs: &[Vec<Pair>]) -> Vec<String> {
    let mut list = Vec::new();
    let counted: usize = clips.iter().map(|clip| clip.counted.len()).sum();
    let all: usize = clips.iter().zip(pairs).map(|(clip, pairs)| captured(clip, pairs)).sum();
    if (all as f64) < MIN_CAPTURED_SHARE * counted as f64 {
        let wanted = MIN_CAPTURED_SHARE * 100.0;
        list.push(format!("{all} of {counted} true blinks gave evidence, {wanted:.0} % wanted"));
    }
    for (clip, pairs) in clips.iter().zip(pairs) {
        if captured(clip, pairs) == 0 {
            list.push(format!("{}: no true blink gave evidence", clip.name));
        }
        for pair in pairs.iter().filter(|pair| pair.share().is_none_or(|share| share > MAX_CLOSED_SHARE)) {
            let found =
                pair.share().map_or("unreadable".into(), |share| format!("open by {share:.2} of the open ones"));
            let at = f64::from(pair.blink.closed_ms) / 1000.0;
            list.push(format!(
                "{}: closed eyes at {at:.2} s are {found}, at most {MAX_CLOSED_SHARE} wanted",
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
            ("open by 0.53", vec![pair(400, [Some(0.3), Some(0.16)])]),
            ("unreadable", vec![pair(400, [Some(0.3), None])]),
        ];
        for (expected, pairs) in cases {
            let list = shortfalls(&clips, &[pairs]);
            assert!(list.iter().any(|line| line.contains(expected)), "{expected}: {list:?}");
        }
        assert!(shortfalls(&clips, &[vec![pair(400, [Some(0.3), Some(0.15)])]]).is_empty());
    }

    #[test]
    fn the_clock_of_an_attempt_starts_where_it_begins() {
        let blink = later(Blink { start_ms: 0, closed_ms: 40, end_ms: 200 }, 1933.4);
        assert_eq!(blink, Blink { start_ms: 1933, closed_ms: 1973, end_ms: 2133 });
    }
}
