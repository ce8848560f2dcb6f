//! Makes the packed networks of `engine-compact` from the ONNX files.
//!
//! ```text
//! ONNX bytes → onnx::Model → lower (layers fused) → engine_compact::Graph → Pack → bytes (weights rounded by levels)
//! ```

pub mod levels;
pub mod lower;
pub mod onnx;

use std::path::Path;

use anyhow::Context as _;
use engine_compact::Pack;
use engine_tract::FILE_NAMES;

/// The pack of the four ONNX files in `models`.
///
/// # Errors
/// If a file cannot be read, is not the pinned one, or holds something that the compact runtime does not know.
pub fn pack(models: &Path) -> anyhow::Result<Vec<u8>> {
    let graph = |name: &'static str| -> anyhow::Result<_> {
        let path = models.join(name);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        engine_tract::check_sum(name, &bytes)?;
        let lowered = lower::lower(&onnx::Model::parse(&bytes)?).with_context(|| format!("in {name}"))?;
        Ok(lowered.graph)
    };
    let [detector, trunk, eye_right, eye_left] = FILE_NAMES;
    let graphs = [graph(detector)?, graph(trunk)?, graph(eye_right)?, graph(eye_left)?];
    Ok(Pack { source: engine_tract::models_id(), graphs }.to_bytes(levels::levels)?)
}
