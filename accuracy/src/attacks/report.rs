//! What came of the attacks, kind by kind, as a table or as JSON.

use std::fmt;

use anyhow::ensure;
use engine::Blink;
use serde::Serialize;

use super::photo::Photo;
use super::plan::{Group, Kind, Sequence};
use super::run::Sample;

/// Share of the sequences with covered eyes that may count as a blink, 0 to 1. Of the moved ones none may.
const MOST_OCCLUSION_SHARE: f32 = 0.05;
/// A kind whose face is hardly ever followed proves nothing: least share of usable frames of a rigid kind.
const LEAST_USABLE_SHARE: f32 = 0.5;
/// Nor does an engine that never counts: least share of the paper lids that must.
const LEAST_LIDS_SHARE: f32 = 0.5;

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    photographs: usize,
    /// Stills without a face whose eyes can be learnt.
    refused: Vec<String>,
    kinds: Vec<KindReport>,
    counted: Vec<Counted>,
}

/// One kind of attack.
#[derive(Debug, Serialize)]
struct KindReport {
    kind: &'static str,
    group: Group,
    sequences: usize,
    frames: usize,
    /// Sequences in which a blink was counted.
    with_blink: usize,
    /// Share of the frames in which the eyes could be used, 0 to 1.
    usable_share: f32,
    /// Least openness over all sequences, as a share of the open level.
    lowest_openness: f32,
    /// Median of the sequences' own least openness.
    median_lowest_openness: f32,
}

/// A sequence in which a blink was counted.
#[derive(Debug, Serialize)]
struct Counted {
    kind: &'static str,
    sequence: String,
    blinks: Vec<Blink>,
    lowest_openness: f32,
}

impl Report {
    /// Sums up; `outcomes` stand in the order of `plan`.
    pub(super) fn new(plan: &[Sequence], outcomes: &[Vec<Sample>], photos: &[Photo], refused: Vec<String>) -> Report {
        let pairs = || plan.iter().zip(outcomes);
        let kinds = Kind::all().filter_map(|kind| {
            let own: Vec<&[Sample]> = pairs().filter(|(s, _)| s.kind == kind).map(|(_, o)| o.as_slice()).collect();
            (!own.is_empty()).then(|| KindReport::new(kind, &own))
        });
        let counted = pairs().filter(|(_, samples)| counts_a_blink(samples)).map(|(sequence, samples)| Counted {
            kind: sequence.kind.name(),
            sequence: sequence.name(),
            blinks: samples.iter().filter_map(|s| s.blink).collect(),
            lowest_openness: lowest_openness(samples),
        });
        Report { photographs: photos.len(), refused, kinds: kinds.collect(), counted: counted.collect() }
    }

    /// Fails where a photograph passed for a person, or where that could not have been noticed.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for kind in self.kinds.iter().filter(|kind| kind.group == Group::Rigid) {
            let usable = kind.usable_share;
            ensure!(usable >= LEAST_USABLE_SHARE, "{}: only {usable:.2} of the frames were usable", kind.kind);
        }
        let rigid = self.with_blink(Group::Rigid);
        ensure!(rigid == 0, "{rigid} moved photographs counted as a blink");
        let share = |group| self.with_blink(group) as f32 / self.sequences(group).max(1) as f32;
        let (covered, lids) = (share(Group::Occlusion), share(Group::NeedsSkill));
        ensure!(
            covered <= MOST_OCCLUSION_SHARE,
            "{covered:.3} of the covered photographs counted as a blink, allowed are {MOST_OCCLUSION_SHARE}"
        );
        ensure!(lids >= LEAST_LIDS_SHARE, "only {lids:.2} of the paper lids counted: these attacks prove nothing");
        Ok(())
    }

    fn with_blink(&self, group: Group) -> usize {
        self.kinds.iter().filter(|kind| kind.group == group).map(|kind| kind.with_blink).sum()
    }

    fn sequences(&self, group: Group) -> usize {
        self.kinds.iter().filter(|kind| kind.group == group).map(|kind| kind.sequences).sum()
    }
}

impl KindReport {
    fn new(kind: Kind, outcomes: &[&[Sample]]) -> KindReport {
        let frames: usize = outcomes.iter().map(|samples| samples.len()).sum();
        let usable = outcomes.iter().flat_map(|samples| samples.iter()).filter(|s| s.gate.eyes_usable()).count();
        let mut lowest: Vec<f32> = outcomes.iter().map(|samples| lowest_openness(samples)).collect();
        lowest.sort_by(f32::total_cmp);
        KindReport {
            kind: kind.name(),
            group: kind.group(),
            sequences: outcomes.len(),
            frames,
            with_blink: outcomes.iter().filter(|samples| counts_a_blink(samples)).count(),
            usable_share: usable as f32 / frames.max(1) as f32,
            lowest_openness: lowest.first().copied().unwrap_or(1.0),
            median_lowest_openness: lowest.get(lowest.len() / 2).copied().unwrap_or(1.0),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} photographs; not usable: {}\n", self.photographs, self.refused.join(", "))?;
        writeln!(
            f,
            "kind                     sequences  frames  with blink  usable  openness: lowest  median of lowest"
        )?;
        for (group, title) in [
            (Group::Rigid, "moved"),
            (Group::Occlusion, "covered"),
            (Group::NeedsSkill, "needs skill (expected to count)"),
        ] {
            for row in self.kinds.iter().filter(|kind| kind.group == group) {
                let KindReport { kind, sequences, frames, with_blink, lowest_openness, .. } = row;
                let (usable, median) = (100.0 * row.usable_share, row.median_lowest_openness);
                write!(f, "{kind:<24} {sequences:>9} {frames:>7} {with_blink:>11} {usable:>6.0}%")?;
                writeln!(f, "  {lowest_openness:>16.2}  {median:>16.2}")?;
            }
            writeln!(f, "{title}: {} of {} sequences count a blink\n", self.with_blink(group), self.sequences(group))?;
        }
        for Counted { sequence, blinks, lowest_openness, .. } in &self.counted {
            let times: Vec<String> = blinks.iter().map(|b| format!("{} to {} ms", b.start_ms, b.end_ms)).collect();
            writeln!(f, "counted: {sequence}: {}, lowest openness {lowest_openness:.2}", times.join(", "))?;
        }
        Ok(())
    }
}

/// Whether a blink was counted.
pub(super) fn counts_a_blink(samples: &[Sample]) -> bool {
    samples.iter().any(|sample| sample.blink.is_some())
}

/// The least openness that the blink detector was shown; 1 if none.
fn lowest_openness(samples: &[Sample]) -> f32 {
    samples.iter().filter_map(|sample| sample.openness).fold(1.0, f32::min)
}
