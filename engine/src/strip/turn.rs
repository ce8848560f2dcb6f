//! The turn of the head in a strip: the recorded numbers and the meshes of its cells in; how far the head turned, how
//! much it differs from a turned plane, and the first failed check out.

use serde::{Deserialize, Serialize};

use super::cell::{CellPart, CellScore, ReadCell};
use super::choose::Moment;
use super::plane;
use crate::frame_record::FrameRecord;
use crate::reason::Reason;
use crate::thresholds::StripThresholds;

/// What this frame's cell is judged for in its moment.
pub(super) fn part(frames: &[FrameRecord], moment: &Moment, index: usize) -> CellPart {
    let Some(turn) = moment.turn else { return CellPart::Lids };
    let at_rest = yaw_at(frames, turn.rest_ms).zip(frames[index].yaw());
    let is_frontal = at_rest.is_some_and(|(rest, yaw)| (yaw - rest).abs() <= FRONTAL_TENTHS);
    if is_frontal { CellPart::Frontal } else { CellPart::Turned }
}

/// A head turned by less than this reads as similar to itself from the front as any other cell, in tenths of a degree.
const FRONTAL_TENTHS: i32 = 60;

/// The turn as it was read in the cells. Angles are in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnScore {
    /// How far the head turned between the cells before the turn and at its peak; positive if as asked.
    pub angle: f32,
    /// How far from where it rested it is in the cell after the turn.
    pub back: f32,
    /// What the best plane leaves over of the way that the face's rigid points moved between the cells before the turn
    /// and at its peak: root mean square over distance of the eyes. It does not separate people (0.026 to 0.060) from
    /// photographs that software bends, so a low value decides nothing and marks the event ([`super::Signal::Depth`]).
    pub residual: f32,
    /// `residual` for each degree of `angle`.
    pub ratio: f32,
}

/// Reads the turn of the moment that has one. `None` if there is none, or a cell that must show it cannot be read.
pub(super) fn score(frames: &[FrameRecord], moments: &[Moment], read: &[Vec<ReadCell>]) -> Option<TurnScore> {
    let (turn, cells) = moments.iter().zip(read).find_map(|(moment, cells)| Some((moment.turn?, cells)))?;
    let cell_at = |t_ms: u32| cells.iter().find(|cell| frames[cell.index].t_ms() == t_ms)?.face.as_ref();
    let [rest, peak, back] = turn.times().map(cell_at);
    let (rest, peak, back) = (rest?, peak?, back?);
    let side = turn.gesture.side()? as f32;
    let angle = side * (peak.yaw? - rest.yaw?);
    let residual = plane::residual(&rest.points, &peak.points)?;
    let ratio = if angle.abs() < 1.0 { 0.0 } else { residual / angle.abs() };
    Some(TurnScore { angle, back: (back.yaw? - rest.yaw?).abs(), residual, ratio })
}

/// Judges the poses in the cells of these moments.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(super) fn check(
    turn: Option<TurnScore>,
    cells: &[CellScore],
    moments: &[Moment],
    limits: &StripThresholds,
) -> Result<(), Reason> {
    let differs = |cell: &&CellScore| {
        cell.yaw.is_some_and(|yaw| !yaw.is_finite() || (yaw - cell.yaw_claimed).abs() > limits.max_yaw_difference)
    };
    if cells.iter().filter(differs).count() > limits.max_yaw_outliers {
        return Err(Reason::PoseMismatch);
    }
    let is_asked = moments.iter().any(|moment| moment.turn.is_some());
    let shows = |turn: TurnScore| turn.angle >= limits.min_turn_deg && turn.back <= limits.max_back_deg;
    (!is_asked || turn.is_some_and(shows)).then_some(()).ok_or(Reason::TurnNotShown)
}

fn yaw_at(frames: &[FrameRecord], t_ms: u32) -> Option<i32> {
    frames.iter().find(|frame| frame.t_ms() == t_ms)?.yaw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Gesture, Turn};
    use crate::thresholds::Thresholds;

    /// The moment of a turn to the left in frames that are 100 ms apart.
    fn moment() -> Moment {
        let turn = Turn { gesture: Gesture::TurnLeft, rest_ms: 200, peak_ms: 500, back_ms: 800 };
        Moment {
            frames: 0..10,
            eye_closures: Vec::new(),
            captures: Vec::new(),
            turn: Some(turn),
            is_prompted: true,
            rows: 1,
            columns: 8,
        }
    }

    fn cell(part: CellPart, yaw_claimed: f32, yaw: Option<f32>) -> CellScore {
        CellScore { part, yaw_claimed, yaw, ..CellScore::read_as_claimed(0, 0.3) }
    }

    #[test]
    fn a_turn_counts_only_if_the_cells_show_it() {
        let turn = |angle, back| Some(TurnScore { angle, back, residual: 0.04, ratio: 0.003 });
        let cases = [
            ("a turn", turn(16.0, 2.0), Ok(())),
            ("no cells that show it", None, Err(Reason::TurnNotShown)),
            ("a photograph that turns by 40°", turn(6.6, 1.0), Err(Reason::TurnNotShown)),
            ("a turn to the other side", turn(-16.0, 2.0), Err(Reason::TurnNotShown)),
            ("a turn without a way back", turn(16.0, 12.0), Err(Reason::TurnNotShown)),
            ("numbers that are none", turn(f32::NAN, 2.0), Err(Reason::TurnNotShown)),
        ];
        for (what, turn, expected) in cases {
            assert_eq!(check(turn, &[], &[moment()], &Thresholds::V8.strip), expected, "{what}");
            let lids = Moment { turn: None, ..moment() };
            assert_eq!(check(turn, &[], &[lids], &Thresholds::V8.strip), Ok(()), "{what}: not asked for");
        }
    }

    #[test]
    fn a_claimed_yaw_that_is_not_in_the_pixels_is_found_in_every_kind_of_cell() {
        let turn = Some(TurnScore { angle: 16.0, back: 1.0, residual: 0.04, ratio: 0.003 });
        for part in [CellPart::Lids, CellPart::Frontal, CellPart::Turned] {
            let mismatch = Err(Reason::PoseMismatch);
            let cases: [(&[Option<f32>], _); 6] = [
                (&[Some(14.5), Some(18.0), None], Ok(())),
                (&[Some(14.5), Some(2.0), Some(15.0)], Ok(())),
                (&[Some(9.0), Some(9.0)], mismatch),
                (&[Some(23.0), Some(9.0)], mismatch),
                (&[Some(0.0), None, Some(0.0)], mismatch),
                (&[Some(f32::NAN), Some(f32::NAN)], mismatch),
            ];
            for (yaws, expected) in cases {
                let cells: Vec<CellScore> = yaws.iter().map(|&yaw| cell(part, 16.0, yaw)).collect();
                let judged = check(turn, &cells, &[moment()], &Thresholds::V8.strip);
                assert_eq!(judged, expected, "{part:?}: 16° claimed, {yaws:?} read");
            }
        }
    }

    #[test]
    fn cells_of_a_turn_are_frontal_until_the_head_has_turned() {
        let yaws = [10, 0, 20, 60, 120, 180, 140, 70, 30, 10];
        let frames: Vec<FrameRecord> =
            yaws.iter().enumerate().map(|(i, &yaw)| FrameRecord(100 * i as u32, 3000, 3000, yaw, 0, 0)).collect();
        let frontal: Vec<usize> =
            (0..frames.len()).filter(|&i| part(&frames, &moment(), i) == CellPart::Frontal).collect();
        assert_eq!(frontal, [0, 1, 2, 3, 7, 8, 9]);
        let lids = Moment { turn: None, ..moment() };
        assert_eq!(part(&frames, &lids, 5), CellPart::Lids);
    }
}
