//! Packs the ONNX files into the networks of `engine-compact`.
//!
//! ```text
//! ONNX bytes → onnx::Model → lower (layers fused) → engine_compact::Graph → shorten (what nothing reads left out)
//!     → compensate (weights quantised) → Pack → bytes
//! ```

pub mod calibration;
pub mod compensate;
mod error_shares;
pub mod levels;
pub mod lower;
pub mod onnx;
pub mod shorten;

use std::path::Path;

use anyhow::Context as _;
use engine::mesh::landmarks::{LEFT_EYE_READ, LEFT_EYE_REFINED, RIGHT_EYE_READ, RIGHT_EYE_REFINED};
use engine_compact::Pack;
use engine_tract::FILE_NAMES;

/// The public-domain portrait used to calibrate the rounding of the detector's and the trunk's weights.
const PORTRAIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../clip-maker/astronaut.png");

/// Packs the four ONNX files in `models`.
///
/// # Errors
/// If a file cannot be read, is not the pinned one, or uses a feature that the compact runtime does not support.
pub fn pack(models: &Path) -> anyhow::Result<Vec<u8>> {
    let graph = |name: &'static str| -> anyhow::Result<_> {
        let path = models.join(name);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        engine_tract::check_sum(name, &bytes)?;
        let lowered = lower::lower(&onnx::Model::parse(&bytes)?).with_context(|| format!("in {name}"))?;
        Ok(lowered.graph)
    };
    let [detector, trunk, eye_right, eye_left] = FILE_NAMES;
    let (scenes, faces) = (calibration::scenes(Path::new(PORTRAIT))?, calibration::faces(Path::new(PORTRAIT))?);
    let detector = shorten::shorten_detector(graph(detector)?)?;
    let detector =
        compensate::compensate(&detector, &scenes, |layer, row| levels::levels(levels::DETECTOR, layer, row))?;
    let trunk = shorten::shorten_trunk(graph(trunk)?)?;
    let trunk = compensate::compensate(&trunk, &faces, |layer, row| levels::levels(levels::TRUNK, layer, row))?;
    let eye_right = shorten::shorten_eye(graph(eye_right)?, &RIGHT_EYE_REFINED, &RIGHT_EYE_READ)?;
    let eye_left = shorten::shorten_eye(graph(eye_left)?, &LEFT_EYE_REFINED, &LEFT_EYE_READ)?;
    let graphs = [detector, trunk, eye_right, eye_left];
    Ok(Pack { source: engine_tract::models_id(), graphs }.to_bytes(levels::levels)?)
}
