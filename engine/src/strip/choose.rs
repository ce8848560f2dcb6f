//! Which frames become cells: recorded frames and counted eye closures in, frames out. A function of signed numbers
//! only.

use std::ops::Range;

use super::layout::CELLS;
use crate::blink::Blink;
use crate::frame_record::FrameRecord;
use crate::gate::Gate;
use crate::prompt::Round;

/// One step of a challenge: its frames, which belong to no other step, and the eye closures that were counted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Positions among the recorded frames.
    pub frames: Range<usize>,
    /// Its eye closures, oldest first.
    pub eye_closures: Vec<Blink>,
    /// Times of the frames that the captures were cut from, if they belong to one of these eye closures.
    pub captures: Vec<u32>,
}

/// Lids that have just opened are still moving, and read differently once the picture is shrunk.
pub(crate) const OPENED_MS: u32 = 100;

/// A moment begins this long before its gesture is asked for, so that the strip shows open eyes first.
const LEAD_MS: u32 = 600;

/// Without prompts, a moment begins this long before its blink.
const BLINK_LEAD_MS: u32 = 1500;

impl Moment {
    /// The moment of a round, which took these `frames` of the recorded ones.
    pub(crate) fn of_round(recorded: &[FrameRecord], frames: Range<usize>, round: &Round) -> Moment {
        let from_ms = round.asked_ms().unwrap_or(0).saturating_sub(LEAD_MS);
        Moment {
            frames: since(recorded, frames, from_ms),
            eye_closures: round.eye_closures().to_vec(),
            captures: Vec::new(),
        }
    }

    /// The moment of a blink, up to the last recorded frame.
    pub(crate) fn of_blink(recorded: &[FrameRecord], blink: Blink) -> Moment {
        let from_ms = blink.start_ms.saturating_sub(BLINK_LEAD_MS);
        Moment { frames: since(recorded, 0..recorded.len(), from_ms), eye_closures: vec![blink], captures: Vec::new() }
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

/// Returns the frames that a strip shows, oldest first, as positions in `frames`. The cells are shared evenly among the
/// moments.
///
/// Of each moment, only frames whose eyes were read are chosen, in this order: for each eye closure, the last frame
/// before its start, the one with the eyes closed furthest, and the first with eyes that have been open again for a
/// moment; the frames of the captures, which may be earlier than the moment; the first and the last frame; then,
/// repeatedly, the frame nearest to the middle of the longest gap between two chosen frames (of equal gaps or frames,
/// the earlier). Returns fewer than [`CELLS`] only if there are fewer frames, or if a capture's frame is also a cell of
/// the moment before.
pub fn choose(frames: &[FrameRecord], moments: &[Moment]) -> Vec<usize> {
    let share = CELLS / moments.len().max(1);
    let mut chosen: Vec<usize> = moments.iter().flat_map(|moment| of_moment(frames, moment, share)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The frames of one moment that a strip shows, at most `share`.
pub(crate) fn of_moment(frames: &[FrameRecord], moment: &Moment, share: usize) -> Vec<usize> {
    let is_read = |&i: &usize| frames[i].ears().is_some() && frames[i].gate().is_some_and(Gate::eyes_usable);
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
    for eye_closure in &moment.eye_closures {
        take(read.iter().copied().rfind(|&i| time(i) < eye_closure.start_ms));
        take(read.iter().copied().find(|&i| time(i) == eye_closure.closed_ms));
        take(read.iter().copied().find(|&i| time(i) >= eye_closure.end_ms + OPENED_MS));
    }
    for &t_ms in &moment.captures {
        take((0..frames.len()).find(|i| time(*i) == t_ms && is_read(i)));
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

    #[test]
    fn the_turning_points_are_taken_and_the_rest_is_spread() {
        let blink = Blink { start_ms: 1320, closed_ms: 1386, end_ms: 1518 };
        let chosen = choose(&frames(), &[Moment { frames: 20..70, eye_closures: vec![blink], captures: Vec::new() }]);
        assert_eq!(chosen.len(), CELLS);
        for must in [20, 39, 42, 49, 69] {
            assert!(chosen.contains(&must), "{must}: {chosen:?}");
        }
        assert!(chosen.iter().all(|i| !(50..60).contains(i)), "frames without eyes are not cells: {chosen:?}");
        assert!(chosen.is_sorted_by(|a, b| a < b));
        let longest = chosen.windows(2).map(|two| two[1] - two[0]).max();
        assert_eq!(longest, Some(11), "nothing but the frames without eyes leaves a long gap: {chosen:?}");
    }

    #[test]
    fn three_steps_share_the_cells() {
        let eye_closure = |start: u32| Blink { start_ms: start, closed_ms: start + 66, end_ms: start + 198 };
        let twice = vec![eye_closure(2310), eye_closure(2640)];
        let moments = [
            Moment { frames: 0..45, eye_closures: vec![eye_closure(660)], captures: Vec::new() },
            Moment { frames: 60..110, eye_closures: twice, captures: vec![1980, 2376] },
            Moment {
                frames: 120..180,
                eye_closures: vec![Blink { start_ms: 4290, closed_ms: 4950, end_ms: 5610 }],
                captures: Vec::new(),
            },
        ];
        let chosen = choose(&frames(), &moments);
        assert_eq!(chosen.len(), CELLS);
        for moment in &moments {
            assert_eq!(chosen.iter().filter(|i| moment.frames.contains(i)).count(), 8);
        }
    }

    #[test]
    fn few_frames_give_few_cells() {
        let blink = Blink { start_ms: 66, closed_ms: 99, end_ms: 132 };
        let chosen =
            choose(&frames()[..6], &[Moment { frames: 0..6, eye_closures: vec![blink], captures: Vec::new() }]);
        assert_eq!(chosen, [0, 1, 2, 3, 4, 5]);
        assert!(choose(&[], &[]).is_empty());
    }
}
