//! The bars that the engine must meet on the clips.

use crate::video::Rate;

use super::report::{Line, Report};
use super::row::{Condition, Row, SLOWEST};
use super::tally::ONSET_MS;

/// What must be found at a rate under a condition.
struct Bar {
    rate: Rate,
    condition: Condition,
    /// Minimum share of the blinks of people, counted apart from those of generated faces.
    of_people: f64,
    /// Minimum share of all blinks.
    of_all: f64,
    /// Maximum number of false ones in five minutes.
    max_false: f64,
}

const BARS: [Bar; 6] = [
    bar(Rate::Native, Condition::Full, 0.97, 0.97, 1.0),
    bar(Rate::PerSecond(15), Condition::Full, 0.95, 0.95, 2.0),
    bar(Rate::PerSecond(10), Condition::Full, 0.92, 0.88, 2.0),
    bar(Rate::Native, Condition::Small, 0.95, 0.95, 2.0),
    // Two half blinks and lowered lids.
    bar(Rate::Native, Condition::Dark, 0.92, 0.92, 3.0),
    bar(Rate::Native, Condition::Jpeg, 0.95, 0.95, 2.0),
];

const fn bar(rate: Rate, condition: Condition, of_people: f64, of_all: f64, max_false: f64) -> Bar {
    Bar { rate, condition, of_people, of_all, max_false }
}

const FIVE_MINUTES_MS: f64 = 300_000.0;

/// How many blinks more or fewer may be counted under a condition that changes nothing about the person.
const HARMLESS_DIFFERENCE: usize = 1;

/// Share of the found blinks whose start must be accurate, at the native rate and full size.
const ONSET_SHARE: f64 = 0.9;

/// Share of the blinks with long closures that must be found at [`SLOWEST`].
const LONG_SHARE: f64 = 0.8;

/// Every bar that `report` does not meet, as a sentence. A row that was not measured meets no bar.
pub(crate) fn shortfalls(report: &Report) -> Vec<String> {
    let mut list = Vec::new();
    for Bar { rate, condition, of_people, of_all, max_false } in BARS {
        let row = Row { rate, condition };
        let Some(Line { tally, .. }) = report.line(row) else {
            list.push(format!("{row}: not measured"));
            continue;
        };
        let shares = [
            ("blinks of people", of_people, tally.found_of_people, tally.blinks_of_people),
            ("blinks", of_all, tally.found, tally.found + tally.missed),
        ];
        for (whose, min_share, found, all) in shares {
            if (found as f64) < min_share * all as f64 {
                let required = 100.0 * min_share;
                list.push(format!("{row}: {found} of {all} {whose} found, at least {required} % required"));
            }
        }
        // One is always allowed, however short the clips.
        let allowed = (max_false * report.length_ms / FIVE_MINUTES_MS).max(1.0);
        if tally.false_alarms as f64 > allowed {
            list.push(format!("{row}: {} false, at most {allowed:.1} allowed", tally.false_alarms));
        }
    }
    let full = report.line(Row { rate: Rate::Native, condition: Condition::Full });
    for condition in Condition::HARMLESS {
        let line = report.line(Row { rate: Rate::Native, condition });
        let Some((full, line)) = full.zip(line) else { continue };
        let (as_recorded, count) = (full.tally.counted(), line.tally.counted());
        if count.abs_diff(as_recorded) > HARMLESS_DIFFERENCE {
            list.push(format!("{}: {count} blinks counted, as recorded {as_recorded}", line.row()));
        }
    }
    if let Some(Line { tally, .. }) = full {
        if tally.false_on_negative > 0 {
            list.push(format!("full native: {} false in clips without a blink", tally.false_on_negative));
        }
        let share = tally.onset_within_80_ms.unwrap_or_default();
        if share < ONSET_SHARE {
            let required = ONSET_SHARE * 100.0;
            list.push(format!(
                "full native: {:.0} % of starts within {ONSET_MS} ms, {required:.0} % required",
                share * 100.0
            ));
        }
    }
    let slowest = Row { rate: SLOWEST, condition: Condition::Full };
    let (found, all) = (report.line(slowest).map_or(0, |line| line.tally.found_long), report.long_blinks.len());
    if all == 0 || (found as f64) < LONG_SHARE * all as f64 {
        let required = LONG_SHARE * 100.0;
        list.push(format!("{slowest}: {found} of {all} blinks with long closures found, {required:.0} % required"));
    }
    // At the slowest rate too few samples are left to tell a blink from a look down, which the simple rules do not try.
    for line in report.engine.iter().filter(|line| line.rate != SLOWEST) {
        for rule in report.baselines_at(line.rate) {
            let (ours, theirs) = (line.tally.errors(), rule.tally.errors());
            if ours > theirs {
                let row = line.row();
                list.push(format!("{row}: {ours} missed or false, {} has {theirs}; must not be more", rule.by));
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::super::row::Rows;
    use super::super::tally::{ClipMoment, Tally};
    use super::*;

    fn line(row: Row, by: &'static str, found: usize, false_alarms: usize) -> Line {
        let tally = Tally {
            found,
            missed: 100 - found,
            found_of_people: found,
            blinks_of_people: 100,
            false_alarms,
            onset_within_80_ms: Some(0.9),
            found_long: 8,
            ..Tally::default()
        };
        Line { by, rate: row.rate, condition: row.condition, tally }
    }

    /// A report that just meets every bar.
    fn passing() -> Report {
        let rows = Rows::Bars.list();
        let least = |row: &Row| match BARS.iter().find(|bar| (bar.rate, bar.condition) == (row.rate, row.condition)) {
            Some(bar) => (100.0 * bar.of_people.max(bar.of_all)) as usize,
            None if Condition::HARMLESS.contains(&row.condition) => 98,
            None => 90,
        };
        Report {
            engine: rows.iter().map(|row| line(*row, "Blinkgate", least(row), 0)).collect(),
            baselines: rows.iter().take(4).map(|&row| line(row, "fixed", 85, 0)).collect(),
            long_blinks: vec![ClipMoment { clip: "made.mp4".into(), at_ms: 0 }; 10],
            length_ms: FIVE_MINUTES_MS,
            not_judged: Vec::new(),
        }
    }

    #[test]
    fn a_report_that_just_meets_the_bars_passes() {
        assert_eq!(shortfalls(&passing()), [] as [String; 0]);
    }

    #[test]
    fn each_bar_that_is_missed_is_named() {
        type Spoil = fn(&mut Report);
        let cases: [(&str, Spoil); 11] = [
            ("full native: 97 of 101 blinks of people found", |r| r.engine[0].tally.blinks_of_people = 101),
            ("full native: 97 of 101 blinks found", |r| r.engine[0].tally.missed = 4),
            ("full native: 2 false", |r| r.engine[0].tally.false_alarms = 2),
            ("full native: 1 false in clips without", |r| r.engine[0].tally.false_on_negative = 1),
            ("full native: 89 % of starts", |r| r.engine[0].tally.onset_within_80_ms = Some(0.89)),
            ("full 15/s: 95 of 101 blinks of people found", |r| r.engine[1].tally.blinks_of_people = 101),
            ("full 8/s: 7 of 10", |r| r.engine[3].tally.found_long = 7),
            ("dark native: 4 false", |r| r.engine[5].tally.false_alarms = 4),
            ("mirrored native: 99 blinks counted, as recorded 97", |r| r.engine[7].tally.found = 99),
            ("full 10/s: 8 missed or false, fixed has 7", |r| r.baselines[2].tally.missed = 7),
            ("jpeg native: not measured", |r| drop(r.engine.remove(6))),
        ];
        for (expected, spoil) in cases {
            let mut report = passing();
            spoil(&mut report);
            let list = shortfalls(&report);
            assert!(list.len() == 1 && list[0].starts_with(expected), "{expected}: {list:?}");
        }
    }
}
