//! What the engine must reach on the clips.

use crate::video::Rate;

use super::report::{Line, Report};
use super::row::{Condition, Row};
use super::tally::ONSET_MS;

/// Least found and most false of a row.
const COUNTS: [(Rate, Condition, usize, usize); 6] = [
    (Rate::Native, Condition::Full, 18, 1),
    (Rate::PerSecond(15), Condition::Full, 17, 1),
    (Rate::PerSecond(10), Condition::Full, 15, usize::MAX),
    (Rate::Native, Condition::Small, 16, 2),
    (Rate::Native, Condition::Dark, 16, 2),
    (Rate::Native, Condition::Jpeg, 16, 2),
];

/// Share of the found blinks whose start must be right, at the native rate and full size.
const ONSET_SHARE: f64 = 0.9;

/// Share of the blinks with long closed lids that must be found at [`SLOWEST`].
const LONG_SHARE: f64 = 0.8;

/// The slowest rate with a bar.
pub(crate) const SLOWEST: Rate = Rate::PerSecond(8);

/// Every bar that `report` does not reach, as a sentence. A row that was not measured reaches nothing.
pub(crate) fn shortfalls(report: &Report) -> Vec<String> {
    let mut list = Vec::new();
    for (rate, condition, least_found, most_false) in COUNTS {
        let row = Row { rate, condition };
        let Some(Line { tally, .. }) = report.line(row) else {
            list.push(format!("{row}: was not measured"));
            continue;
        };
        if tally.found < least_found {
            list.push(format!("{row}: {} found, at least {least_found} wanted", tally.found));
        }
        if tally.false_alarms > most_false {
            list.push(format!("{row}: {} false, at most {most_false} wanted", tally.false_alarms));
        }
    }
    if let Some(Line { tally, .. }) = report.line(Row { rate: Rate::Native, condition: Condition::Full }) {
        if tally.false_on_negative > 0 {
            list.push(format!("full native: {} false where nobody blinks", tally.false_on_negative));
        }
        let share = tally.onset_within_80_ms.unwrap_or_default();
        if share < ONSET_SHARE {
            let wanted = ONSET_SHARE * 100.0;
            list.push(format!(
                "full native: {:.0} % of starts within {ONSET_MS} ms, {wanted:.0} % wanted",
                share * 100.0
            ));
        }
    }
    let slowest = Row { rate: SLOWEST, condition: Condition::Full };
    let (found, all) = (report.line(slowest).map_or(0, |line| line.tally.found_long), report.long_blinks.len());
    if all == 0 || (found as f64) < LONG_SHARE * all as f64 {
        let wanted = LONG_SHARE * 100.0;
        list.push(format!("{slowest}: {found} of {all} blinks with long closed lids found, {wanted:.0} % wanted"));
    }
    for line in &report.engine {
        for rule in report.baselines_at(line.rate) {
            let (ours, theirs) = (line.tally.errors(), rule.tally.errors());
            if ours >= theirs {
                let row = line.row();
                list.push(format!("{row}: {ours} missed or false, {} has {theirs}; fewer wanted", rule.by));
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::super::row::Rows;
    use super::super::tally::{Place, Tally};
    use super::*;

    fn line(row: Row, by: &'static str, found: usize, false_alarms: usize) -> Line {
        let tally = Tally {
            found,
            missed: 19 - found,
            false_alarms,
            onset_within_80_ms: Some(0.9),
            found_long: 8,
            ..Tally::default()
        };
        Line { by, rate: row.rate, condition: row.condition, tally }
    }

    /// Just good enough everywhere.
    fn passing() -> Report {
        let rows = Rows::Bars.list();
        let least = |row: &Row| COUNTS.iter().find(|bar| (bar.0, bar.1) == (row.rate, row.condition));
        Report {
            engine: rows.iter().map(|&row| line(row, "Blinkgate", least(&row).map_or(12, |bar| bar.2), 0)).collect(),
            baselines: rows.iter().take(4).map(|&row| line(row, "fixed", 11, 0)).collect(),
            long_blinks: vec![Place { clip: "made.mp4".into(), at_ms: 0 }; 10],
            not_judged: Vec::new(),
        }
    }

    #[test]
    fn what_is_just_good_enough_passes() {
        assert_eq!(shortfalls(&passing()), [] as [String; 0]);
    }

    #[test]
    fn each_bar_that_is_missed_is_named() {
        type Spoil = fn(&mut Report);
        let cases: [(&str, Spoil); 9] = [
            ("full native: 17 found", |r| r.engine[0].tally.found = 17),
            ("full native: 2 false", |r| r.engine[0].tally.false_alarms = 2),
            ("full native: 1 false where nobody", |r| r.engine[0].tally.false_on_negative = 1),
            ("full native: 89 % of starts", |r| r.engine[0].tally.onset_within_80_ms = Some(0.89)),
            ("full 15/s: 16 found", |r| r.engine[1].tally.found = 16),
            ("full 8/s: 7 of 10", |r| r.engine[3].tally.found_long = 7),
            ("dark native: 3 false", |r| r.engine[5].tally.false_alarms = 3),
            ("full 10/s: 4 missed or false, fixed has 4", |r| r.baselines[2].tally.missed = 4),
            ("jpeg native: was not measured", |r| drop(r.engine.pop())),
        ];
        for (expected, spoil) in cases {
            let mut report = passing();
            spoil(&mut report);
            let list = shortfalls(&report);
            assert!(list.len() == 1 && list[0].starts_with(expected), "{expected}: {list:?}");
        }
    }
}
