//! The engine's readings in each step, as Markdown or JSON.

use std::fmt;

use serde::Serialize;

use super::plan::{Limit, Sweep};
use super::reading::FaceReading;

/// Closed eyes are clearly recognised up to this share of the open eye aspect ratio. The blink detector treats eyes as
/// closed at 0.45, or at 0.5 at low frame rates.
const MAX_CLOSED_SHARE: f32 = 0.5;

/// One sweep.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    name: &'static str,
    value: &'static str,
    people: usize,
    steps: Vec<Step>,
    limit: Limit,
}

/// One value of a sweep, over all stills.
#[derive(Debug, Serialize)]
struct Step {
    value: f32,
    /// Number of stills in which a face was found.
    faces: usize,
    /// Medians over these faces.
    light: Option<f32>,
    sharpness: Option<f32>,
    clipped: Option<f32>,
    /// Maximum over these faces.
    glare: Option<f32>,
    /// Means of both eyes over the faces with open and with closed eyes.
    open_ear: Option<f32>,
    closed_ear: Option<f32>,
    /// Largest closed ratio of a person as a share of the same person's open ratio.
    greatest_closed_share: Option<f32>,
    /// Number of people whose share is at most [`MAX_CLOSED_SHARE`].
    told_apart: usize,
}

impl Table {
    /// `people` holds the readings of each person's open and closed still, value by value.
    pub(super) fn new(sweep: &Sweep, people: &[[&[Option<FaceReading>]; 2]]) -> Table {
        let step = |(index, &value): (usize, &f32)| {
            let of_people: Vec<[Option<FaceReading>; 2]> =
                people.iter().map(|stills| stills.map(|readings| readings[index])).collect();
            Step::new(value, &of_people)
        };
        let steps = sweep.values.iter().enumerate().map(step).collect();
        Table { name: sweep.name, value: sweep.value, people: people.len(), steps, limit: sweep.limit }
    }
}

impl Step {
    fn new(value: f32, people: &[[Option<FaceReading>; 2]]) -> Step {
        let faces: Vec<FaceReading> = people.iter().flatten().copied().flatten().collect();
        let median_of = |figure: fn(&FaceReading) -> f32| median(faces.iter().map(figure).collect());
        let ears = |still: usize| mean(people.iter().filter_map(|stills| stills[still]?.ear).collect());
        let share = |[open, closed]: &[Option<FaceReading>; 2]| Some((*closed)?.ear? / (*open)?.ear?);
        let shares: Vec<f32> = people.iter().filter_map(share).collect();
        Step {
            value,
            faces: faces.len(),
            light: median_of(|seen| seen.quality.light),
            sharpness: median_of(|seen| seen.quality.sharpness),
            clipped: median_of(|seen| seen.quality.clipped),
            glare: faces.iter().map(|seen| seen.glare).max_by(f32::total_cmp),
            open_ear: ears(0),
            closed_ear: ears(1),
            greatest_closed_share: shares.iter().copied().max_by(f32::total_cmp),
            told_apart: shares.iter().filter(|&&share| share <= MAX_CLOSED_SHARE).count(),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table { name, value, people, steps, limit } = self;
        writeln!(f, "### {name}\n")?;
        writeln!(
            f,
            "| {value} | faces | light | sharpness | clipped | glare | open EAR | closed EAR | max closed / open | closed at \
             most half open |"
        )?;
        writeln!(f, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let figure = |value: Option<f32>, decimals| value.map_or("–".into(), |value| format!("{value:.decimals$}"));
        for step in steps {
            writeln!(
                f,
                "| {} | {} of {} | {} | {} | {} | {} | {} | {} | {} | {} of {people} |",
                step.value,
                step.faces,
                2 * people,
                figure(step.light, 0),
                figure(step.sharpness, 3),
                figure(step.clipped, 2),
                figure(step.glare, 2),
                figure(step.open_ear, 3),
                figure(step.closed_ear, 3),
                figure(step.greatest_closed_share, 2),
                step.told_apart,
            )?;
        }
        writeln!(f, "\nThreshold based on this: `{}` {}.", limit.name, limit.value)
    }
}

fn mean(values: Vec<f32>) -> Option<f32> {
    (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

/// The median; the mean of the two middle values if their number is even.
pub(super) fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some((values[(values.len() - 1) / 2] + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use engine::Quality;

    use super::super::plan::SWEEPS;
    use super::*;

    fn seen(ear: f32, light: f32) -> Option<FaceReading> {
        Some(FaceReading { ear: Some(ear), quality: Quality { light, sharpness: 0.4, clipped: 0.0 }, glare: 0.0 })
    }

    #[test]
    fn a_step_counts_recognised_closed_eyes_and_skips_faces_that_were_not_found() {
        let people = [
            [seen(0.3, 100.0), seen(0.06, 110.0)],
            [seen(0.2, 130.0), seen(0.16, 150.0)],
            [None, seen(0.02, 200.0)],
            [seen(0.4, 90.0), Some(FaceReading { ear: None, quality: Quality::default(), glare: 0.3 })],
        ];
        let step = Step::new(40.0, &people);
        assert_eq!((step.faces, step.told_apart, step.light), (7, 1, Some(110.0)));
        assert!((step.open_ear.unwrap() - 0.3).abs() < 1e-6 && (step.closed_ear.unwrap() - 0.08).abs() < 1e-6);
        assert!((step.greatest_closed_share.unwrap() - 0.8).abs() < 1e-6);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_is_the_mean_of_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 9.0]), Some(4.0));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn every_value_has_a_line_and_the_threshold_follows() {
        let sweep = &SWEEPS[0];
        let mut open = vec![seen(0.3, 100.0); sweep.values.len()];
        open[11] = None;
        let closed = vec![seen(0.06, 100.0); sweep.values.len()];
        let text = Table::new(sweep, &[[&open, &closed]]).to_string();
        assert!(
            text.contains("\n| 160 | 2 of 2 | 100 | 0.400 | 0.00 | 0.00 | 0.300 | 0.060 | 0.20 | 1 of 1 |\n"),
            "{text}"
        );
        assert!(text.contains("\n| 20 | 1 of 2 | 100 | 0.400 | 0.00 | 0.00 | – | 0.060 | – | 0 of 1 |\n"), "{text}");
        assert!(text.ends_with(&format!("`min_lids_pixels` {}.\n", engine::Thresholds::V8.min_lids_pixels)), "{text}");
    }
}
