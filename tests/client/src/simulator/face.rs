//! The frames of a face in a few poses of a slow sway, each with the lids at a few heights, and turned to both sides. Drawn
//! once.

use std::path::Path;

use clip_maker::Scene;
use engine::Picture;

/// Poses of the sway, which goes forth and back.
const POSES: usize = 8;
/// Seconds between two poses.
const POSE_S: f32 = 0.12;
/// Heights of the lids, from open to closed.
const LID_HEIGHTS: usize = 5;
/// Degrees between two frames of a turn, and the number of frames to each side.
const TURN_STEP_DEG: f32 = 2.5;
const TURN_STEPS: usize = 17;

/// A face that sways, with the lids at any height or turned by any angle.
pub struct Face {
    /// By pose, then by height of the lids.
    frames: Vec<Picture>,
    /// With open lids in one pose: by angle, first to the subject's own left, then to their right.
    turned: [Vec<Picture>; 2],
}

impl Face {
    /// Draws the free portrait, which takes a second or two.
    ///
    /// # Errors
    /// The portrait or an ONNX file in the folder `models` cannot be read.
    pub(super) fn portrait(models: &Path) -> anyhow::Result<Face> {
        let models = clip_maker::load_models(models)?;
        Face::draw(&clip_maker::scene(Path::new(clip_maker::PORTRAIT), &models, Vec::new())?)
    }

    /// Draws the face in a scene, whose shape decides what it looks like when it turns.
    ///
    /// # Errors
    /// None in practice: the frames' size is fixed.
    pub fn draw(scene: &Scene) -> anyhow::Result<Face> {
        let mut frames = Vec::new();
        for pose in 0..POSES {
            for height in 0..LID_HEIGHTS {
                let closure = height as f32 / (LID_HEIGHTS - 1) as f32;
                frames.push(scene.posed(pose as f32 * POSE_S, closure, 0.0, frames.len() as u32)?);
            }
        }
        let mut seed = frames.len() as u32;
        let mut turned = |side: f32| {
            let at = |step: usize| {
                seed += 1;
                scene.posed(POSES as f32 / 2.0 * POSE_S, 0.0, side * step as f32 * TURN_STEP_DEG, seed)
            };
            (1..=TURN_STEPS).map(at).collect::<Result<Vec<_>, _>>()
        };
        let turned = [turned(1.0)?, turned(-1.0)?];
        Ok(Face { frames, turned })
    }

    /// The frame at `t_ms`, with the lids lowered by `closure` (0 is open, 1 is closed) or turned by `yaw` degrees (to the
    /// subject's own left if positive). A face that turns does not blink or sway.
    pub(super) fn frame(&self, t_ms: f64, closure: f64, yaw: f64) -> &Picture {
        let step = (yaw.abs() / f64::from(TURN_STEP_DEG)).round() as usize;
        if step > 0 {
            return &self.turned[usize::from(yaw < 0.0)][step.min(TURN_STEPS) - 1];
        }
        let period = 2 * (POSES - 1);
        let step = (t_ms / 1000.0 / f64::from(POSE_S)) as usize % period;
        let pose = step.min(period - step);
        let height = (closure.clamp(0.0, 1.0) * (LID_HEIGHTS - 1) as f64).round() as usize;
        &self.frames[pose * LID_HEIGHTS + height]
    }
}
