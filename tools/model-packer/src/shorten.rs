//! Leaves out what nothing reads: of 468 landmarks with depth less than a third of the values, of 71 refined points of an eye
//! 14, of a detected face's keypoints all but the eyes.

use anyhow::ensure;
use engine::detect;
use engine::mesh::landmarks::EYE_POINTS;
use engine::mesh::{LANDMARKS, short_eye_layout, short_layout};
use engine_compact::{Activation, Graph, Layer};

use crate::levels::MESH;

/// Values for each of the detector's anchors.
const VALUES_PER_ANCHOR: usize = 16;

/// The detector without keypoints that are not eyes.
///
/// # Errors
/// If the graph is not that of the detector.
pub fn shorten_detector(mut detector: Graph) -> anyhow::Result<Graph> {
    let Some(regressors) = detector.outputs.first().cloned() else { anyhow::bail!("the detector has no output") };
    for tensor in regressors {
        let rows = last_layer(&mut detector, tensor)?.channels();
        ensure!(rows.is_multiple_of(VALUES_PER_ANCHOR), "tensor {tensor} of the detector must describe faces");
        keep_rows(last_layer(&mut detector, tensor)?, detect::short_layout(rows));
    }
    detector.shapes()?;
    Ok(detector)
}

/// The trunk with the short layout of the mesh.
///
/// # Errors
/// If the graph is not that of the trunk.
pub fn shorten_trunk(mut trunk: Graph) -> anyhow::Result<Graph> {
    let mesh = last_layer(&mut trunk, MESH + 1)?;
    ensure!(mesh.channels() == 3 * LANDMARKS, "layer {MESH} of the trunk must give the mesh");
    keep_rows(mesh, short_layout());
    trunk.shapes()?;
    Ok(trunk)
}

/// A refiner that places `members` with the short layout, which has `read` of them.
///
/// # Errors
/// If the graph is not that of a refiner.
pub fn shorten_eye(mut eye: Graph, members: &[usize; EYE_POINTS], read: &[usize]) -> anyhow::Result<Graph> {
    let tensor = eye.layers.len();
    let points = last_layer(&mut eye, tensor)?;
    ensure!(points.channels() == 2 * EYE_POINTS, "the last layer of an eye must give its points");
    keep_rows(points, short_eye_layout(members, read));
    eye.shapes()?;
    Ok(eye)
}

/// The layer that computes a tensor which is only an output.
fn last_layer(graph: &mut Graph, tensor: usize) -> anyhow::Result<&mut Layer> {
    let reads = |layer: &Layer| layer.input == tensor || layer.residual.is_some_and(|added| added.tensor == tensor);
    ensure!(!graph.layers.iter().any(reads), "tensor {tensor} must be read by no layer");
    let layer = tensor.checked_sub(1).and_then(|position| graph.layers.get_mut(position));
    match layer {
        Some(layer) if layer.activation == Activation::Linear => Ok(layer),
        _ => anyhow::bail!("tensor {tensor} must come from a linear layer"),
    }
}

fn keep_rows(layer: &mut Layer, rows: impl Iterator<Item = usize>) {
    let depth = layer.weights.len() / layer.channels();
    let (weights, bias) = (std::mem::take(&mut layer.weights), std::mem::take(&mut layer.bias));
    for row in rows {
        layer.weights.extend_from_slice(&weights[row * depth..][..depth]);
        layer.bias.push(bias[row]);
    }
}
