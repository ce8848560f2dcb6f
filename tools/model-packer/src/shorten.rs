//! Leaves out the part of the trunk that nothing reads: of 468 landmarks with depth, the engine reads less than a third of the
//! values.

use anyhow::ensure;
use engine::mesh::{LANDMARKS, short_layout};
use engine_compact::{Activation, Graph};

use crate::levels::MESH;

/// The trunk with the short layout of the mesh.
///
/// # Errors
/// If the graph is not that of the trunk.
pub fn shorten(mut trunk: Graph) -> anyhow::Result<Graph> {
    let tensor = MESH + 1;
    let is_only_output = trunk
        .layers
        .iter()
        .all(|layer| layer.input != tensor && layer.residual.is_none_or(|residual| residual.tensor != tensor));
    let Some(mesh) = trunk.layers.get_mut(MESH) else { anyhow::bail!("the trunk has too few layers") };
    ensure!(
        is_only_output && mesh.channels() == 3 * LANDMARKS && mesh.activation == Activation::Linear,
        "layer {MESH} of the trunk must give the mesh"
    );
    let depth = mesh.weights.len() / mesh.channels();
    mesh.weights = short_layout().flat_map(|row| mesh.weights[row * depth..][..depth].to_vec()).collect();
    mesh.bias = short_layout().map(|row| mesh.bias[row]).collect();
    trunk.shapes()?;
    Ok(trunk)
}
