//! Which frames become cells: recorded frames and counted eye closures in, frames out. A function of signed numbers
//! only.

use std::ops::Range;

use super::layout::{NATURAL_ROWS, columns};
use crate::blink::Blink;
use crate::frame_record::FrameRecord;
use crate::gate::Gate;
use crate::prompt::{Round, Turn};

/// One step of a challenge: its frames, which belong to no other step, and the eye closures that were counted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Positions among the recorded frames.
    pub frames: Range<usize>,
    /// Its eye closures, oldest first.
    pub eye_closures: Vec<Blink>,
    /// Times of the frames that its captures were cut from, if it has captures.
    pub captures: Vec<u32>,
    /// Rows of the sheet that show it.
    pub rows: usize,
    /// Cells in each of these rows.
    pub columns: usize,
    /// Its turn of the head. Then it has no eye closures.
    pub turn: Option<Turn>,
    /// Whether its gesture was asked for.
    pub is_prompted: bool,
}

/// Lids that have just opened are still moving, and read differently once the picture is shrunk.
pub(crate) const OPENED_MS: u32 = 100;

/// A moment begins this long before its gesture is asked for, so that the strip shows open eyes first.
const LEAD_MS: u32 = 600;

/// Eyes that stay closed longer than this are also shown in between, so that they can be followed.
const LONG_MS: u32 = 1500;

/// Without prompts, a moment begins this long before its blink.
const BLINK_LEAD_MS: u32 = 1500;

impl Moment {
    /// The moment of a round, which took these `frames` of the recorded ones, in a challenge of this many steps.
    pub(crate) fn of_round(recorded: &[FrameRecord], frames: Range<usize>, round: &Round, steps: usize) -> Moment {
        let from_ms = round.asked_ms().unwrap_or(0).saturating_sub(LEAD_MS);
        Moment {
            frames: since(recorded, frames, from_ms),
            eye_closures: round.eye_closures().to_vec(),
            captures: Vec::new(),
            turn: round.turn(),
            is_prompted: true,
            rows: 1,
            columns: columns(steps),
        }
    }

    /// The moment of a blink, up to the last recorded frame.
    pub(crate) fn of_blink(recorded: &[FrameRecord], blink: Blink) -> Moment {
        let from_ms = blink.start_ms.saturating_sub(BLINK_LEAD_MS);
        Moment {
            frames: since(recorded, 0..recorded.len(), from_ms),
            eye_closures: vec![blink],
            captures: Vec::new(),
            turn: None,
            is_prompted: false,
            rows: NATURAL_ROWS,
            columns: columns(NATURAL_ROWS),
        }
    }

    /// Whether the lids are on their way at this time, or closed, in one of its eye closures.
    pub(crate) fn is_closing(&self, t_ms: u32) -> bool {
        self.eye_closures.iter().any(|closure| (closure.start_ms..closure.end_ms + OPENED_MS).contains(&t_ms))
    }

    /// Whether this eye closure was counted in it.
    pub(crate) fn has(&self, eye_closure: &Blink) -> bool {
        self.eye_closures.contains(eye_closure)
    }
}

fn since(recorded: &[FrameRecord], frames: Range<usize>, from_ms: u32) -> Range<usize> {
    let start = frames.start + recorded[frames.clone()].partition_point(|frame| frame.t_ms() < from_ms);
    start..frames.end
}

/// Returns the frames that the strip shows of one moment, row by row and oldest first, as positions in `frames`.
///
/// Only frames whose eyes were read are chosen (for a turn of the head: those whose yaw was read), in this order: the
/// frames of the captures, which may be earlier than the moment; for a turn, the last frame before it, its peak, and the
/// first frame after it; for each eye closure, the frame with the eyes closed furthest and the first with eyes that have
/// been open again for a moment; for each, the last frame before its start; for each that lasts long, a frame in the
/// middle of it; the first and the last frame; then, repeatedly, the frame nearest to the middle of the longest gap
/// between two chosen frames (of equal gaps or frames, the earlier). Returns fewer than the rows hold only if there are
/// fewer frames.
pub fn choose(frames: &[FrameRecord], moment: &Moment) -> Vec<Vec<usize>> {
    let chosen = of_moment(frames, moment, moment.rows * moment.columns);
    chosen.chunks(moment.columns).map(<[usize]>::to_vec).collect()
}

/// The frames of one moment that a strip shows, at most `share`.
fn of_moment(frames: &[FrameRecord], moment: &Moment, share: usize) -> Vec<usize> {
    let is_read = |&i: &usize| match moment.turn {
        Some(_) => frames[i].yaw().is_some(),
        None => frames[i].ears().is_some() && frames[i].gate().is_some_and(Gate::eyes_usable),
    };
    let read: Vec<usize> = moment.frames.clone().filter(is_read).collect();
    let time = |i: usize| frames[i].t_ms();
    let mut chosen = Vec::with_capacity(share);
    let mut take = |found: Option<usize>| {
        if let Some(index) = found
            && !chosen.contains(&index)
            && chosen.len() < share
        {
            chosen.insert(chosen.partition_point(|&c| c < index), index);
        }
    };
    // Each capture must agree with its own cell, so these come first.
    for &t_ms in &moment.captures {
        take((0..frames.len()).find(|i| time(*i) == t_ms && is_read(i)));
    }
    for t_ms in moment.turn.iter().flat_map(Turn::times) {
        take(read.iter().copied().find(|&i| time(i) == t_ms));
    }
    for eye_closure in &moment.eye_closures {
        take(read.iter().copied().find(|&i| time(i) == eye_closure.closed_ms));
        take(read.iter().copied().find(|&i| time(i) >= eye_closure.end_ms + OPENED_MS));
    }
    for eye_closure in &moment.eye_closures {
        take(read.iter().copied().rfind(|&i| time(i) < eye_closure.start_ms));
    }
    for eye_closure in moment.eye_closures.iter().filter(|closure| closure.end_ms > closure.start_ms + LONG_MS) {
        let middle_ms = eye_closure.start_ms.midpoint(eye_closure.end_ms);
        take(read.iter().copied().min_by_key(|&i| time(i).abs_diff(middle_ms)));
    }
    take(read.first().copied());
    take(read.last().copied());
    while chosen.len() < share {
        let Some(index) = middle_of_longest_gap(&read, &chosen, time) else { break };
        chosen.insert(chosen.partition_point(|&c| c < index), index);
    }
    chosen
}

/// The frame nearest to the middle of the longest gap between two chosen frames that has a frame in it.
fn middle_of_longest_gap(read: &[usize], chosen: &[usize], time: impl Fn(usize) -> u32) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    for pair in chosen.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let gap_ms = time(to) - time(from);
        let middle_ms = time(from) + gap_ms / 2;
        let inside = read.iter().copied().filter(|&i| from < i && i < to);
        if let Some(index) = inside.min_by_key(|&i| time(i).abs_diff(middle_ms))
            && best.is_none_or(|(longest_ms, _)| gap_ms > longest_ms)
        {
            best = Some((gap_ms, index));
        }
    }
    best.map(|(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six seconds at 30 frames a second; frames 50 to 59 cannot be read.
    fn frames() -> Vec<FrameRecord> {
        (0..180).map(|i| FrameRecord(i * 33, if (50..60).contains(&i) { -1 } else { 3000 }, 3000, 0, 0, 0)).collect()
    }

    fn moment(frames: Range<usize>, eye_closures: Vec<Blink>) -> Moment {
        Moment { frames, eye_closures, captures: Vec::new(), turn: None, is_prompted: true, rows: 1, columns: 8 }
    }

    #[test]
    fn the_turning_points_are_taken_and_the_rest_is_spread() {
        let blink = Blink { start_ms: 1320, closed_ms: 1386, end_ms: 1518 };
        let rows = choose(&frames(), &Moment { is_prompted: false, rows: NATURAL_ROWS, ..moment(20..70, vec![blink]) });
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [8; NATURAL_ROWS]);
        let chosen = rows.concat();
        for must in [20, 39, 42, 49, 69] {
            assert!(chosen.contains(&must), "{must}: {chosen:?}");
        }
        assert!(chosen.iter().all(|i| !(50..60).contains(i)), "frames without eyes are not cells: {chosen:?}");
        assert!(chosen.is_sorted_by(|a, b| a < b));
        let longest = chosen.windows(2).map(|two| two[1] - two[0]).max();
        assert_eq!(longest, Some(11), "nothing but the frames without eyes leaves a long gap: {chosen:?}");
    }

    #[test]
    fn a_step_fills_one_row_with_its_captures_first() {
        let eye_closure = |start: u32| Blink { start_ms: start, closed_ms: start + 66, end_ms: start + 198 };
        let twice = vec![eye_closure(2310), eye_closure(2640)];
        let rows = choose(&frames(), &Moment { captures: vec![1650, 2409], ..moment(65..110, twice) });
        let [chosen] = rows.try_into().unwrap();
        // A capture from before the step, one that is not the deepest frame, and both closures' turning points.
        assert_eq!(chosen.len(), 8);
        for must in [50, 69, 72, 73, 79, 82] {
            assert!(must == 50 || chosen.contains(&must), "{must}: {chosen:?}");
        }
    }

    #[test]
    fn a_long_closure_is_shown_in_its_middle_wherever_the_eyes_are_closed_furthest() {
        for closed_ms in [825, 2475, 4290] {
            let held = Blink { start_ms: 660, closed_ms, end_ms: 4422 };
            let columns = columns(4);
            let chosen = choose(&frames(), &Moment { columns, ..moment(0..150, vec![held]) }).concat();
            assert_eq!(chosen.len(), columns);
            let inside: Vec<u32> = chosen.iter().map(|&i| frames()[i].t_ms()).collect();
            let longest = inside.windows(2).map(|two| two[1] - two[0]).max();
            assert!(longest < Some(2200), "{closed_ms}: {inside:?}");
        }
    }

    #[test]
    fn few_frames_give_few_cells() {
        let blink = Blink { start_ms: 66, closed_ms: 99, end_ms: 132 };
        assert_eq!(choose(&frames()[..6], &moment(0..6, vec![blink])), [[0, 1, 2, 3, 4, 5]]);
        assert!(choose(&[], &moment(0..0, Vec::new())).is_empty());
    }

    #[test]
    fn a_turn_shows_its_start_its_peak_and_its_end_even_with_eyes_that_cannot_be_read() {
        let turned = Gate::Turned.number();
        let frames: Vec<FrameRecord> = (0..120)
            .map(|i| (i, 10 * (15 - (i as i32 - 60).abs()).clamp(0, 15)))
            .map(|(i, yaw)| FrameRecord(i * 33, 3000, 3000, 2 * yaw, 0, if yaw > 125 { turned } else { 0 }))
            .collect();
        let gesture = crate::prompt::Gesture::TurnLeft;
        let turn = Turn { gesture, rest_ms: 45 * 33, peak_ms: 60 * 33, back_ms: 75 * 33 };
        let moment = Moment { turn: Some(turn), ..moment(30..90, Vec::new()) };
        let chosen = of_moment(&frames, &moment, 8);
        assert_eq!(chosen.len(), 8);
        for must in [30, 45, 60, 75, 89] {
            assert!(chosen.contains(&must), "{must}: {chosen:?}");
        }
    }
}
