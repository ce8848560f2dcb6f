//! The results as a Markdown table and as JSON.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use crate::video::Rate;

use super::row::{Condition, Row, SLOWEST};
use super::tally::{ClipMoment, LONG_MS, Tally};

/// Everything that was measured on the clips.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The engine's rows.
    pub(crate) engine: Vec<Line>,
    /// The baseline rules at each rate, on MediaPipe's readings of the original clips.
    pub(crate) baselines: Vec<Line>,
    /// The true blinks whose lids stay closed for at least [`LONG_MS`].
    pub(crate) long_blinks: Vec<ClipMoment>,
    /// Length of the judged clips together, in milliseconds.
    pub(crate) length_ms: f64,
    /// Clips whose true blinks are unknown.
    pub(crate) not_judged: Vec<NotJudged>,
}

/// Figures of a row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// Which method counted.
    pub(crate) by: &'static str,
    /// The frame rate.
    #[serde(serialize_with = "as_text")]
    pub(crate) rate: Rate,
    /// The condition of the frames.
    #[serde(serialize_with = "as_text")]
    pub(crate) condition: Condition,
    /// The counts.
    #[serde(flatten)]
    pub(crate) tally: Tally,
}

/// How many blinks were counted in a clip whose true blinks are unknown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NotJudged {
    /// Name of the clip.
    pub(crate) clip: String,
    /// Blinks counted in each row.
    pub(crate) counts: Vec<Count>,
}

/// How many blinks were counted in a row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Count {
    /// The row.
    #[serde(serialize_with = "as_text")]
    pub(crate) row: Row,
    /// Blinks counted.
    pub(crate) blinks: usize,
}

impl Line {
    /// The row's rate and condition.
    pub(crate) fn row(&self) -> Row {
        Row { rate: self.rate, condition: self.condition }
    }
}

impl Report {
    /// The engine's figures of a row.
    pub(crate) fn line(&self, row: Row) -> Option<&Line> {
        self.engine.iter().find(|line| line.row() == row)
    }

    /// The baseline rules' figures at a rate.
    pub(crate) fn baselines_at(&self, rate: Rate) -> impl Iterator<Item = &Line> {
        self.baselines.iter().filter(move |line| line.rate == rate)
    }

    /// Markdown: the table, followed by notes.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = String::from(
            "| counted by | frames | frames/s | found | missed | found of people's | false | start error, median / 90 % | \
             within 80 ms | within 2 frames | false on negatives |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for line in self.engine.iter().chain(&self.baselines) {
            text.push_str(&table_row(line));
        }
        self.footnotes(&mut text).expect("a string can be written");
        text
    }

    fn footnotes(&self, text: &mut String) -> fmt::Result {
        let blinks = self.engine.first().map_or(0, |line| line.tally.found + line.tally.missed);
        writeln!(
            text,
            "\n{blinks} true blinks in {:.0} s; `false` covers all judged clips, including those without a blink (the \
             negatives), `found of people's` those of no generated face. `within 2 frames`: two frames at that rate, or \
             80 ms if that is longer. The baseline rules use MediaPipe's ratios, which exist at full size only; each of \
             our rows is compared with them at its rate.",
            self.length_ms / 1000.0
        )?;
        for line in self.engine.iter().filter(|line| line.rate == SLOWEST) {
            writeln!(
                text,
                "\n{}: found {} of {} blinks whose lids stay closed for {LONG_MS} ms or longer.",
                line.row(),
                line.tally.found_long,
                self.long_blinks.len()
            )?;
        }
        writeln!(text, "\nLids closed for {LONG_MS} ms or longer: {}.", listed(&self.long_blinks))?;
        writeln!(text, "\nErrors:\n")?;
        for line in self.engine.iter().filter(|line| line.tally.errors() > 0) {
            let (missed, wrong) = (listed(&line.tally.misses), listed(&line.tally.false_places));
            writeln!(text, "- {}: missed {missed}; false {wrong}", line.row())?;
        }
        if self.not_judged.is_empty() {
            return Ok(());
        }
        let rows = self.engine.chunk_by(|a, b| a.condition == b.condition);
        let order: Vec<String> = rows.take(1).flatten().map(|line| line.rate.to_string()).collect();
        let order = order.join(", ");
        writeln!(text, "\nNot judged, because the true blinks are unknown. Blinks counted at {order} frames/s:\n")?;
        for clip in &self.not_judged {
            let conditions = clip.counts.chunk_by(|a, b| a.row.condition == b.row.condition);
            let listed: Vec<String> = conditions.map(at_each_rate).collect();
            writeln!(text, "- {}: {}", clip.clip, listed.join("; "))?;
        }
        Ok(())
    }
}

fn table_row(Line { by, rate, condition, tally }: &Line) -> String {
    let ms = |value: Option<u32>| value.map_or("–".into(), |ms| ms.to_string());
    let share = |value: Option<f64>| value.map_or("–".into(), |share| format!("{:.0} %", share * 100.0));
    format!(
        "| {by} | {condition} | {rate} | {} | {} | {} of {} | {} | {} / {} ms | {} | {} | {} |\n",
        tally.found,
        tally.missed,
        tally.found_of_people,
        tally.blinks_of_people,
        tally.false_alarms,
        ms(tally.onset_median_ms),
        ms(tally.onset_p90_ms),
        share(tally.onset_within_80_ms),
        share(tally.onset_within_two_frames),
        tally.false_on_negative,
    )
}

/// The condition of `counts` and the number of blinks in each.
fn at_each_rate(counts: &[Count]) -> String {
    let condition = counts.first().map(|count| count.row.condition.to_string()).unwrap_or_default();
    let blinks: Vec<String> = counts.iter().map(|count| count.blinks.to_string()).collect();
    format!("{condition} {}", blinks.join(", "))
}

fn listed(moments: &[ClipMoment]) -> String {
    if moments.is_empty() {
        return "none".into();
    }
    moments.iter().map(ClipMoment::to_string).collect::<Vec<_>>().join(", ")
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let tally = Tally {
            found: 1,
            missed: 1,
            found_of_people: 1,
            blinks_of_people: 1,
            onset_median_ms: Some(33),
            onset_within_80_ms: Some(1.0),
            found_long: 1,
            misses: vec![ClipMoment { clip: "made.mp4".into(), at_ms: 1250 }],
            ..Tally::default()
        };
        let row = Row { rate: SLOWEST, condition: Condition::Small };
        Report {
            engine: vec![Line { by: "Blinkgate", rate: row.rate, condition: row.condition, tally }],
            baselines: Vec::new(),
            long_blinks: vec![ClipMoment { clip: "made.mp4".into(), at_ms: 400 }],
            length_ms: 60_000.0,
            not_judged: vec![NotJudged { clip: "stress.mp4".into(), counts: vec![Count { row, blinks: 4 }] }],
        }
    }

    #[test]
    fn the_table_and_the_json_have_the_same_figures() {
        let text = report().to_markdown();
        for expected in [
            "| Blinkgate | 320x240 | 8 | 1 | 1 | 1 of 1 | 0 | 33 / – ms | 100 % | – | 0 |",
            "320x240 8/s: found 1 of 1 blinks",
            "missed made.mp4 at 1.25 s; false none",
            "Blinks counted at 8 frames/s:\n\n- stress.mp4: 320x240 4\n",
        ] {
            assert!(text.contains(expected), "{expected} in:\n{text}");
        }
        let json = serde_json::to_value(report()).unwrap();
        let line = &json["engine"][0];
        assert_eq!((line["rate"].as_str(), line["condition"].as_str()), (Some("8"), Some("320x240")));
        assert_eq!((line["found"].as_u64(), line["false"].as_u64()), (Some(1), Some(0)));
        assert_eq!(json["not_judged"][0]["counts"][0]["row"], "320x240 8/s");
    }
}
