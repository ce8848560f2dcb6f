//! The free portrait as film: a few poses of a slow sway, each with the lids at a few heights, made once.

use std::path::Path;

use engine::Picture;

/// Poses of the sway, which goes through them and back.
const POSES: usize = 8;
/// Seconds between two poses.
const POSE_S: f32 = 0.12;
/// Heights of the lids, from open to closed.
const HEIGHTS: usize = 5;

/// A face before the camera, as open or closed as one likes.
pub(crate) struct Face {
    /// By pose, then by height of the lids.
    frames: Vec<Picture>,
}

impl Face {
    /// Makes the frames; takes a second or two.
    ///
    /// # Errors
    /// The portrait or the models (the ONNX files in a folder) cannot be read.
    pub(crate) fn free(models: &Path) -> anyhow::Result<Face> {
        let models = clip_maker::load_models(models)?;
        let scene = clip_maker::scene(Path::new(clip_maker::PORTRAIT), &models, Vec::new())?;
        let mut frames = Vec::new();
        for pose in 0..POSES {
            for height in 0..HEIGHTS {
                let closure = height as f32 / (HEIGHTS - 1) as f32;
                frames.push(scene.posed(pose as f32 * POSE_S, closure, frames.len() as u32)?);
            }
        }
        Ok(Face { frames })
    }

    /// The frame at a moment, with the lids lowered by `closure` (0 open, 1 closed).
    pub(crate) fn frame(&self, t_ms: f64, closure: f64) -> &Picture {
        let period = 2 * (POSES - 1);
        let at = (t_ms / 1000.0 / f64::from(POSE_S)) as usize % period;
        let pose = at.min(period - at);
        let height = (closure.clamp(0.0, 1.0) * (HEIGHTS - 1) as f64).round() as usize;
        &self.frames[pose * HEIGHTS + height]
    }
}
