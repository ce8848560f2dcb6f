//! Turns of the head that a clip shows.

use std::ops::Range;

use super::face_seen::FaceSeen;

/// From here on, in degrees, a head has turned as far as it is asked to.
const TURNED_DEG: f32 = 14.0;
/// A head this close to where it rests has not begun to turn, or is back.
const REST_DEG: f32 = 4.0;
/// Longest time from rest to [`TURNED_DEG`] and back to rest, in seconds; people who are asked to turn do not dawdle.
const MAX_S: f64 = 1.0;
/// After [`TURNED_DEG`], the head may turn further for this long.
const FURTHER_S: f64 = 0.5;
/// While it is held, a turned head may sway back by this share.
const HELD: f32 = 0.85;
/// At its start and end, the face is where it is in the open frames, and as large: in face widths, and as a factor.
const MAX_AWAY: f32 = 0.3;
const MAX_GROWTH: f32 = 1.2;

/// One turn, as frames of a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordedTurn {
    /// From rest to the side.
    pub(super) away: Range<usize>,
    /// At the side: played back and forth while the head is held there.
    pub(super) held: Range<usize>,
    /// From the side back to rest.
    pub(super) back: Range<usize>,
}

impl RecordedTurn {
    /// The first turn to a side (1: the subject's own left, −1: their right) that fits to these open frames.
    pub(super) fn find(faces: &[Option<FaceSeen>], open: &Range<usize>, side: f32, rate: f64) -> Option<RecordedTurn> {
        let resting = faces.get(open.start + open.len() / 2)?.as_ref()?;
        let view = View { faces, resting, side };
        let frames = |seconds: f64| (seconds * rate) as usize;
        (0..faces.len()).filter(|&start| view.rests(start) && !view.rests(start + 1)).find_map(|start| {
            let reached = (start + 1..=start + frames(MAX_S)).find(|&i| view.turn(i) >= Some(TURNED_DEG))?;
            view.all_seen(start..reached).then_some(())?;
            let peak = view.furthest(reached..reached + frames(FURTHER_S) + 1)?;
            let is_held = |i: &usize| view.turn(*i) >= view.turn(peak).map(|turn| HELD * turn);
            let first = (reached..=peak).rev().take_while(is_held).last()?;
            let last = (peak..faces.len()).take_while(is_held).last()?;
            let rested = (last..=last + frames(MAX_S)).find(|&i| view.rests(i))?;
            view.all_seen(last..rested).then_some(RecordedTurn {
                away: start..first,
                held: first..peak + 1,
                back: last..rested + 1,
            })
        })
    }
}

/// The faces of a clip, seen from where the head rests in some of its frames.
struct View<'a> {
    faces: &'a [Option<FaceSeen>],
    resting: &'a FaceSeen,
    side: f32,
}

impl View<'_> {
    fn face(&self, index: usize) -> Option<&FaceSeen> {
        self.faces.get(index)?.as_ref()
    }

    /// How far the head is turned to the side, in degrees.
    fn turn(&self, index: usize) -> Option<f32> {
        self.face(index).map(|face| self.side * (face.yaw - self.resting.yaw))
    }

    fn rests(&self, index: usize) -> bool {
        let Some(face) = self.face(index) else { return false };
        let (rect, resting) = (&face.rect, &self.resting.rect);
        (face.yaw - self.resting.yaw).abs() <= REST_DEG
            && rect.center().distance(resting.center()) <= MAX_AWAY * resting.width
            && (1.0 / MAX_GROWTH..MAX_GROWTH).contains(&(rect.width / resting.width))
    }

    fn all_seen(&self, mut frames: Range<usize>) -> bool {
        frames.all(|i| self.face(i).is_some())
    }

    fn furthest(&self, frames: Range<usize>) -> Option<usize> {
        let turned = |i: usize| self.turn(i).unwrap_or(f32::MIN);
        frames.filter(|&i| self.face(i).is_some()).max_by(|&a, &b| turned(a).total_cmp(&turned(b)))
    }
}

#[cfg(test)]
mod tests {
    use engine::geometry::Rect;

    use super::*;

    fn faces(yaws: &[f32]) -> Vec<Option<FaceSeen>> {
        let face = |&yaw: &f32| FaceSeen { rect: Rect { x: 100.0, y: 100.0, width: 90.0, height: 120.0 }, yaw };
        yaws.iter().map(|yaw| Some(face(yaw))).collect()
    }

    #[test]
    fn a_turn_to_the_side_and_back_is_found_on_its_own_side() {
        let yaws = [2.0, 1.0, 2.0, 1.0, 9.0, 17.0, 20.0, 21.0, 20.0, 8.0, 3.0, 2.0, 2.0];
        let expected = RecordedTurn { away: 3..6, held: 6..8, back: 8..11 };
        for (side, yaws) in [(1.0, yaws), (-1.0, yaws.map(|yaw| -yaw))] {
            assert_eq!(RecordedTurn::find(&faces(&yaws), &(0..3), side, 10.0), Some(expected.clone()));
            assert_eq!(RecordedTurn::find(&faces(&yaws), &(0..3), -side, 10.0), None);
        }
    }

    #[test]
    fn turns_that_are_too_slow_or_do_not_come_back_or_end_elsewhere_are_left_out() {
        let quick = [0.0, 0.0, 9.0, 18.0, 9.0, 0.0];
        assert!(RecordedTurn::find(&faces(&quick), &(0..2), 1.0, 10.0).is_some());
        assert!(RecordedTurn::find(&faces(&quick), &(0..2), 1.0, 1.0).is_none(), "too slow");
        assert!(RecordedTurn::find(&faces(&quick[..5]), &(0..2), 1.0, 10.0).is_none(), "not back");
        let mut elsewhere = faces(&quick);
        elsewhere[5].as_mut().unwrap().rect.x += 40.0;
        assert!(RecordedTurn::find(&elsewhere, &(0..2), 1.0, 10.0).is_none(), "elsewhere");
    }
}
