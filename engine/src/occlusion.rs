//! Occlusion: has something come between the eyes and the camera? Skin around the eyes in, yes or no out.
//!
//! To the mesh, a hand or a card in front of a photograph can look like closed lids. A blink changes the lids and leaves
//! the skin around them as it was a moment ago; a hand changes both. So the context of the eyes is compared with that in
//! the last frame with open eyes.
//!
//! A bar or a pencil leaves most of that skin as it was, but covers the bridge of the nose. That sign is weaker: glasses
//! that slide and a head that moves change the bridge too. It counts only for lids that read half closed. Real lids close
//! further behind glasses as well, which a bar in front of a photograph hardly ever makes them seem to do.

use crate::eye_context::EyeContext;
use crate::stats::{correlation, deviation, mean, median};
use crate::thresholds::OcclusionThresholds;

/// Remembers the context of open eyes and checks later frames against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OcclusionWatch {
    seen_open: Option<(u32, EyeContext)>,
}

impl OcclusionWatch {
    /// Whether something has come between the eyes and the camera since the eyes were last seen open. `half_closed`: how
    /// the lids read now.
    pub(crate) fn is_occluded(
        &mut self,
        t_ms: u32,
        now: &EyeContext,
        half_closed: bool,
        limits: &OcclusionThresholds,
    ) -> bool {
        // An old context says nothing: people move.
        self.seen_open.take_if(|(seen_ms, _)| t_ms.abs_diff(*seen_ms) > limits.remember_ms);
        self.seen_open.as_ref().is_some_and(|(_, before)| change(now, before).is_occlusion(half_closed, limits))
    }

    /// Takes in a frame with open, visible eyes. Only the last one is kept: also checking against an older one (half a
    /// second) found no more occlusions and raised twice as many false alarms for people who move.
    pub(crate) fn see_open(&mut self, t_ms: u32, now: EyeContext) {
        self.seen_open = Some((t_ms, now));
    }
}

/// How the context of the eyes changed from `before` to `now`.
fn change(now: &EyeContext, before: &EyeContext) -> Change {
    let lumas = now.cells().zip(before.cells());
    let skin: Vec<Cell> =
        lumas.map(|((at, now), (_, then))| Cell { at, now, then }).filter(|cell| !is_eye(cell.at)).collect();
    // The light may have changed: a change that most of the skin shares is not an occlusion.
    let common = median(skin.iter().map(Cell::change).collect());
    let bridge: Vec<&Cell> = skin.iter().filter(|cell| is_bridge(cell.at)).collect();
    let rows = bridge.chunk_by(|a, b| a.at.1 == b.at.1);
    let most = rows.map(|row| mean(row.iter().map(|cell| cell.change() - common)).abs()).fold(0.0, f32::max);
    let pairs: Vec<(f32, f32)> = skin.iter().map(|cell| (cell.now, cell.then)).collect();
    let then: Vec<f32> = skin.iter().map(|cell| cell.then).collect();
    let spread = deviation(&then);
    // If the face has hardly more contrast than the sensor has noise, the correlation is noise too.
    let similarity = if spread < MIN_CONTRAST { 1.0 } else { correlation(&pairs) };
    Change { similarity, bridge: most / spread.max(MIN_SPREAD) }
}

/// A cell of the grid and its luma in two frames.
struct Cell {
    at: (f32, f32),
    now: f32,
    then: f32,
}

impl Cell {
    fn change(&self) -> f32 {
        self.now - self.then
    }
}

/// How the context of the eyes changed from one frame to another.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// Correlation of the luma around the eyes, −1 to 1; 1 if there is too little contrast to say.
    similarity: f32,
    /// How much brighter or darker than the rest the most changed row of the nose bridge became, in standard deviations
    /// of the luma around the eyes. Whatever covers both eyes also covers the bridge, if only with a line.
    bridge: f32,
}

impl Change {
    /// Whether something came between the eyes and the camera.
    fn is_occlusion(&self, half_closed: bool, limits: &OcclusionThresholds) -> bool {
        self.similarity < limits.min_similarity || (half_closed && self.bridge > limits.max_bridge)
    }
}

/// Spread in grey levels from which similarity is meaningful: noise of 6 grey levels still leaves 0.6.
const MIN_CONTRAST: f32 = 8.0;

/// Least spread in grey levels, assumed even for a flat face: sensor noise.
const MIN_SPREAD: f32 = 3.0;

/// The bridge of the nose between the inner corners.
fn is_bridge((x, y): (f32, f32)) -> bool {
    x.abs() < 0.1 && y.abs() < 0.1
}

/// The lids and their folds: an eye is a third of the distance between the outer corners wide and ends at ±0.5.
fn is_eye((x, y): (f32, f32)) -> bool {
    (0.12..0.56).contains(&x.abs()) && (-0.15..0.13).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::geometry::Point;
    use crate::mesh::LANDMARKS;
    use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER};
    use crate::thresholds::Thresholds;

    const SIDE: usize = 200;

    /// A face of soft patches whose outer eye corners lie at (60, 100) and (140, 100), moved to the right and lit;
    /// `paint` draws what is in front of it.
    fn context(shift: usize, light: f32, paint: fn(usize, usize) -> Option<f32>) -> EyeContext {
        let pixel = |x: usize, y: usize| {
            let (u, v) = ((x + SIDE - shift) as f32 / 9.0, y as f32 / 11.0);
            paint(x, y).unwrap_or(light * (120.0 + 40.0 * u.sin() * v.cos() + 20.0 * (v / 3.0).sin()))
        };
        let rgb: Vec<u8> = (0..SIDE * SIDE).flat_map(|i| [pixel(i % SIDE, i / SIDE) as u8; 3]).collect();
        let mut points = vec![Point::default(); LANDMARKS];
        points[RIGHT_EYE_OUTER] = Point::new(60.0 + shift as f32, 100.0);
        points[LEFT_EYE_OUTER] = Point::new(140.0 + shift as f32, 100.0);
        EyeContext::sample(&Picture::from_rgb(&rgb, SIDE, SIDE).unwrap().as_frame(), &points).unwrap()
    }

    fn nothing(_: usize, _: usize) -> Option<f32> {
        None
    }

    #[test]
    fn occlusion_is_told_from_lids_light_and_motion() {
        type Paint = fn(usize, usize) -> Option<f32>;
        let card: Paint = |_, y| (60..150).contains(&y).then_some(128.0);
        let lids: Paint = |x, y| ((66..90).contains(&x) && (93..106).contains(&y)).then_some(90.0);
        let limits = Thresholds::V8.occlusion;
        let bar: Paint = |x, y| (50..150).contains(&x).then_some(30.0).filter(|_| (95..106).contains(&y));
        let pencil: Paint = |x, y| (50..150).contains(&x).then_some(30.0).filter(|_| (98..101).contains(&y));
        let cases = [
            ("lids that close", context(0, 1.0, lids), true, false),
            ("a face that moves", context(23, 1.0, nothing), true, false),
            ("light that goes down", context(0, 0.7, nothing), true, false),
            ("a card", context(0, 1.0, card), false, true),
            ("a bar over half closed eyes", context(0, 1.0, bar), true, true),
            ("a bar, and eyes that are open or closed", context(0, 1.0, bar), false, false),
            ("a pencil over half closed eyes", context(0, 1.0, pencil), true, true),
        ];
        for (what, now, half_closed, occluded) in cases {
            let mut watch = OcclusionWatch::default();
            assert!(!watch.is_occluded(0, &now, half_closed, &limits), "{what}: nothing is remembered yet");
            watch.see_open(0, context(0, 1.0, nothing));
            let change = change(&now, &context(0, 1.0, nothing));
            assert_eq!(watch.is_occluded(100, &now, half_closed, &limits), occluded, "{what}: {change:?}");
            assert!(!watch.is_occluded(5000, &now, half_closed, &limits), "{what}: an old context is forgotten");
        }
    }

    #[test]
    fn glasses_that_slide_a_little_are_not_an_occlusion() {
        let before = context(0, 1.0, |_, y| (94..98).contains(&y).then_some(90.0));
        let after = context(0, 1.0, |_, y| (95..99).contains(&y).then_some(90.0));
        let change = change(&after, &before);
        assert!(!change.is_occlusion(true, &Thresholds::V8.occlusion), "{change:?}");
    }
}
