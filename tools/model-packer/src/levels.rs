//! Quantisation levels: how finely each weight is rounded. One bit per weight of the largest layer is 50 kB of download.
//!
//! Chosen by how far the eye aspect ratios in the pictures of `shared/material/stills` differ from those of tract with the
//! full weights; the limit is 0.01. To measure this again: `cargo test -p model-packer -- --nocapture real_faces::`.

use engine::mesh::landmarks::{CHIN, FOREHEAD, LEFT_CHEEK, LEFT_EYE_REFINED, RIGHT_CHEEK, RIGHT_EYE_REFINED, RIGID};

/// Eight bits (±127), enough for the trunk and the eyes.
const DEFAULT: i16 = 127;

/// Fifteen bits for the detector. Its box determines the crop for the mesh, and a candidate that just exceeds the minimum
/// score moves that box: differences of 0.022 with eight bits, 0.032 with ten, 0.020 with twelve, 0.001 with fifteen.
const DETECTOR_WEIGHTS: i16 = 16_383;

/// Seven bits for x and y of the rigid points between the eyes and on the nose, which are used to compare two faces.
const RIGID_POINTS: i16 = 63;

/// Six bits for x and y of lips, cheeks and forehead, and for the depth of the four points that give the head's pose.
const COARSE: i16 = 31;

/// Five bits for all other depths, which are not used.
const DEPTH: i16 = 15;

/// The face's outline (`FACEMESH_FACE_OVAL` of MediaPipe). Its box is the next frame's crop for the mesh, so an error here
/// affects every following frame.
const OUTLINE: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];

/// Position of the detector and of the trunk in a pack.
const DETECTOR: usize = 0;
pub(crate) const TRUNK: usize = 1;

/// Position in the trunk of the layer that outputs x, y and z of 468 points. It has two thirds of the trunk's weights.
const MESH: usize = 20;

/// Largest integer of a quantised weight, for the positions of a network, a layer in it and an output channel of the layer.
pub fn levels(network: usize, layer: usize, row: usize) -> i16 {
    match (network, layer) {
        (DETECTOR, _) => DETECTOR_WEIGHTS,
        (TRUNK, MESH) if row % 3 == 2 => depth(row / 3),
        (TRUNK, MESH) => position(row / 3),
        _ => DEFAULT,
    }
}

fn position(point: usize) -> i16 {
    // The refined eye points determine the eye crops.
    let is_fine = [&RIGHT_EYE_REFINED[..], &LEFT_EYE_REFINED, &OUTLINE].iter().any(|points| points.contains(&point));
    match point {
        _ if is_fine => DEFAULT,
        _ if RIGID.contains(&point) => RIGID_POINTS,
        _ => COARSE,
    }
}

fn depth(point: usize) -> i16 {
    if [FOREHEAD, CHIN, RIGHT_CHEEK, LEFT_CHEEK].contains(&point) { COARSE } else { DEPTH }
}
