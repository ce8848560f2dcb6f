//! Capture selection: frames and their observations in, the two pictures of an attempt out.
//!
//! Open: the sharpest frontal frame of the last seconds near the person's own open level. Closed: the frame of the
//! counted blink with the eyes closed furthest, or a sharper one nearly as far: lids move fast, and a smear proves
//! nothing. Only crops of the best candidates are held, never a series of frames.

use crate::blink::{Blink, EyeState};
use crate::crop;
use crate::error::EngineError;
use crate::frame::{Frame, FrameError, Picture};
use crate::gate::Gate;
use crate::geometry::Point;
use crate::session::Observation;
use crate::strip::Cell;
use crate::tracker::Face;

/// A head cut out of a frame.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// Time of its frame.
    pub(crate) t_ms: u32,
    /// The head with a margin, at most [`MAX_SIDE`] pixels a side.
    pub(crate) picture: Picture,
    /// The same face as a cell of the strip.
    pub(crate) cell: Cell,
}

/// The best candidates so far.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    open: Option<(f32, Capture)>,
    closed: Option<(f32, Capture)>,
    /// The last frame ended an eye closure, whose closed candidate is of no use to the next one.
    blinked: bool,
}

/// An open frame older than this is replaced by any newer one: both captures should show one moment, even if the eyes
/// are held closed for a while.
const OPEN_KEEPS_MS: u32 = 2000;

/// Side of the crop in units of the tracking region, which is 1.5 faces wide: shows hair and chin and leaves room for
/// the detector.
const MARGIN: f32 = 1.25;

/// Longest side of a capture in pixels. More pixels do not make lids more readable (the mesh sees 192) and take longer
/// to upload.
const MAX_SIDE: f32 = 480.0;

/// Sides are multiples of this: JPEG with colours at half the resolution works in squares of 16 pixels, and an
/// incomplete square costs as much as a full one.
const BLOCK: usize = 16;

impl Selector {
    /// Looks at the next frame. `cell` shows the face of `seen`.
    ///
    /// # Errors
    /// [`EngineError`] if the crop could not be made.
    pub(crate) fn push(&mut self, frame: &Frame, seen: &Observation, cell: Option<&Cell>) -> Result<(), EngineError> {
        let lids = &seen.lids;
        if lids.state == EyeState::Unknown {
            self.closed = None;
        }
        if std::mem::take(&mut self.blinked) {
            self.closed = None;
        }
        self.blinked = lids.eye_closure.is_some();
        let (Some(face), Some(cell), Some(openness)) = (&seen.face, cell, lids.openness) else { return Ok(()) };
        let cut = || cut(frame, face, cell, seen.t_ms);
        match lids.state {
            EyeState::Open => {
                // An eye closure that just ended still needs its closed frame, and its last frame has half-open eyes.
                // Any other dip is over.
                if lids.eye_closure.is_some() {
                    return Ok(());
                }
                self.closed = None;
                let score = open_score(face, openness);
                if seen.gate == Gate::Ok && self.is_better_open(score, seen.t_ms) {
                    self.open = Some((score, cut()?));
                }
            }
            EyeState::Closing | EyeState::Closed | EyeState::Opening => {
                let score = closed_score(face, openness);
                if self.closed.as_ref().is_none_or(|&(best, _)| score > best) {
                    self.closed = Some((score, cut()?));
                }
            }
            EyeState::Unknown => {}
        }
        Ok(())
    }

    /// Both captures of an eye closure that has just ended, if both are held.
    pub(crate) fn captures(&self, blink: &Blink) -> Option<(&Capture, &Capture)> {
        let (_, open) = self.open.as_ref()?;
        let (_, closed) = self.closed.as_ref()?;
        (blink.start_ms..blink.end_ms).contains(&closed.t_ms).then_some((open, closed))
    }

    fn is_better_open(&self, score: f32, t_ms: u32) -> bool {
        self.open.as_ref().is_none_or(|(best, held)| score > *best || t_ms - held.t_ms > OPEN_KEEPS_MS)
    }
}

/// Higher is better: sharp, frontal and near the person's own open level (neither half closed nor staring).
fn open_score(face: &Face, openness: f32) -> f32 {
    let frontal = (1.0 - face.pose.yaw.abs() / 90.0) * (1.0 - face.pose.pitch.abs() / 90.0);
    let near_level = (1.0 - (1.0 - openness).abs()).max(0.0);
    face.quality.sharpness.min(1.0) * frontal * near_level
}

/// Higher is better: closed and not smeared. Full sharpness weighs as much as a tenth of openness.
fn closed_score(face: &Face, openness: f32) -> f32 {
    0.1 * face.quality.sharpness.min(1.0) - openness
}

/// Cuts the head with its margin out of the frame, upright, and shrinks it if it is large.
fn cut(frame: &Frame, face: &Face, cell: &Cell, t_ms: u32) -> Result<Capture, EngineError> {
    let half = face.region.size * MARGIN / 2.0;
    let center = face.region.center;
    let (left, top) = ((center.x - half).max(0.0).floor(), (center.y - half).max(0.0).floor());
    let width = (center.x + half).min(frame.width() as f32).floor() - left;
    let height = (center.y + half).min(frame.height() as f32).floor() - top;
    if !(width >= 1.0 && height >= 1.0) {
        return Err(FrameError::Empty.into());
    }
    let shrink = (width.max(height) / MAX_SIDE).max(1.0);
    let (columns, rows) = (whole_blocks(width / shrink), whole_blocks(height / shrink));
    // The remainder is cut off evenly on both sides.
    let left = left + ((width - columns as f32 * shrink) / 2.0).floor();
    let top = top + ((height - rows as f32 * shrink) / 2.0).floor();
    let mut rgba = Vec::with_capacity(columns * rows * 4);
    for row in 0..rows {
        for column in 0..columns {
            let corner = Point::new(left + column as f32 * shrink, top + row as f32 * shrink);
            let [r, g, b] = mean_rgb(frame, corner, shrink);
            rgba.extend([r, g, b, 255]);
        }
    }
    Ok(Capture { t_ms, picture: Picture::new(rgba, columns, rows)?, cell: cell.clone() })
}

/// A side in pixels, rounded down to whole blocks if it holds any.
fn whole_blocks(side: f32) -> usize {
    let side = side as usize;
    if side < BLOCK { side } else { side / BLOCK * BLOCK }
}

/// The mean colour of the square of `side` pixels with this corner. A square of one pixel is that pixel unchanged.
fn mean_rgb(frame: &Frame, corner: Point, side: f32) -> [u8; 3] {
    let samples = side.ceil();
    let step = side / samples;
    let offsets = || (0..samples as usize).map(|i| (i as f32 + 0.5) * step - 0.5);
    let mut sum = [0.0; 3];
    for (dx, dy) in offsets().flat_map(|dy| offsets().map(move |dx| (dx, dy))) {
        let rgb = crop::rgb_at(frame, Point::new(corner.x + dx, corner.y + dy));
        sum = std::array::from_fn(|channel| sum[channel] + f32::from(rgb[channel]));
    }
    sum.map(|sum| (sum / (samples * samples)).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blink::BlinkUpdate;
    use crate::geometry::{Rect, Region};
    use crate::glare::Glare;
    use crate::mesh::Mesh;
    use crate::pose::Pose;
    use crate::quality::Quality;

    const REGION: Region = Region { center: Point::new(50.0, 50.0), size: 40.0, angle: 0.0 };

    fn seen(t_ms: u32, state: EyeState, openness: f32, sharpness: f32) -> Observation {
        let face = Face {
            mesh: Mesh { points: Vec::new(), depths: Vec::new(), presence: 1.0 },
            crop: REGION,
            region: REGION,
            rect: Rect { x: 35.0, y: 35.0, width: 30.0, height: 30.0 },
            ears: None,
            pose: Pose::default(),
            quality: Quality { sharpness, light: 100.0, clipped: 0.0 },
            glare: Glare::default(),
            eye_context: None,
        };
        Observation {
            t_ms,
            faces: 1,
            face: Some(face),
            ears: None,
            gate: Gate::Ok,
            direction: None,
            lids: BlinkUpdate { state, openness: Some(openness), blink: None, eye_closure: None },
        }
    }

    fn selector(frames: &[(u32, EyeState, f32, f32)]) -> Selector {
        let picture = Picture::from_rgb(&vec![7; 100 * 100 * 3], 100, 100).unwrap();
        let cell = Cell::cut(&picture.as_frame(), &REGION);
        let mut selector = Selector::default();
        for &(t, state, openness, sharpness) in frames {
            selector.push(&picture.as_frame(), &seen(t, state, openness, sharpness), Some(&cell)).unwrap();
        }
        selector
    }

    const BLINK: Blink = Blink { start_ms: 200, closed_ms: 300, end_ms: 500 };

    #[test]
    fn the_sharpest_open_and_the_deepest_closed_frame_are_taken() {
        let selector = selector(&[
            (0, EyeState::Open, 1.0, 0.3),
            (100, EyeState::Open, 1.0, 0.6),
            (150, EyeState::Open, 1.0, 0.5),
            (200, EyeState::Closing, 0.6, 0.9),
            (300, EyeState::Closed, 0.1, 0.1),
            (400, EyeState::Opening, 0.6, 0.9),
        ]);
        let (open, closed) = selector.captures(&BLINK).unwrap();
        assert_eq!((open.t_ms, closed.t_ms), (100, 300));
        assert_eq!(
            closed.picture.as_frame().width(),
            48,
            "whole blocks of the 50 pixels of the region with its margin"
        );
    }

    #[test]
    fn a_sharp_closed_frame_is_worth_a_little_depth() {
        let of = |second: (f32, f32)| {
            let (openness, sharpness) = second;
            let frames = [
                (0, EyeState::Open, 1.0, 0.3),
                (300, EyeState::Closed, 0.10, 0.1),
                (333, EyeState::Closed, openness, sharpness),
            ];
            selector(&frames).captures(&BLINK).unwrap().1.t_ms
        };
        assert_eq!(of((0.15, 0.8)), 333);
        assert_eq!(of((0.45, 1.0)), 300);
    }

    #[test]
    fn a_dip_that_was_no_blink_leaves_no_closed_capture() {
        let frames =
            [(0, EyeState::Open, 1.0, 0.3), (300, EyeState::Closing, 0.6, 0.9), (400, EyeState::Open, 1.0, 0.2)];
        assert!(selector(&frames).captures(&BLINK).is_none());
    }

    #[test]
    fn an_old_open_frame_is_replaced() {
        let frames =
            [(0, EyeState::Open, 1.0, 0.9), (2100, EyeState::Open, 1.0, 0.2), (2200, EyeState::Closed, 0.1, 0.2)];
        let selector = selector(&frames);
        let (open, _) = selector.captures(&Blink { start_ms: 2200, closed_ms: 2200, end_ms: 2300 }).unwrap();
        assert_eq!(open.t_ms, 2100);
    }
}
