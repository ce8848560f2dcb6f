//! Levels: how finely each weight is rounded. A bit more or less of every weight of the largest layer is 50 kB of download.
//!
//! Chosen by how far the eye aspect ratio of the pictures in `shared/material/stills` moves beside tract with the full
//! weights; the limit is 0.01. `cargo test --release --workspace --test packed -- --nocapture` measures it again.

use engine::mesh::landmarks::{LEFT_EYE_REFINED, RIGHT_EYE_REFINED};

/// Eight bits, as ±127: enough for trunk and eyes. Alone they move the ratio by up to 0.006 and 0.005.
const USUAL: i16 = 127;

/// Fifteen bits for the detector. Where it places the box decides how the mesh is cut out, and a candidate that slips over
/// the least score moves that box: 0.022 with eight bits, 0.032 with ten, 0.020 with twelve, 0.001 with fifteen.
const DETECTOR_WEIGHTS: i16 = 16_383;

/// Seven bits for x and y of the points that only outline the face.
const OUTLINE: i16 = 63;

/// Six bits for a point's depth, which nothing but the head's pose is read from.
const DEPTH: i16 = 31;

/// Position of the detector and of the trunk in a pack.
const DETECTOR: usize = 0;
const TRUNK: usize = 1;

/// Position in the trunk of the layer that gives x, y and z of 468 points: two thirds of its weights.
const MESH: usize = 20;

/// Greatest whole number of a weight, for a network, one of its layers, and one of the layer's output channels by their
/// positions.
pub fn levels(network: usize, layer: usize, row: usize) -> i16 {
    let (point, axis) = (row / 3, row % 3);
    match (network, layer) {
        (DETECTOR, _) => DETECTOR_WEIGHTS,
        (TRUNK, MESH) if axis == 2 => DEPTH,
        // The eyes are cut out along these.
        (TRUNK, MESH) if RIGHT_EYE_REFINED.contains(&point) || LEFT_EYE_REFINED.contains(&point) => USUAL,
        (TRUNK, MESH) => OUTLINE,
        _ => USUAL,
    }
}
