//! The frames of a face: the free portrait in a few poses of a slow sway, each with the lids at a few heights. Drawn once.

use std::path::Path;

use engine::Picture;

/// Poses of the sway, which goes forth and back.
const POSES: usize = 8;
/// Seconds between two poses.
const POSE_S: f32 = 0.12;
/// Heights of the lids, from open to closed.
const LID_HEIGHTS: usize = 5;

/// A face that sways, with the lids at any height.
pub(super) struct Face {
    /// By pose, then by height of the lids.
    frames: Vec<Picture>,
}

impl Face {
    /// Draws the frames, which takes a second or two.
    ///
    /// # Errors
    /// The portrait or an ONNX file in the folder `models` cannot be read.
    pub(super) fn draw(models: &Path) -> anyhow::Result<Face> {
        let models = clip_maker::load_models(models)?;
        let scene = clip_maker::scene(Path::new(clip_maker::PORTRAIT), &models, Vec::new())?;
        let mut frames = Vec::new();
        for pose in 0..POSES {
            for height in 0..LID_HEIGHTS {
                let closure = height as f32 / (LID_HEIGHTS - 1) as f32;
                frames.push(scene.posed(pose as f32 * POSE_S, closure, frames.len() as u32)?);
            }
        }
        Ok(Face { frames })
    }

    /// The frame at `t_ms`, with the lids lowered by `closure`: 0 is open, 1 is closed.
    pub(super) fn frame(&self, t_ms: f64, closure: f64) -> &Picture {
        let period = 2 * (POSES - 1);
        let step = (t_ms / 1000.0 / f64::from(POSE_S)) as usize % period;
        let pose = step.min(period - step);
        let height = (closure.clamp(0.0, 1.0) * (LID_HEIGHTS - 1) as f64).round() as usize;
        &self.frames[pose * LID_HEIGHTS + height]
    }
}
