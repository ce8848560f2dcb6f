//! Levels: how finely each weight is rounded. A bit more or less of every weight of the largest layer is 50 kB of download.
//!
//! Chosen by how far the eye aspect ratio of the pictures in `shared/material/stills` moves beside tract with the full
//! weights; the limit is 0.01. `cargo test --release --workspace --test packed -- --nocapture` measures it again.

use engine::mesh::landmarks::{CHIN, FOREHEAD, LEFT_CHEEK, LEFT_EYE_REFINED, RIGHT_CHEEK, RIGHT_EYE_REFINED, RIGID};

/// Eight bits, as ±127: enough for trunk and eyes.
const USUAL: i16 = 127;

/// Fifteen bits for the detector. Where it places the box decides how the mesh is cut out, and a candidate that slips over
/// the least score moves that box: 0.022 with eight bits, 0.032 with ten, 0.020 with twelve, 0.001 with fifteen.
const DETECTOR_WEIGHTS: i16 = 16_383;

/// Seven bits for x and y of the rigid points between the eyes and on the nose, by which two faces are compared.
const RIGID_POINTS: i16 = 63;

/// Six bits for x and y of lips, cheeks and forehead, and for the depth of the four points that the head's pose is read from.
const COARSE: i16 = 31;

/// Five bits for all other depths, which nothing is read from.
const DEPTH: i16 = 15;

/// The face's outline (`FACEMESH_FACE_OVAL` of MediaPipe): its box is where the next frame's mesh is cut out, so what is
/// off here is off in every frame that follows.
const OUTLINE: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];

/// Position of the detector and of the trunk in a pack.
const DETECTOR: usize = 0;
pub(crate) const TRUNK: usize = 1;

/// Position in the trunk of the layer that gives x, y and z of 468 points: two thirds of its weights.
const MESH: usize = 20;

/// Greatest whole number of a weight, for a network, one of its layers, and one of the layer's output channels by their
/// positions.
pub fn levels(network: usize, layer: usize, row: usize) -> i16 {
    match (network, layer) {
        (DETECTOR, _) => DETECTOR_WEIGHTS,
        (TRUNK, MESH) if row % 3 == 2 => depth(row / 3),
        (TRUNK, MESH) => place(row / 3),
        _ => USUAL,
    }
}

fn place(point: usize) -> i16 {
    // The eyes are cut out along theirs.
    let is_fine = [&RIGHT_EYE_REFINED[..], &LEFT_EYE_REFINED, &OUTLINE].iter().any(|points| points.contains(&point));
    match point {
        _ if is_fine => USUAL,
        _ if RIGID.contains(&point) => RIGID_POINTS,
        _ => COARSE,
    }
}

fn depth(point: usize) -> i16 {
    if [FOREHEAD, CHIN, RIGHT_CHEEK, LEFT_CHEEK].contains(&point) { COARSE } else { DEPTH }
}
