//! Signals: figures of a strip that tell pictures made from one photograph from people, but not surely enough to decide.
//! They are recorded, shown beside their usual range, and mark an event for review.

use serde::{Deserialize, Serialize};

use super::cell::{CellPart, ReadCell};
use super::choose::Moment;
use super::turn::{self, TurnScore};
use crate::frame_record::FrameRecord;
use crate::pair::AlignedFace;
use crate::stats::median;
use crate::thresholds::SignalThresholds;

/// The signals of a strip. `None`: too few of its cells show a face from the front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// Median similarity of two cells with open eyes that follow each other. One photograph stays as it is.
    pub sameness: Option<f32>,
    /// How far lips, brows and cheeks move against the skull from one of these cells to the next: median, over the
    /// distance of the eyes. Those of one photograph move as far as its readings are noisy.
    pub wobble: Option<f32>,
    /// What an operator should look at. Nothing in a strip of a single blink: its cells follow each other so closely that
    /// nobody moves in between.
    pub marks: Vec<Signal>,
}

/// A signal that marks an event for review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// [`Signals::wobble`] is low.
    Wobble,
    /// [`TurnScore::residual`] is low: the face turned almost like a plane.
    Depth,
}

/// Fewer pairs of cells say nothing.
const MIN_PAIRS: usize = 4;

/// Reads the signals of the cells of these moments.
pub(super) fn of(
    (frames, moments): (&[FrameRecord], &[Moment]),
    read: &[Vec<ReadCell>],
    turn: Option<TurnScore>,
    limits: &SignalThresholds,
) -> Signals {
    let (mut sameness, mut wobble) = (Vec::new(), Vec::new());
    for (moment, cells) in moments.iter().zip(read) {
        let shows_open_eyes = |cell: &&ReadCell| {
            let is_frontal = turn::part(frames, moment, cell.index) != CellPart::Turned;
            is_frontal && !moment.is_closing(frames[cell.index].t_ms())
        };
        let open = cells.iter().filter(shows_open_eyes);
        let faces: Vec<&AlignedFace> = open.filter_map(|cell| cell.face.as_ref()?.face.as_ref()).collect();
        for pair in faces.windows(2) {
            sameness.extend(pair[0].compare(pair[1]).map(|pair| pair.similarity));
            wobble.extend(pair[0].soft_distance(pair[1]));
        }
    }
    let middle = |values: Vec<f32>| (values.len() >= MIN_PAIRS).then(|| median(values));
    let (sameness, wobble) = (middle(sameness), middle(wobble));
    let found = marks(wobble, turn.map(|turn| turn.residual), limits);
    Signals { sameness, wobble, marks: if moments.len() > 1 { found } else { Vec::new() } }
}

fn marks(wobble: Option<f32>, depth: Option<f32>, limits: &SignalThresholds) -> Vec<Signal> {
    let is_below = |value: Option<f32>, least: f32| value.is_some_and(|value| value < least);
    let low =
        [(Signal::Wobble, is_below(wobble, limits.min_wobble)), (Signal::Depth, is_below(depth, limits.min_depth))];
    low.into_iter().filter_map(|(signal, is_low)| is_low.then_some(signal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thresholds::Thresholds;

    #[test]
    fn low_signals_mark_an_event_and_unread_ones_do_not() {
        let limits = &Thresholds::V8.signals;
        let (little, much) = (Some(0.9 * limits.min_wobble), Some(1.1 * limits.min_wobble));
        let (flat, deep) = (Some(0.9 * limits.min_depth), Some(1.1 * limits.min_depth));
        let cases = [
            (much, deep, vec![]),
            (little, deep, vec![Signal::Wobble]),
            (much, flat, vec![Signal::Depth]),
            (little, flat, vec![Signal::Wobble, Signal::Depth]),
            (None, None, vec![]),
        ];
        for (wobble, depth, expected) in cases {
            assert_eq!(marks(wobble, depth, limits), expected, "{wobble:?} {depth:?}");
        }
    }
}
