//! The results of the attacks by kind, as a table or as JSON.

use std::fmt;

use engine::Blink;
use serde::Serialize;

use super::plan::{Group, Kind, Sequence};
use super::run::Sample;

/// Largest share of the sequences with covered eyes that may count as a blink, 0 to 1: somewhat more than counted in the
/// quick run. `--prompted` shows how many whole attempts pass. No moved photograph may count.
const MAX_OCCLUSION_SHARE: f32 = 0.12;
/// Smallest share of usable frames of a rigid kind: a kind whose face is hardly ever tracked proves nothing.
const MIN_USABLE_SHARE: f32 = 0.5;
/// Smallest share of the paper lids that must count: an engine that never counts proves nothing either.
const MIN_LIDS_SHARE: f32 = 0.5;

/// The whole report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    photographs: usize,
    /// Stills without a face whose open level can be learnt.
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
    /// Share of the frames in which the lids were read and usable, 0 to 1.
    usable_share: f32,
    /// Lowest openness over all sequences, as a share of the open level.
    lowest_openness: f32,
    /// Median over the sequences of their lowest openness.
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
    /// Summarises the outcomes, which are in the order of `plan`.
    pub(super) fn new(plan: &[Sequence], outcomes: &[Vec<Sample>], photographs: usize, refused: Vec<String>) -> Report {
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
        Report { photographs, refused, kinds: kinds.collect(), counted: counted.collect() }
    }

    /// Where a photograph passed as a person, or where this could have gone unnoticed; one line each.
    pub(super) fn shortfalls(&self) -> Vec<String> {
        let unseen = |kind: &&KindReport| kind.group == Group::Rigid && kind.usable_share < MIN_USABLE_SHARE;
        let mut shortfalls: Vec<String> = self
            .kinds
            .iter()
            .filter(unseen)
            .map(|k| {
                format!(
                    "{}: {:.2} of the frames are usable, at least {MIN_USABLE_SHARE} required",
                    k.kind, k.usable_share
                )
            })
            .collect();
        let moved = self.with_blink(Group::Rigid);
        if moved > 0 {
            shortfalls.push(format!("{moved} moved photographs counted a blink, none allowed"));
        }
        let (covered, lids) = (self.share(Group::Occlusion), self.share(Group::NeedsSkill));
        if covered > MAX_OCCLUSION_SHARE {
            let allowed = MAX_OCCLUSION_SHARE;
            shortfalls.push(format!("{covered:.3} of the covered photographs counted a blink, {allowed} allowed"));
        }
        if lids < MIN_LIDS_SHARE {
            shortfalls.push(format!("{lids:.2} of the paper lids counted a blink, {MIN_LIDS_SHARE} required"));
        }
        shortfalls
    }

    /// Share of the group's sequences in which a blink was counted.
    fn share(&self, group: Group) -> f32 {
        self.with_blink(group) as f32 / self.sequences(group).max(1) as f32
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
        let usable = outcomes.iter().flat_map(|samples| samples.iter()).filter(|s| s.is_usable()).count();
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
    /// A Markdown table, then a line for each sequence in which a blink was counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} photographs. Without usable eyes: {}.\n", self.photographs, self.refused.join(", "))?;
        writeln!(
            f,
            "| attack | sequences | frames | with a blink | usable frames | lowest openness | median of lowest |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|")?;
        for (group, title) in
            [(Group::Rigid, "moved"), (Group::Occlusion, "covered"), (Group::NeedsSkill, "needs skill")]
        {
            for row in self.kinds.iter().filter(|kind| kind.group == group) {
                let KindReport { kind, sequences, frames, with_blink, .. } = row;
                let (usable, lowest, median) =
                    (100.0 * row.usable_share, row.lowest_openness, row.median_lowest_openness);
                writeln!(
                    f,
                    "| {kind} | {sequences} | {frames} | {with_blink} | {usable:.0} % | {lowest:.2} | {median:.2} |"
                )?;
            }
            if self.sequences(group) > 0 {
                writeln!(f, "| **{title}** | {} | | {} | | | |", self.sequences(group), self.with_blink(group))?;
            }
        }
        writeln!(f)?;
        for Counted { sequence, blinks, lowest_openness, .. } in &self.counted {
            let times: Vec<String> = blinks.iter().map(|b| format!("{} to {} ms", b.start_ms, b.end_ms)).collect();
            writeln!(f, "Counted: {sequence}, {}, lowest openness {lowest_openness:.2}.", times.join(" and "))?;
        }
        Ok(())
    }
}

/// Whether a blink was counted.
pub(super) fn counts_a_blink(samples: &[Sample]) -> bool {
    samples.iter().any(|sample| sample.blink.is_some())
}

/// The lowest openness that the blink detector saw; 1 if none.
fn lowest_openness(samples: &[Sample]) -> f32 {
    samples.iter().filter_map(|sample| sample.openness).fold(1.0, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: Group, sequences: usize, with_blink: usize, usable_share: f32) -> KindReport {
        KindReport {
            kind: "some",
            group,
            sequences,
            frames: 65 * sequences,
            with_blink,
            usable_share,
            lowest_openness: 0.5,
            median_lowest_openness: 0.8,
        }
    }

    #[test]
    fn the_check_fails_if_a_photograph_passes_or_if_the_measurement_is_blind() {
        let (rigid, covered, lids) = (Group::Rigid, Group::Occlusion, Group::NeedsSkill);
        let cases = [
            ("all well", [kind(rigid, 100, 0, 0.9), kind(covered, 100, 3, 0.9), kind(lids, 10, 5, 0.9)], 0),
            ("a moved one counts", [kind(rigid, 100, 1, 0.9), kind(covered, 100, 0, 0.9), kind(lids, 10, 9, 0.9)], 1),
            ("covered ones count", [kind(rigid, 100, 0, 0.9), kind(covered, 100, 16, 0.9), kind(lids, 10, 9, 0.9)], 1),
            ("nothing seen", [kind(rigid, 100, 0, 0.4), kind(covered, 100, 0, 0.9), kind(lids, 10, 0, 0.9)], 2),
        ];
        for (what, kinds, expected) in cases {
            let report = Report { photographs: 1, refused: Vec::new(), kinds: kinds.into(), counted: Vec::new() };
            assert_eq!(report.shortfalls().len(), expected, "{what}: {:?}", report.shortfalls());
        }
    }
}
