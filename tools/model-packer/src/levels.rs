//! Quantisation levels: how finely each weight is rounded. One bit per weight of the largest layer is 50 kB of download.
//!
//! Chosen by how far the eye aspect ratios in the stills and frames of `shared/material` differ from those of tract with the
//! full weights; the limit is 0.01. To measure this again: `cargo test -p model-packer -- --nocapture real_faces::`.

use engine::mesh::landmarks::{LEFT_EYE_REFINED, OUTLINE, READ, RIGHT_EYE_REFINED, RIGID};

/// Eight bits (±127), enough for the trunk and the eyes. With seven in the trunk, two shallow blinks of the clips were
/// missed.
const DEFAULT: i16 = 127;

/// Thirteen bits for the detector. Its box determines the crop for the mesh, so in a picture that is read on its own most of the
/// difference comes from here: in 361 frames of clips at most 0.015 with eleven bits, 0.010 with thirteen.
const DETECTOR_WEIGHTS: i16 = 4095;

/// Eleven bits for the detector's outputs: more change nothing.
const DETECTOR_OUTPUTS: i16 = 1023;

/// Seven bits for x and y of the rigid points between the eyes and on the nose, which are used to compare two faces.
const RIGID_POINTS: i16 = 63;

/// Six bits for x and y of lips and cheeks, and for the depth of the four points that give the head's pose.
const COARSE: i16 = 31;

/// Position of the detector and of the trunk in a pack.
pub(crate) const DETECTOR: usize = 0;
pub(crate) const TRUNK: usize = 1;

/// Position in the trunk of the layer that outputs the mesh.
pub(crate) const MESH: usize = 20;

/// Position in the detector of the first layer that outputs scores or boxes.
const FIRST_DETECTOR_OUTPUT: usize = 17;

/// Largest integer of a quantised weight, for the positions of a network, a layer in it and an output channel of the layer.
pub fn levels(network: usize, layer: usize, row: usize) -> i16 {
    match (network, layer) {
        (DETECTOR, FIRST_DETECTOR_OUTPUT..) => DETECTOR_OUTPUTS,
        (DETECTOR, _) => DETECTOR_WEIGHTS,
        // Depths follow the places.
        (TRUNK, MESH) => READ.get(row / 2).map_or(COARSE, |&point| position(point)),
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
