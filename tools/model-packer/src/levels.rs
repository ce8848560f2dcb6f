//! Quantisation levels: how finely each weight is rounded. One bit per weight of the largest layer is 50 kB of download.
//!
//! Chosen by how far the eye aspect ratios in the pictures of `shared/material/stills` differ from those of tract with the
//! full weights; the limit is 0.01. To measure this again: `cargo test -p model-packer -- --nocapture real_faces::`.

use engine::mesh::landmarks::{LEFT_EYE_REFINED, OUTLINE, READ, RIGHT_EYE_REFINED, RIGID};

/// Eight bits (±127), enough for the eyes.
const DEFAULT: i16 = 127;

/// About seven and a half bits for the trunk. With seven, two shallow blinks of the clips were missed.
const TRUNK_WEIGHTS: i16 = 95;

/// Eleven bits for the detector. Its box determines the crop for the mesh: differences of 0.04 with eight bits, 0.02 with ten,
/// 0.009 with eleven, 0.007 with twelve.
const DETECTOR_WEIGHTS: i16 = 1023;

/// Seven bits for x and y of the rigid points between the eyes and on the nose, which are used to compare two faces.
const RIGID_POINTS: i16 = 63;

/// Six bits for x and y of lips and cheeks, and for the depth of the four points that give the head's pose.
const COARSE: i16 = 31;

/// Position of the detector and of the trunk in a pack.
pub(crate) const DETECTOR: usize = 0;
pub(crate) const TRUNK: usize = 1;

/// Position in the trunk of the layer that outputs the mesh.
pub(crate) const MESH: usize = 20;

/// Largest integer of a quantised weight, for the positions of a network, a layer in it and an output channel of the layer.
pub fn levels(network: usize, layer: usize, row: usize) -> i16 {
    match (network, layer) {
        (DETECTOR, _) => DETECTOR_WEIGHTS,
        // Depths follow the places.
        (TRUNK, MESH) => READ.get(row / 2).map_or(COARSE, |&point| position(point)),
        (TRUNK, _) => TRUNK_WEIGHTS,
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
