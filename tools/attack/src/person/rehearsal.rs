//! What the person in a clip can be made to do: blinks and open eyes next to them, and turns of the head.

use std::ops::Range;
use std::sync::OnceLock;

use accuracy::material::{CountedBlink, DoubtfulBlink};
use accuracy::video::WholeClip;
use clip_maker::turn::{Shape, Turn};
use engine::{Picture, Thresholds, Tracker};
use engine_compact::Models;

use super::face_seen::FaceSeen;
use super::recorded_turn::RecordedTurn;
use crate::whole_mesh::whole_mesh;

/// Maximum number of open frames that are played back and forth next to a blink: few, so that the head does not jump when
/// the blink starts.
const MAX_OPEN: usize = 45;
/// Minimum number of open frames; fewer do not show open eyes for long enough.
const MIN_OPEN: usize = 8;
/// While the eyes are open, the head turns by no more than this from where it is next to the blink, in degrees, and is there
/// turned by no more than this from where it is in the scene that faces the camera best: people at a check look at the camera.
const RESTING_DEG: f32 = 5.0;

/// A clip, and what can be played of it.
pub(crate) struct Rehearsal<'a> {
    pub(super) clip: &'a WholeClip,
    pub(super) scenes: Vec<Scene>,
    /// For drawn turns: the face in each frame that was needed so far.
    turns: Vec<OnceLock<Option<Turn>>>,
}

/// A blink and open eyes next to it, as frames of one clip.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Frames with open eyes, just before or just after the blink.
    pub(super) open: Range<usize>,
    pub(super) blink: Range<usize>,
    /// The frame of deepest closure.
    pub(super) deepest: usize,
    /// Turns that begin and end with the head as it is in the open frames: to the subject's own left, and to their right.
    pub(super) turns: [Option<RecordedTurn>; 2],
}

impl<'a> Rehearsal<'a> {
    /// Reads all frames of a clip. `counted` and `doubtful`: what the lids do in all clips.
    ///
    /// # Errors
    /// If a network fails.
    pub(crate) fn of(
        clip: &'a WholeClip,
        (counted, doubtful): (&[CountedBlink], &[DoubtfulBlink]),
        models: &Models,
    ) -> anyhow::Result<Rehearsal<'a>> {
        let own: Vec<&CountedBlink> = counted.iter().filter(|blink| blink.video == clip.name).collect();
        let others = doubtful.iter().filter(|blink| blink.video == clip.name);
        let others: Vec<Range<usize>> = others.map(|blink| blink.start_frame..blink.end_frame).collect();
        let mut scenes: Vec<Scene> = (0..own.len()).filter_map(|index| Scene::of(clip, &own, &others, index)).collect();
        if scenes.is_empty() {
            return Ok(Rehearsal { clip, scenes, turns: Vec::new() });
        }
        let mut tracker = Tracker::new(models.networks());
        let read = |(i, frame): (usize, &Picture)| {
            let t_ms = i as f64 * 1000.0 / clip.rate;
            let face = tracker.read(&frame.as_frame(), t_ms, &Thresholds::V8)?.face;
            anyhow::Ok(face.map(|face| FaceSeen { rect: face.rect, yaw: face.pose.yaw }))
        };
        let faces: Vec<Option<FaceSeen>> = clip.frames.iter().enumerate().map(read).collect::<anyhow::Result<_>>()?;
        scenes.retain_mut(|scene| scene.keep_resting(&faces));
        let yaws: Vec<f32> = scenes.iter().filter_map(|scene| scene.yaw(&faces)).collect();
        let frontal = yaws.into_iter().min_by(|a, b| a.abs().total_cmp(&b.abs()));
        scenes.retain(|scene| scene.yaw(&faces).zip(frontal).is_some_and(|(a, b)| (a - b).abs() <= RESTING_DEG));
        for scene in &mut scenes {
            scene.turns = [1.0, -1.0].map(|side| RecordedTurn::find(&faces, &scene.open, side, clip.rate));
        }
        let turns = faces.iter().map(|_| OnceLock::new()).collect();
        Ok(Rehearsal { clip, scenes, turns })
    }

    /// Where the turns of the head come from: for the left and the right, whether a real one is played after every blink,
    /// after some, or after none. The others are drawn.
    pub(crate) fn turns(&self) -> String {
        let of = |side: usize| match self.scenes.iter().filter(|scene| scene.turns[side].is_some()).count() {
            0 => "drawn",
            real if real == self.scenes.len() => "real",
            _ => "some real",
        };
        format!("left turn {}, right {}", of(0), of(1))
    }

    /// A frame of the clip, with the head turned by `yaw` degrees more than it is.
    pub(super) fn turned(&self, index: usize, yaw: f32) -> anyhow::Result<Picture> {
        let picture = &self.clip.frames[index];
        if yaw == 0.0 {
            return Ok(picture.clone());
        }
        if self.turns[index].get().is_none() {
            let turn = whole_mesh(picture)?.map(|mesh| Turn::new(&mesh, Shape::Head));
            self.turns[index].get_or_init(|| turn);
        }
        match self.turns[index].get() {
            Some(Some(turn)) => Ok(turn.picture(picture, yaw)?),
            _ => Ok(picture.clone()),
        }
    }
}

impl Scene {
    /// The scene of the blink at `index`, without turns. `None` if the blink is unsuitable as a gesture (long, or starting
    /// before the previous one has ended) or has too few open frames next to it. `others`: frames in which the lids move
    /// otherwise, or are closed for long.
    fn of(clip: &WholeClip, counted: &[&CountedBlink], others: &[Range<usize>], index: usize) -> Option<Scene> {
        let blink = counted[index];
        let is_short = (blink.end_frame - blink.start_frame) as f64 <= 0.5 * clip.rate;
        let is_separate = index == 0 || blink.start_frame > counted[index - 1].end_frame + 2;
        let last = clip.frames.len();
        let before = index.checked_sub(1).map_or(0, |i| counted[i].end_frame + 5)..blink.start_frame.saturating_sub(4);
        let after = blink.end_frame + 5..counted.get(index + 1).map_or(last, |next| next.start_frame.saturating_sub(4));
        let before = others
            .iter()
            .filter(|other| other.start < before.end)
            .fold(before.clone(), |open, other| open.start.max(other.end + 5).min(open.end)..open.end);
        let after = others
            .iter()
            .filter(|other| other.end > after.start)
            .fold(after.clone(), |open, other| open.start..open.end.min(other.start.saturating_sub(4)).max(open.start));
        let open = if before.len() >= after.len() {
            before.start.max(before.end.saturating_sub(MAX_OPEN))..before.end
        } else {
            after.start..after.end.min(after.start + MAX_OPEN)
        };
        (is_short && is_separate && open.len() >= MIN_OPEN).then_some(Scene {
            open,
            blink: blink.start_frame.saturating_sub(2)..(blink.end_frame + 3).min(last),
            deepest: blink.closed_frame,
            turns: [None, None],
        })
    }

    /// How far the head is turned in the middle of the open frames.
    fn yaw(&self, faces: &[Option<FaceSeen>]) -> Option<f32> {
        faces[self.open.start + self.open.len() / 2].as_ref().map(|face| face.yaw)
    }

    /// Shortens the open frames to those next to the blink in which the head rests. Returns whether enough are left.
    fn keep_resting(&mut self, faces: &[Option<FaceSeen>]) -> bool {
        let Range { start, end } = self.open;
        let yaw = |i: usize| faces[i].as_ref().map(|face| face.yaw);
        let rests =
            |from: usize, i: usize| yaw(from).zip(yaw(i)).is_some_and(|(rest, yaw)| (yaw - rest).abs() <= RESTING_DEG);
        self.open = if end <= self.blink.start {
            let kept = (start..end).rev().take_while(|&i| rests(end - 1, i)).count();
            end - kept..end
        } else {
            let kept = (start..end).take_while(|&i| rests(start, i)).count();
            start..start + kept
        };
        self.open.len() >= MIN_OPEN
    }
}
